"""The `edit` tool: replaces a piece of a file's text by another, as `matching` defines it."""

from pathlib import Path

from ..errors import ToolError
from ..ports import Output
from .disk import Disk
from .function import FunctionTool
from .matching import replace
from .report import Changed, Planned, report
from .textfile import TextFile, decode, encode
from .workspace import Workspace


class Editor:
    """Changes files whose present content the model has seen."""

    def __init__(self, workspace: Workspace) -> None:
        self._disk = Disk(workspace)

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.edit, effects=self._disk.writes_file, plan=self.plan)

    async def edit(
        self, file_path: str, old_string: str, new_string: str, replace_all: bool = False
    ) -> Output:
        """Replace text in a file that was read before."""
        plan = self.plan(file_path, old_string, new_string, replace_all)
        self._disk.write(plan.place, plan.data)
        return report((plan.changed,), plan.notes)

    def plan(
        self, file_path: str, old_string: str, new_string: str, replace_all: bool = False
    ) -> Planned:
        """What `edit` would write.

        Raises:
            ToolError: it cannot be done.
        """
        place = self._disk.place(file_path)
        shown = self._disk.shown(place)
        data = self._disk.read(place)
        if not old_string:
            return self._fill(place, data, new_string)
        if data is None:
            raise self._disk.missing(file_path)
        file = decode(data, shown)
        self._disk.check_seen(place, data)
        replaced = replace(file.text, old_string, new_string, replace_all)
        written = encode(file.with_text(replaced.text), shown)
        places = f": {len(replaced.places)} places" if len(replaced.places) > 1 else ""
        changed = Changed(f"Edited {shown}{places}.", shown, file.text, replaced.text)
        return Planned(place, written, changed, (replaced.note,) if replaced.note else ())

    def _fill(self, place: Path, data: bytes | None, text: str) -> Planned:
        """Make a file, or give an empty one its text: there is nothing to be replaced."""
        shown = self._disk.shown(place)
        if not text:
            raise ToolError("no_change", "old_string and new_string are both empty.")
        file = TextFile("") if data is None else decode(data, shown)
        if file.text:
            raise ToolError(
                "other",
                f"old_string is empty, but {shown!r} is not: name the text that is to be "
                "replaced. Nothing was done.",
            )
        written = encode(file.with_text(text), shown)
        title = f"Created {shown}." if data is None else f"Filled {shown}, which was empty."
        changed = Changed(title, shown, None if data is None else "", text)
        return Planned(place, written, changed)

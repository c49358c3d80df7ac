"""The `write` tool: makes a file, or replaces the whole of one that the model has seen.

An existing file keeps its encoding, byte order mark and style of line ends, whichever the new
content carries. Content that differs from the file in nothing but line ends is taken literally,
if it has others than LF: those cannot be there by accident.
"""

from ..errors import ToolError
from ..ports import Output
from .disk import Disk
from .function import FunctionTool
from .report import Changed, Planned, report
from .textfile import Newline, TextFile, decode, encode, split_lines, to_lf, with_newlines
from .workspace import Workspace

_BOM = "\ufeff"
_NAMES: dict[Newline, str] = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


class Writer:
    """Makes and replaces files."""

    def __init__(self, workspace: Workspace) -> None:
        self._disk = Disk(workspace)

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.write, effects=self._disk.writes_file, plan=self.plan)

    async def write(self, file_path: str, content: str) -> Output:
        """Create a file, or replace one that was read before."""
        plan = self.plan(file_path, content)
        self._disk.write(plan.place, plan.data)
        return report((plan.changed,), plan.notes)

    def plan(self, file_path: str, content: str) -> Planned:
        """What `write` would write.

        Raises:
            ToolError: it cannot be done.
        """
        place = self._disk.place(file_path)
        shown = self._disk.shown(place)
        data = self._disk.read(place)
        if data is None:
            title = f"Created {shown} ({_lines(content)})."
            return Planned(place, content.encode(), Changed(title, shown, None, content))
        file = decode(data, shown)
        text = _in_style(content, file)
        written = encode(file.with_text(text), shown)
        if written == data:
            raise ToolError("no_change", f"{shown!r} has exactly this content already.")
        self._disk.check_seen(place, data)
        title = f"Overwrote {shown} ({_lines(file.text)} before, {_lines(text)} now)."
        adapted = text.removeprefix(_BOM) != content.removeprefix(_BOM)
        notes = (_kept(file),) if adapted else ()
        return Planned(place, written, Changed(title, shown, file.text, text), notes)


def _in_style(content: str, file: TextFile) -> str:
    """The content as the file would have it; see the module's law."""
    if file.bom:
        content = content.removeprefix(_BOM)
    if "\n" not in file.text and "\r" not in file.text:
        return content
    if to_lf(content) == to_lf(file.text):
        return content if "\r" in content else file.text
    return with_newlines(content, file.newline)


def _kept(file: TextFile) -> str:
    return f"Line ends are {_NAMES[file.newline]}, as most of them were before."


def _lines(text: str) -> str:
    count = len(split_lines(text))
    return "1 line" if count == 1 else f"{count} lines"

"""The `read` tool: text with line numbers in pages, images, the text of PDF files."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated

from msgspec import Meta

from ...config.settings import ReadSettings
from ..effects import Effect
from ..errors import ToolError
from ..messages import Image, Text
from ..ports import Arguments, Output
from .disk import Disk
from .excerpt import clip, numbered
from .function import FunctionTool
from .pdf import is_pdf, pdf_text
from .textfile import ImageType, TextFile, decode, image_type, split_lines, strip_end
from .workspace import Workspace

_NUMBER_BYTES = 8
"""Of a line: its number, the tab and the line end."""
_MOST_IMAGE_BYTES = 3_750_000
"""Providers take 5 MB for one image, in base64."""


class Reader:
    """Shows files, and notes in the workspace's ledger what the model has seen."""

    def __init__(self, workspace: Workspace, settings: ReadSettings) -> None:
        self._workspace = workspace
        self._disk = Disk(workspace)
        self._settings = settings

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.read, effects=self.effects)

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """It reads one file."""
        return (self._disk.effect("read", self._workspace.resolve(str(arguments["file_path"]))),)

    async def read(
        self,
        file_path: str,
        offset: Annotated[int, Meta(description="first line; negative: from the end")] = 1,
        limit: Annotated[int, Meta(ge=1)] | None = None,
    ) -> Output:
        """Read a file: text with line numbers, images, PDF."""
        place = self._workspace.resolve(file_path)
        data = self._disk.read(place)
        if data is None:
            raise self._disk.missing(file_path)
        shown = self._disk.shown(place)
        if media_type := image_type(data):
            output = _image(shown, media_type, data)
        elif is_pdf(data):
            pdf = await pdf_text(data, shown)
            output = self._page(shown, pdf, offset, limit, ())
        else:
            file = decode(data, shown)
            output = self._page(shown, file.text, offset, limit, _form(file))
        # However little was shown: the rule is there to notice changes by others.
        self._workspace.saw(place, data)
        return output

    def _page(
        self, shown: str, text: str, offset: int, limit: int | None, remarks: Sequence[str]
    ) -> Output:
        """The lines from `offset` on, with words on what is not shown."""
        lines = split_lines(text)
        total = len(lines)
        if not total:
            return Output.of(" ".join((f"{shown!r} is empty.", *remarks)))
        start = max(total + offset, 0) if offset < 0 else max(offset - 1, 0)
        if start >= total:
            held = "1 line" if total == 1 else f"{total} lines"
            return Output.of(f"Line {offset} is past the end: {shown!r} has {held}.")
        asked = total if limit is None else limit
        rows = self._fitting(islice(lines, start, start + min(asked, self._settings.max_lines)))
        end = start + len(rows)
        footer = list(remarks)
        if end < total:
            footer.insert(
                0,
                f"Showing lines {start + 1}-{end} of {total}; continue with offset={end + 1}.",
            )
        elif start:
            footer.insert(0, f"Showing lines {start + 1}-{end} of {total}.")
        said = "\n".join((numbered(rows, start + 1), *footer))
        return Output((Text(said),), truncated=end < min(start + asked, total))

    def _fitting(self, lines: Iterable[str]) -> list[str]:
        """As many of the lines as one result may hold, at least one, long ones cut."""
        rows: list[str] = []
        size = 0
        for line in lines:
            row = clip(strip_end(line), self._settings.max_line_chars)
            size += (len(row) if row.isascii() else len(row.encode())) + _NUMBER_BYTES
            if size > self._settings.max_bytes and rows:
                break
            rows.append(row)
        return rows


def _image(shown: str, media_type: ImageType, data: bytes) -> Output:
    if len(data) > _MOST_IMAGE_BYTES:
        raise ToolError(
            "binary",
            f"{shown!r} is an image ({media_type}) of {len(data)} bytes; at most "
            f"{_MOST_IMAGE_BYTES} can be shown. Make a smaller copy with a command and read that.",
        )
    what = Text(f"{shown}: {media_type}, {len(data)} bytes")
    return Output((what, Image(media_type, b64encode(data).decode("ascii"))))


def _form(file: TextFile) -> list[str]:
    """What the lines themselves do not show, if it is not the usual."""
    remarks: list[str] = []
    if file.encoding != "utf-8":
        guessed = ", as far as can be told" if file.guessed else ""
        remarks.append(f"Encoding: {file.encoding}{guessed}; it is kept when you edit.")
    if "\r" in file.text:
        remarks.append(f"Line ends: {_line_ends(file.text)}; they are kept when you edit.")
    return remarks


def _line_ends(text: str) -> str:
    crlf = text.count("\r\n")
    counts = {"CRLF": crlf, "LF": text.count("\n") - crlf, "CR": text.count("\r") - crlf}
    found = [name for name, count in counts.items() if count]
    return found[0] if len(found) == 1 else f"mixed ({', '.join(found)})"

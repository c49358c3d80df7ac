"""Searching without ripgrep: a program in plain Python that answers as `rg` would.

`python -P -m kedge.agent.tools.grep_python QUERY`, the query as JSON, in the directory to search.
Output and exit codes are ripgrep's. It imports only what makes a quick start, hence `json`.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO, TypedDict

from .ignore import walk
from .patterns import compile_glob
from .rust_regex import compile_rust

_SNIFFED = 65_536
"""Bytes in which a NUL makes a file binary: what ripgrep reads at once."""
_LARGEST = 256 << 20
"""Bytes of a file; larger ones are left out, and named."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Asked(TypedDict):
    """A query, as `python_search` writes it."""

    pattern: str
    file: str
    mode: str
    context: int
    ignore_case: bool
    multiline: bool
    names: tuple[str, ...]
    widest_line: int
    ordered: bool


class Printer:
    """Searches files and prints what it finds."""

    def __init__(self, asked: Asked, out: BinaryIO) -> None:
        """Raises: ValueError: the pattern is not valid."""
        self._asked = asked
        self._out = out
        self._regex = compile_rust(
            asked["pattern"], ignore_case=asked["ignore_case"], multiline=asked["multiline"]
        )
        pattern = asked["pattern"]
        self._literal = b"" if asked["ignore_case"] or not _is_plain(pattern) else pattern.encode()
        # At a line's ends \A and \z match, within the whole text they do not.
        self._may_skip = not re.search(r"\\[Az]", pattern)

    def search(self, path: str) -> bool:
        """Search one file; whether it has a match."""
        text = self._text(path)
        if not text or (self._may_skip and not self._regex.search(text)):
            return False
        lines = text.removesuffix("\n").split("\n")
        matches = self._spans(text) if self._asked["multiline"] else self._matching(lines)
        if not matches:
            return False
        name = b"./" + os.fsencode(path) + b"\0"
        match self._asked["mode"]:
            case "files_with_matches":
                self._out.write(name)
            case "count":
                self._out.write(name + b"%d\n" % len(matches))
            case _:
                self._print(name, lines, matches)
        self._out.flush()
        return True

    def _text(self, path: str) -> str:
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                data = file.read() if size <= _LARGEST else b""
        except OSError:
            return ""
        if size > _LARGEST:
            self._out.write(b"./%s: WARNING: too large, not searched\n" % os.fsencode(path))
        encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
        if not encoding:
            data = self._before_nul(data, path)
            if self._literal not in data:
                return ""
        return data.decode(encoding or "utf-8", errors="replace").replace("\r\n", "\n")

    def _before_nul(self, data: bytes, path: str) -> bytes:
        """The part of the data that is text, as ripgrep reads it."""
        nul = data.find(b"\0")
        if nul < 0:
            return data
        return b"" if nul < _SNIFFED or self._asked["mode"] == "count" else data[:nul]

    def _matching(self, lines: list[str]) -> list[tuple[int, int]]:
        search = self._regex.search
        return [(index, index) for index, line in enumerate(lines) if search(line)]

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """First and last line of each match."""
        spans: list[tuple[int, int]] = []
        line = at = 0
        for found in self._regex.finditer(text):
            if found.start() == len(text):
                break
            line += text.count("\n", at, found.start())
            at = found.start()
            last = max(found.start(), found.end() - 1)
            spans.append((line, line + text.count("\n", at, last)))
        return spans

    def _print(self, name: bytes, lines: list[str], matches: list[tuple[int, int]]) -> None:
        around = self._asked["context"]
        matched = {index for first, last in matches for index in range(first, last + 1)}
        shown = {
            index
            for match in matched
            for index in range(max(0, match - around), min(len(lines), match + around + 1))
        }
        for index in sorted(shown):
            text = lines[index].encode()[: self._asked["widest_line"]]
            sign = b":" if index in matched else b"-"
            self._out.write(b"%s%d%s%s\n" % (name, index + 1, sign, text))


def files(asked: Asked) -> Iterator[str]:
    """The files to search, relative to the current directory."""
    if asked["file"]:
        yield asked["file"]
        return
    names = [compile_glob(glob, anchored=False).match for glob in asked["names"]]
    found = (
        path
        for path in walk(os.getcwd(), hidden=True)
        if not names or any(matches(path) for matches in names)
    )
    yield from sorted(found, key=lambda path: path.split("/")) if asked["ordered"] else found


def main() -> int:
    """Search; exit code as ripgrep's: 0 found, 1 not found, 2 failed."""
    asked: Asked = json.loads(sys.argv[1])
    try:
        printer = Printer(asked, sys.stdout.buffer)
    except ValueError as error:
        print(f"regex parse error: {error}")
        return 2
    return 0 if sum(printer.search(path) for path in files(asked)) else 1


def _is_plain(pattern: str) -> bool:
    return pattern.isascii() and re.escape(pattern) == pattern


if __name__ == "__main__":
    sys.exit(main())

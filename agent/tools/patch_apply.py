"""Planning a patch: every operation is checked against the files before anything is written.

The places of hunks are found as Codex's apply_patch finds them: forward from the hunk before, the
first hit of four passes (equal, right-trimmed, trimmed, typography folded). What differs, so that
no byte changes which the patch does not name: context lines stay as the file has them, every line
keeps its own line end, new lines end as the lines they replace or follow, and Add and Move never
replace a file.

A missing final line end stays missing, also where the patch replaces the last line; only lines
that it puts behind a last line which stays get one, since the format cannot say otherwise.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from ..errors import ToolError
from .excerpt import nearest
from .patch import Add, Delete, Hunk, Patch, PatchLine, Tag, Update
from .textfile import TextFile, decode, encode, newline_near, split_lines, strip_end

Read = Callable[[str], bytes | None]
"""The bytes of a file as the patch names it, or None if there is none."""

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u202f\u205f\u3000" + "".join(map(chr, range(0x2002, 0x200B))), " ")
)


_UNIFIED_HEADER = re.compile(r"-\d+(,\d+)? \+\d+")
_ORDER = "hunks must come in the order of the file, each behind the one before."


def _as_it_is(line: str) -> str:
    return line


def _folded(line: str) -> str:
    return line.strip().translate(_TYPOGRAPHY)


_PASSES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("", _as_it_is),
    ("with trailing blanks ignored", str.rstrip),
    ("with blanks at both ends ignored", str.strip),
    ("with blanks at both ends ignored and typographic characters folded", _folded),
)


class PlannedChange(msgspec.Struct, frozen=True):
    """What becomes of one file over the whole patch.

    Changes describe the end, not steps: their order does not matter, and one that moves a file
    may stand beside another that puts a new file in its old place. See `outcome`.
    """

    path: str
    """Where the file is now, or will be if it is new; `.` parts removed, otherwise as spelled."""
    new_path: str | None
    """Where it moves; None if it stays."""
    before: bytes | None
    """None: the file is new."""
    after: bytes | None
    """None: the file is deleted."""
    notes: tuple[str, ...] = ()
    """What the model should be told, one sentence for each hunk that was not found exactly."""


def plan(patch: Patch, read: Read) -> tuple[PlannedChange, ...]:
    """Work out what a patch does, without doing any of it.

    Operations see the results of those before them, so one file may be updated twice. `read` is
    asked once for each path that matters.

    Raises:
        ToolError: `not_found` (file or place), `conflict` (target exists), `binary`,
            `no_change` (an update that changes nothing), `other` (not encodable).
    """
    planner = _Planner(read)
    for operation in patch.operations:
        match operation:
            case Add():
                planner.add(operation)
            case Delete():
                planner.delete(operation)
            case Update():
                planner.update(operation)
    return planner.changes()


def outcome(changes: Sequence[PlannedChange]) -> dict[str, bytes | None]:
    """What each touched path holds in the end; None: nothing, the file is to be removed."""
    gone: dict[str, bytes | None] = {change.path: None for change in changes}
    return gone | {
        change.new_path or change.path: change.after
        for change in changes
        if change.after is not None
    }


class _Planner:
    """The files as they are after the operations so far."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._original: dict[str, bytes | None] = {}
        self._here: dict[str, PlannedChange] = {}
        """Changes of files that exist, by the path where they are by now."""
        self._deleted: dict[str, PlannedChange] = {}
        """Changes of files that are gone, by their original path."""
        self._vacated: set[str] = set()
        """Paths whose file was taken up by a change: nothing of the original is left there."""

    def changes(self) -> tuple[PlannedChange, ...]:
        every = (*self._here.values(), *self._deleted.values())
        real = tuple(change for change in every if change.new_path or change.before != change.after)
        if not real:
            raise ToolError("no_change", "The operations of the patch cancel each other out.")
        return real

    def add(self, operation: Add) -> None:
        path = _normal(operation.path)
        if self._content(path) is not None:
            raise ToolError(
                "conflict",
                f"Line {operation.number} of the patch: {path!r} exists already, so it cannot be "
                "added. Use *** Update File to change it.",
            )
        self._create(path, encode(TextFile(text=operation.text), path), ())

    def delete(self, operation: Delete) -> None:
        path = _normal(operation.path)
        self._existing(path, operation.number, "deleted")
        change = self._take(path)
        if change.before is not None:
            gone = msgspec.structs.replace(change, new_path=None, after=None)
            self._deleted[change.path] = gone

    def update(self, operation: Update) -> None:
        path = _normal(operation.path)
        target = path if operation.move_to is None else _normal(operation.move_to)
        before = self._existing(path, operation.number, "updated")
        if operation.move_to is not None and self._content(target) is not None:
            raise ToolError(
                "conflict",
                f"Line {operation.number} of the patch: {path!r} cannot be moved to {target!r}, "
                "which exists already.",
            )
        after, notes = _updated(path, before, operation.hunks)
        if after == before and target == path:
            raise ToolError(
                "no_change",
                f"Line {operation.number} of the patch: the update of {path!r} changes nothing.",
            )
        change = self._take(path)
        if change.before is None:
            self._create(target, after, change.notes + notes)
            return
        self._here[target] = msgspec.structs.replace(
            change,
            new_path=None if target == change.path else target,
            after=after,
            notes=change.notes + notes,
        )

    def _create(self, path: str, content: bytes, notes: tuple[str, ...]) -> None:
        deleted = self._deleted.pop(path, None)
        before = deleted.before if deleted else None
        self._here[path] = PlannedChange(path, None, before, content, notes)

    def _take(self, path: str) -> PlannedChange:
        """The change of the file that is at `path` now, no longer standing there."""
        content = self._content(path)
        self._vacated.add(path)
        return self._here.pop(path, None) or PlannedChange(path, None, content, content)

    def _existing(self, path: str, number: int, what: str) -> bytes:
        content = self._content(path)
        if content is None:
            raise ToolError(
                "not_found",
                f"Line {number} of the patch: {path!r} does not exist, so it cannot be {what}.",
            )
        return content

    def _content(self, path: str) -> bytes | None:
        if path in self._here:
            return self._here[path].after
        if path in self._vacated:
            return None
        if path not in self._original:
            self._original[path] = self._read(path)
        return self._original[path]


def _normal(path: str) -> str:
    """One spelling for `a`, `./a` and `.//a`. Parts that climb are left to those who know links."""
    return path if ".." in path.split("/") else posixpath.normpath(path)


class _Place(msgspec.Struct, frozen=True):
    """Where the lines of a hunk are in the file."""

    at: int
    """Index of the file's line that the first old line is, or before which lines are added."""
    lines: tuple[PatchLine, ...]
    end: int
    """Index behind the last old line: the next hunk is looked for from here."""
    how: str
    """With what ignored it was found; empty if nothing had to be."""

    def tags(self, without: Tag) -> list[Tag]:
        """What the lines are, those of one kind left out."""
        return [line.tag for line in self.lines if line.tag != without]


def _updated(path: str, data: bytes, hunks: Sequence[Hunk]) -> tuple[bytes, tuple[str, ...]]:
    if not hunks:
        return data, ()
    file = decode(data, path)
    lines = _FileLines(path, file.text)
    places: list[_Place] = []
    notes: list[str] = []
    cursor = 0
    for hunk in hunks:
        place = lines.locate(hunk, cursor)
        cursor = place.end
        places.append(place)
        if place.how:
            notes.append(
                f"{path}: the hunk at line {hunk.number} of the patch was found {place.how}, "
                f"at line {place.at + 1}."
            )
    text = _rewritten(lines.raw, places, newline_near(file.text, 0))
    return encode(file.with_text(text), path), tuple(notes)


def _rewritten(raw: Sequence[str], places: Sequence[_Place], default_end: str) -> str:
    written: list[str] = []
    at = 0
    # Lines appended without a place may precede hunks that stand further up.
    places = sorted(places, key=lambda place: place.at)
    for place in places:
        written += raw[at : place.at]
        at = place.at
        replaced_ends: list[str] = []
        for line in place.lines:
            if line.tag == "+":
                following = raw[at : at + 1]
                near = (*replaced_ends[:1], *map(_end, written[-1:]), *map(_end, following))
                end = next(filter(None, near), default_end)
                if written and not _end(written[-1]):
                    written[-1] += end
                written.append(line.text + end)
                del replaced_ends[:1]
                continue
            if line.tag == "-":
                replaced_ends.append(_end(raw[at]))
            else:
                written.append(raw[at])
                replaced_ends.clear()
            at += 1
    written += raw[at:]
    if raw and not _end(raw[-1]) and _replaces_last_line(places, len(raw)):
        written[-1] = strip_end(written[-1])
    return "".join(written)


def _replaces_last_line(places: Sequence[_Place], count: int) -> bool:
    """Whether the last of `count` lines is removed and the new last line comes from the patch.
    Places are in the order of the file."""
    if places[-1].tags("-")[-1:] != ["+"]:
        return False
    return any(
        place.at + len(old) == count and old[-1:] == ["-"]
        for place in places
        if (old := place.tags("+"))
    )


def _end(line: str) -> str:
    return line[len(strip_end(line)) :]


class _FileLines:
    """The lines of a file before its hunks are applied, in the spelling of each pass."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self.raw = split_lines(text)
        """The lines with their ends."""
        self._spelled: dict[str, list[str]] = {"": [strip_end(line) for line in self.raw]}

    def locate(self, hunk: Hunk, cursor: int) -> _Place:
        """Find a hunk from line index `cursor` on.

        Raises:
            ToolError: `not_found`, saying where the lines are instead, if anywhere.
        """
        start = cursor
        for anchor in hunk.anchors:
            found = self._find([anchor], start)
            if found is None:
                raise self._anchor_missing(hunk, anchor, start)
            start = found[0] + 1
        for lines, at_end in _readings(hunk):
            old = [line.text for line in lines if line.tag != "+"]
            if not old:
                at = start if hunk.anchors and not at_end else len(self.raw)
                return _Place(at, lines, start, "")
            found = self._find(old, start, at_end)
            if found is not None:
                at, how = found
                return _Place(at, lines, at + len(old), how)
        raise self._place_missing(hunk, start)

    def _find(
        self, wanted: Sequence[str], start: int, at_end: bool = False
    ) -> tuple[int, str] | None:
        """Index of the first place, and the pass that found it."""
        for how, spell in _PASSES:
            if how not in self._spelled:
                self._spelled[how] = [spell(line) for line in self._spelled[""]]
            at = _search(self._spelled[how], [spell(line) for line in wanted], start, at_end)
            if at is not None:
                return at, how
        return None

    def _anchor_missing(self, hunk: Hunk, anchor: str, start: int) -> ToolError:
        hint = ""
        if _UNIFIED_HEADER.match(anchor):
            hint = " Line numbers are not part of this format: write @@ alone, or @@ and a line."
        elif (elsewhere := self._find([anchor], 0)) is not None:
            hint = f" It is at line {elsewhere[0] + 1} only: {_ORDER}"
        elif near := nearest(self._text, anchor):
            hint = f" The nearest lines (→ is a tab, · a trailing blank):\n{near}"
        behind = f" behind line {start}" if start else ""
        return self._missing(hunk, f"no line{behind} is {anchor!r}, which stands after @@.{hint}")

    def _place_missing(self, hunk: Hunk, start: int) -> ToolError:
        old = hunk.old
        elsewhere = self._find(old, 0)
        if elsewhere is not None and elsewhere[0] >= start:
            hint = f"They begin at line {elsewhere[0] + 1}: leave out *** End of File."
            return self._missing(hunk, f"its lines are not at the end of the file. {hint}")
        behind = f" behind line {start}" if start else ""
        if elsewhere is not None:
            hint = f"They begin at line {elsewhere[0] + 1}: {_ORDER}"
            if hunk.anchors:
                hint += " A line after @@ stands in front of the hunk's own lines."
        elif near := nearest(self._text, "\n".join(old)):
            hint = f"The nearest lines (→ is a tab, · a trailing blank):\n{near}"
        else:
            hint = "Read the file again and copy the lines as they are."
        return self._missing(hunk, f"its context and removed lines are not there{behind}. {hint}")

    def _missing(self, hunk: Hunk, what: str) -> ToolError:
        where = f"{self._path!r}, hunk at line {hunk.number} of the patch"
        return ToolError("not_found", f"{where}: {what}")


def _readings(hunk: Hunk) -> Iterator[tuple[tuple[PatchLine, ...], bool]]:
    """The hunk as written, then without empty old lines at its end, which are often the blank
    line before the next operation, or the nothing behind the last line end of the file."""
    lines, at_end = hunk.lines, hunk.end_of_file
    while True:
        yield lines, at_end
        last = max((i for i, line in enumerate(lines) if line.tag != "+"), default=-1)
        if last < 0 or lines[last].text:
            return
        at_end = at_end or lines[last].tag == "-"
        lines = lines[:last] + lines[last + 1 :]


def _search(lines: list[str], wanted: list[str], start: int, at_end: bool) -> int | None:
    last = len(lines) - len(wanted)
    if at_end:
        return last if last >= start and lines[last:] == wanted else None
    try:
        while True:
            start = lines.index(wanted[0], start, max(last + 1, 0))
            if lines[start : start + len(wanted)] == wanted:
                return start
            start += 1
    except ValueError:
        return None

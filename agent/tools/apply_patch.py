"""The `apply_patch` tool: many changes of many files in one V4A patch, all or nothing.

What must have been seen: models that patch look at files through the shell as well, which the
workspace's ledger does not notice, and in this format the context lines are the guard. So

- a file that was read or written by these tools must still have that content;
- a file that was not is updated only where the hunk's lines are found exactly, and in one place
  only (or behind an @@ line that is there once), or are added at the end;
- deleting it, or moving it as it is, says nothing of its content and is refused; not so for what
  is no text, which cannot be read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from ...sandbox.ports import Change, Delete, Move, Write
from ..effects import Effect
from ..errors import ToolError
from ..ports import Arguments, Output
from .disk import Disk
from .function import FunctionTool
from .patch import Add, Hunk, Patch, Update, parse
from .patch_apply import PlannedChange, plan
from .report import Changed, report
from .textfile import BinaryFile, decode, split_lines, strip_end
from .workspace import Workspace


class Patcher:
    """Applies patches."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._disk = Disk(workspace)

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.apply_patch, effects=self.effects, plan=self.plan)

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """It writes every file that the patch names, links and their targets both."""
        patch = parse(str(arguments["patch"]))
        places = chain.from_iterable(
            (self._disk.place(path), self._disk.entry(path)) for path in patch.paths
        )
        return tuple(self._disk.effect("write", place) for place in dict.fromkeys(places))

    async def apply_patch(self, patch: str) -> Output:
        """Add, update, move and delete files by one patch, all or nothing."""
        changes = self.plan(patch)
        places = [self._disk.place(change.new_path or change.path) for change in changes]
        gone = [self._disk.place(change.path) for change in changes]
        self._disk.apply(list(self._steps(changes)))
        for place in gone:
            self._workspace.forget(place)
        for place, change in zip(places, changes, strict=True):
            if change.after is not None:
                self._workspace.saw(place, change.after)
        notes = [note for change in changes for note in change.notes]
        return report([self._changed(change) for change in changes], notes)

    def plan(self, patch: str) -> Sequence[PlannedChange]:
        """What a patch would change.

        Raises:
            ToolError: it cannot be applied.
        """
        parsed = parse(patch)
        self._check_unchanged(parsed)
        changes = plan(parsed, self._read)
        self._check_guarded(parsed, changes)
        return changes

    def _read(self, path: str) -> bytes | None:
        return self._disk.read(self._disk.place(path))

    def _check_unchanged(self, patch: Patch) -> None:
        for operation in patch.operations:
            if isinstance(operation, Add):
                continue
            data = self._read(operation.path)
            if data is not None:
                self._disk.check_unchanged(self._disk.place(operation.path), data)

    def _check_guarded(self, patch: Patch, changes: Sequence[PlannedChange]) -> None:
        """Raise `stale` if an operation says too little of a file that was never read."""
        loose = {self._disk.place(change.path) for change in changes if change.notes}
        for operation in patch.operations:
            place = self._disk.place(operation.path)
            if isinstance(operation, Add) or self._workspace.known(place):
                continue
            if not isinstance(operation, Update) or not operation.hunks:
                if _text(self._read(operation.path) or b""):
                    raise self._disk.unseen(place)
            elif place in loose or not self._is_guarded(operation):
                raise ToolError(
                    "stale",
                    f"{self._disk.shown(place)!r} has not been read in this run, and the lines of "
                    "the patch are not in it exactly, or in more than one place. Nothing was "
                    "done. Read it first, then send a patch that fits.",
                )

    def _is_guarded(self, update: Update) -> bool:
        data = self._read(update.path)
        if not data:
            return True
        lines = [strip_end(line) for line in split_lines(decode(data).text)]
        return all(_is_pinned(hunk, lines) for hunk in update.hunks)

    def _steps(self, changes: Sequence[PlannedChange]) -> Iterator[Change]:
        """The changes as the disk takes them, each name once."""
        named = Counter(
            name for change in changes for name in (change.path, change.new_path) if name
        )
        filled = {change.new_path or change.path for change in changes if change.after is not None}
        for change in changes:
            old, new = change.path, change.new_path
            if change.after is None:
                if old not in filled:
                    yield Delete(self._disk.entry(old))
            elif new is None:
                yield Write(self._disk.place(old), change.after)
            elif named[old] == named[new] == 1:
                content = None if change.after == change.before else change.after
                yield Move(self._disk.entry(old), self._disk.entry(new), content)
            else:
                # Files that change places: only their contents can do that in one step.
                mode = self._disk.mode(self._disk.place(old))
                yield Write(self._disk.place(new), change.after, mode)
                if old not in filled:
                    yield Delete(self._disk.entry(old))

    def _changed(self, change: PlannedChange) -> Changed:
        """As it is told, once it is done."""
        shown = self._disk.shown(self._disk.place(change.new_path or change.path))
        before = None if change.before is None else _text(change.before)
        after = None if change.after is None else _text(change.after)
        if change.new_path is not None:
            old = self._disk.shown(self._disk.place(change.path))
            return Changed(f"R {old} -> {shown}", shown, before, after, old)
        letter = "A" if before is None else "D" if after is None else "M"
        return Changed(f"{letter} {shown}", shown, before, after)


def _is_pinned(hunk: Hunk, lines: Sequence[str]) -> bool:
    """Whether there is only one place where the hunk can belong."""
    old = hunk.old
    while old and not old[-1]:
        # Often the blank line before the next operation, and not meant.
        old.pop()
    if hunk.end_of_file or not (old or hunk.anchors):
        return True
    if old and _count(lines, old) == 1:
        return True
    bare = [line.strip() for line in lines]
    return any(bare.count(anchor.strip()) == 1 for anchor in hunk.anchors)


def _count(lines: Sequence[str], wanted: Sequence[str]) -> int:
    return sum(
        line == wanted[0] and lines[at : at + len(wanted)] == wanted
        for at, line in enumerate(lines)
    )


def _text(data: bytes) -> str:
    """For comparison only: what is no text, which can be moved and deleted, compares as empty."""
    try:
        return decode(data).text
    except BinaryFile:
        return ""

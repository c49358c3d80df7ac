"""Checkpoints: the workspace as it was, kept outside of it, to look back at and to return to.

They cover the files and links of the workspace and the added directories that are not ignored,
those that git tracks although they are, and those that somebody named; with modes and empty
directories, without owners and times. They never touch what version control keeps for itself, and
need none. What is unchanged since the last checkpoint is neither read nor written again.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from .errors import Damaged
from .leftovers import remove_leftovers
from .looking import REPOSITORIES, Caps, Ignoring
from .paths import Roots
from .restoring import Restored, Restorer, within
from .rule_files import RULE_FILES, unsettled
from .scanning import Noted, Scanner
from .snapshot import (
    Changed,
    Entry,
    State,
    differences,
    digest,
    directories_changed,
    repositories_gone,
)
from .vault import Checkpoint, Opened, Vault, moment, sweep

_ID_BYTES = 10
_LEFT_AT_LEAST = 10
"""Checkpoints that no tidying takes."""
_NAMED_AT_MOST = 3
"""Paths that a notice names."""


class Checkpoints:
    """The checkpoints of one workspace, its own and those of other processes. Thread-safe.

    Everything blocks: the first `take` reads all files, a later one asks the kernel about each.
    """

    def __init__(
        self,
        folder: Path,
        roots: Roots,
        above: Callable[[str], Ignoring],
        *,
        caps: Caps | None = None,
        avoid: Collection[Path] = (),
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """`folder` is for this workspace and need not exist; `above` gives the ignore rules that
        reach a directory from its parents; `avoid` are directories that are not covered; `stopped`
        is asked often whether to give up."""
        self._roots = roots
        self._vault = Vault(folder)
        self._caps = caps or Caps()
        self._avoid = (folder, *avoid)
        self._above = above
        self._stopped = stopped
        self._scanner = self._fresh()
        self._generation = -1
        self._last: Checkpoint | None = None
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the files that hold them."""
        with self._lock:
            self._vault.close()

    def take(self, reason: str, named: Iterable[str] = ()) -> Checkpoint:
        """Keep everything as it is now; also the files of these absolute paths, though ignored,
        from now on. Where all that was kept is damaged, it is set aside, and the notice says so.

        Raises:
            SandboxError: it could not be kept, or was stopped.
        """
        named = tuple(named)
        with self._lock:
            try:
                return self._take(reason, named)
            except Damaged:
                self._forget()
                aside = self._vault.begin_anew()
            taken = self._take(reason, named)
        if aside is None:
            return taken
        words = (
            f"the checkpoints were damaged and are now in {str(aside)!r}: "
            "what was changed before cannot be undone"
        )
        return msgspec.structs.replace(taken, notice="; ".join(filter(None, (words, taken.notice))))

    def _take(self, reason: str, named: Iterable[str] = ()) -> Checkpoint:
        with self._lock, self._vault.writing() as vault:
            return self._taken(vault, reason, named)

    def _taken(self, vault: Opened, reason: str, named: Iterable[str]) -> Checkpoint:
        with contextlib.ExitStack() as undo:
            undo.callback(self._forget)
            first = self._generation != vault.generation
            if first:
                self._forget()
                self._recall(vault)
            before = self._scanner.named
            changed = self._scanner.refresh(vault.put, filter(self._may_be_named, named))
            last = self._last
            if changed or last is None or not vault.knows(last.id):
                last = self._kept(vault, reason)
            if (first and changed) or self._scanner.named != before:
                vault.note(msgspec.msgpack.encode(self._scanner.noted()))
            undo.pop_all()
        self._generation, self._last = vault.generation, last
        return last

    def _fresh(self) -> Scanner:
        return Scanner(self._roots, self._above, self._caps, self._avoid, self._stopped)

    def _forget(self) -> None:
        """What was seen may not be in the vault."""
        self._scanner, self._last, self._generation = self._fresh(), None, -1

    def _recall(self, vault: Opened) -> None:
        if seen := vault.seen():
            with contextlib.suppress(msgspec.MsgspecError):  # another version's: look anew
                self._scanner.recall(msgspec.msgpack.decode(seen, type=Noted))

    def _kept(self, vault: Opened, reason: str) -> Checkpoint:
        manifest = self._scanner.manifest()
        id = digest(msgspec.msgpack.encode(manifest))[:_ID_BYTES].hex()
        files, size = self._scanner.size
        checkpoint = Checkpoint(id, moment(), reason, files, size, self._notice())
        vault.keep(manifest, checkpoint)
        return checkpoint

    def _notice(self) -> str:
        missed = [
            f"{path} ({size:,} bytes)" if size > self._caps.file else path
            for path, size in sorted(self._scanner.missed())
        ]
        missed += (f"{path}: {why}" for path, why in sorted(self._scanner.uncovered.items()))
        if not missed:
            return ""
        more = f" and {len(missed) - _NAMED_AT_MOST} more" if len(missed) > _NAMED_AT_MOST else ""
        return f"the checkpoint does not cover {', '.join(missed[:_NAMED_AT_MOST])}{more}"

    def _may_be_named(self, path: str) -> bool:
        place = Path(path)
        return (
            any(root in place.parents for root in self._roots.all)
            and REPOSITORIES.isdisjoint(place.parts)
            and not any(place.is_relative_to(one) for one in self._avoid)
        )

    def covers(self, path: str) -> bool:
        """Whether the last checkpoint of this process says what was at an absolute path, be it
        that nothing was."""
        with self._lock:
            return self._scanner.covers(path)

    def changes(self, before: str, after: str = "", *, later: Sequence[str] = ()) -> list[Changed]:
        """What became of files and links between two checkpoints, or until now; `later` as in
        `restore`.

        Raises:
            SandboxError: one of them does not exist, or cannot be read.
        """
        after = after or self._take("to compare").id
        with self._vault.reading() as vault:
            return list(differences(_with_later(vault, before, later), vault.state(after)))

    def directories_changed(self, before: str, after: str) -> set[str]:
        """The directories that came, went or got other permission bits between two checkpoints.

        Raises:
            SandboxError: one of them does not exist, or cannot be read.
        """
        with self._vault.reading() as vault:
            return set(directories_changed(vault.state(before), vault.state(after)))

    def repositories_gone(self, before: str, after: str = "") -> list[str]:
        """The directories whose repository went between two checkpoints, or until now; where a
        file said where it is, that comes back.

        Raises:
            SandboxError: one of them does not exist, or cannot be read.
        """
        after = after or self._take("to compare").id
        with self._vault.reading() as vault:
            return repositories_gone(vault.state(before), vault.state(after))

    def roots_of(self, id: str) -> tuple[Path, ...]:
        """The workspace and added directories of a checkpoint.

        Raises:
            SandboxError: it does not exist, or cannot be read.
        """
        with self._vault.reading() as vault:
            return tuple(Path(os.fsdecode(root)) for root in vault.state(id).manifest.roots)

    def contents(self, entries: Sequence[Entry | None]) -> list[bytes | None]:
        """What files hold, where a link leads; None for what was not kept.

        Raises:
            SandboxError: it is missing or damaged.
        """
        with self._vault.reading() as vault:
            return [_content(vault, entry) for entry in entries]

    def restore(
        self,
        id: str,
        paths: Collection[str] | None = None,
        *,
        directories: Collection[str] | None = None,
        later: Sequence[str] = (),
        announce: Callable[[str], None] = lambda before: None,
    ) -> Restored:
        """Make everything, or what is at or below these absolute paths, as it was; of directories
        as such all, or these and those that are needed.

        What is there is taken as a checkpoint first. Files that were made since are removed;
        what is ignored, outside or not covered stays. `later` are checkpoints from after, for the
        ignored files that only they know. `announce` is told the checkpoint of what is there before
        anything is changed; if it raises, nothing is.

        Raises:
            SandboxError: the checkpoint does not exist, or what is there cannot be kept; nothing
                was changed.
        """
        with self._lock:
            with self._vault.reading() as vault:
                then = _with_later(vault, id, later)
            # Of a restoring that was killed.
            remove_leftovers(map(Path, then.directories), self._roots)
            before = self._take("before undoing", then.extras)
            hidden = self._now_ignored(then, before.id)
            if hidden:
                before = self._take("before undoing", hidden)
            announce(before.id)
            with self._vault.reading() as vault:
                return self._restored(vault, then, before, paths, directories)

    def _now_ignored(self, then: State, before: str) -> list[str]:
        """Files of then that today's rules would hide."""
        with self._vault.reading() as vault:
            changes = differences(then, vault.state(before))
            return [one.path for one in changes if one.after is None and Path(one.path).exists()]

    def _restored(
        self,
        vault: Opened,
        then: State,
        before: Checkpoint,
        paths: Collection[str] | None,
        directories: Collection[str] | None,
    ) -> Restored:
        was = vault.state(before.id)
        restorer = Restorer(self._roots, vault.get, directories)
        chosen, unsure = _sure(_chosen(differences(then, was), paths), then, was)
        now = was
        depth = -1
        # From the outside in: what the old rules ignore was not covered then, so it must not pass
        # for new, be it rules itself.
        while rules := _outermost_rules(chosen, depth):
            depth = rules[0].path.count("/")
            restorer.files(rules)
            now = vault.state(self._take("while undoing", then.extras).id)
            left = _chosen(differences(then, now), paths)
            unchanged = [one for one in left if was.entry(one.path) == one.after]
            chosen, unsure = _sure(unchanged, then, now)
        restorer.refused += (f"{one.path}: other files are ignored now" for one in unsure)
        restorer.make_room(then, now)
        restorer.files(one for one in chosen if one.before is None)
        restorer.remove_directories(then, now)
        back = [one for one in chosen if one.before is not None]
        restorer.make_directories(then, now, (one.path for one in back))
        restorer.files(back)
        restorer.set_modes(then, now)
        done, refused = tuple(restorer.done), tuple(restorer.refused)
        return Restored(before.id, done, refused, restorer.hindered)

    def list(self) -> list[Checkpoint]:
        """All checkpoints, oldest first.

        Raises:
            SandboxError: they cannot be read.
        """
        if not self._vault.exists:
            return []
        with self._vault.reading() as vault:
            return vault.checkpoints()

    def prune(self, keep: int) -> int:
        """Throw all but the newest away for good; return how many.

        Raises:
            SandboxError: they cannot be written.
        """
        with self._lock, self._vault.writing() as vault:
            found = vault.checkpoints()
            gone = found[: max(0, len(found) - keep)]
            vault.drop(one.id for one in gone)
            return len(gone)

    def tidy(self, days: int, size: int) -> int:
        """Throw away for good what is older than so many days, and the older half where all takes
        more than so many bytes on disk, but for the newest; 0 is no limit. Where there is nothing
        to do, this is cheap. Other workspaces' checkpoints go as a whole, once all are that old.
        Returns how many of this workspace's are gone.

        Raises:
            SandboxError: they cannot be written.
        """
        if days:
            sweep(self._vault.folder, days)
        with self._lock, self._vault.reading() as vault:
            found = vault.checkpoints()
            oldest = _days_ago(days) if days else ""
            old = sum(one.time < oldest for one in found)
            if size and vault.size > size:
                old = max(old, len(found) // 2)
        old = min(old, len(found) - _LEFT_AT_LEAST)
        if old <= 0:
            return 0
        gone = self.prune(len(found) - old)
        self._vault.shrink()
        return gone


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")


def _with_later(vault: Opened, id: str, later: Sequence[str]) -> State:
    state = vault.state(id)
    for one in later:
        state.take_over(vault.state(one))
    return state


def _sure(
    changes: Iterable[Changed], then: State, now: State
) -> tuple[list[Changed], list[Changed]]:
    """The changes; and, apart, those that may only look like something new."""
    places = unsettled(then, now)
    sure: list[Changed] = []
    unsure: list[Changed] = []
    for one in changes:
        is_unsure = one.before is None and within(places, one.path)
        (unsure if is_unsure else sure).append(one)
    return sure, unsure


def _outermost_rules(changes: Iterable[Changed], depth: int) -> list[Changed]:
    """The changes of rule files at the first level below `depth` that has any."""
    found = [one for one in changes if os.path.basename(one.path) in RULE_FILES]
    deeper = [level for one in found if (level := one.path.count("/")) > depth]
    return [one for one in found if one.path.count("/") == min(deeper, default=-1)]


def _chosen(changes: Iterable[Changed], paths: Collection[str] | None) -> list[Changed]:
    if paths is None:
        return list(changes)
    wanted = frozenset(paths)
    return [one for one in changes if within(wanted, one.path)]


def _content(vault: Opened, entry: Entry | None) -> bytes | None:
    if entry is None or entry.kind == "missed":
        return None
    return entry.what if entry.kind == "link" else vault.get(entry.what)

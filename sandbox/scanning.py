"""Walks the workspace and keeps its looks: what has not changed since is only asked when it did.

Nothing of git is run: what its configuration names could be anybody's program.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from .errors import SandboxError
from .looking import REPOSITORIES, Caps, Comparer, Ignoring, Look, Put, Seen, Unreachable
from .paths import Roots
from .rule_files import EXCLUDE, RULE_FILES, Stamp, effective, repositories, stamp, stamps_above
from .snapshot import Manifest, encoded
from .tracked import index_of, tracked

_VERSION = 2
"""Of what counts: where another one walked, it has to be walked anew."""


class Stopped(SandboxError):
    """Somebody wanted the walk to end."""


class Noted(msgspec.Struct, frozen=True, array_like=True):
    """What a walk found, as far as the next process can use it."""

    seen: dict[str, Seen]
    named: tuple[str, ...]
    scope: tuple[str, ...]
    """What it was a walk of."""
    whole: bool = False
    """Whether it has everything, so that nothing has to be walked again."""
    sources: dict[str, Stamp] = {}
    indexes: dict[str, tuple[Stamp, frozenset[str]]] = {}
    uncovered: dict[str, str] = {}


class Scanner:
    """Knows the workspace as it was looked at last."""

    def __init__(
        self,
        roots: Roots,
        above: Callable[[str], Ignoring],
        caps: Caps,
        avoid: Iterable[Path] = (),
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """`above` gives the rules of a directory's parents; `avoid` are directories that do not
        count; `stopped` is asked often whether to give up."""
        self._roots = roots
        self._above = above
        self._caps = caps
        self._avoid = frozenset(map(str, avoid))
        self._stopped = stopped
        self.named: set[str] = set()
        """Files that count although they are ignored."""
        self.uncovered: dict[str, str] = {}
        """Directories that were not looked into, with the reason."""
        self._seen: dict[str, Seen] = {}
        self._comparer = Comparer()
        self._parts: dict[str, Seen] = {}
        self._walked = False
        self._inner: dict[str, Ignoring] = {}
        self._sources: dict[str, Stamp] = {}
        self._indexes: dict[str, tuple[Stamp, frozenset[str]]] = {}
        self._extras: frozenset[str] = frozenset()
        self._files = 0
        self._bytes = 0

    def recall(self, noted: Noted) -> None:
        """Know the looks of another process."""
        self._seen = dict(noted.seen)
        self.named.update(noted.named)
        if noted.whole and noted.scope == self._scope:
            self._sources, self._indexes = dict(noted.sources), dict(noted.indexes)
            self.uncovered = dict(noted.uncovered)
            for seen in self._seen.values():
                self._count(seen, 1)
            self._walked = True

    @property
    def _scope(self) -> tuple[str, ...]:
        caps = msgspec.structs.astuple(self._caps)
        return tuple(map(ascii, (_VERSION, *self._roots.all, *sorted(self._avoid), *caps)))

    def noted(self) -> Noted:
        """What the next process can use. Names that are not text are left out."""
        seen = {path: seen for path, seen in self._seen.items() if _is_text(path, seen)}
        named = tuple(sorted(filter(_is_utf8, self.named)))
        tracked = (path for _, found in self._indexes.values() for path in found)
        beside = (*self._sources, *self._indexes, *tracked, *self.uncovered)
        if len(seen) < len(self._seen) or not all(map(_is_utf8, beside)):
            return Noted(seen, named, self._scope)
        return Noted(seen, named, self._scope, True, self._sources, self._indexes, self.uncovered)

    def covers(self, path: str) -> bool:
        """Whether the last look says what was at a path, be it that nothing was."""
        return path in self._extras or self._counts(path)

    def _counts(self, path: str) -> bool:
        """Whether a file at this path is not ignored, or is tracked, as far as was looked."""
        directory, name = os.path.split(path)
        if name in self._entries(directory) and path not in self.named:
            return True
        if directory not in self._seen:
            directories = (str(up) for up in Path(directory).parents)
            holder = next((up for up in directories if up in self._seen), "")
            if not holder:
                return False
            step = os.path.relpath(directory, holder).split("/")[0]
            return not self._hidden(holder, step, is_directory=True)
        return not self._hidden(directory, name, is_directory=False)

    def _hidden(self, directory: str, name: str, *, is_directory: bool) -> bool:
        path = f"{directory}/{name}"
        if name in RULE_FILES and not is_directory:
            return False
        return name in REPOSITORIES or self._rules(directory).hide(path, name, is_directory)

    def _entries(self, directory: str) -> Iterable[str]:
        seen = self._seen.get(directory)
        return seen.entries if seen else ()

    def refresh(self, put: Put, named: Iterable[str] = ()) -> bool:
        """Look at what has changed; returns whether anything may have. Files of these paths count
        from now on.

        Raises:
            Stopped: that was wanted.
        """
        self._extras = self.extras()
        if any(stamp(path) != before for path, before in self._sources.items()):
            self._walked = False
        stale = list(self._comparer.unlike(self._seen)) if self._walked else []
        for directory in stale:
            if directory in self._seen:
                self._again(directory, put)
        changed = bool(stale)
        if not self._walked:
            self._walk(put)
            changed = True
        before = self.named
        self.named = {path for path in {*self.named, *named} if not self._counts(path)}
        return self._look_at_extras(put) or changed or self.named != before

    def _walk(self, put: Put) -> None:
        before, self._seen = self._seen, {}
        self._inner, self._sources, self.uncovered = {}, {}, {}
        self._indexes = {
            top: index for top, index in self._indexes.items() if os.path.lexists(f"{top}/.git")
        }
        self._files = self._bytes = 0
        for root in self._roots.all:
            self._sources.update(stamps_above(str(root)))
            self._descend(str(root), root, before, put)
        self._walked = True

    def _descend(self, top: str, root: Path, before: dict[str, Seen], put: Put) -> None:
        pending = [top]
        device = root.lstat().st_dev
        while pending:
            path = pending.pop()
            if self._stopped():
                raise Stopped("the checkpoint was stopped")
            if path in self._seen or path in self._avoid:
                continue
            if self._files >= self._caps.files:
                self.uncovered[path] = f"no more than {self._caps.files:,} files are kept"
                continue
            look = Look(root, path, before.get(path), self._left(), put)
            try:
                seen = look.whole(self._outer(path, root), self._extras, device)
            except FileNotFoundError:
                continue
            except Unreachable as error:
                self.uncovered[path] = str(error)
                continue
            self._take_in(path, look, seen, put)
            pending += (f"{path}/{name}" for name in seen.below)

    def _left(self, again: Seen | None = None) -> Caps:
        """What may be kept of a directory, be it one that is looked into `again`."""
        left = self._caps.total - self._bytes
        left += sum(known.entry.kept for known in again.entries.values()) if again else 0
        return msgspec.structs.replace(self._caps, total=left)

    def _take_in(self, path: str, look: Look, seen: Seen, put: Put) -> None:
        if look.ignores is not None:
            self._inner[path] = look.ignores
        for name in look.names.intersection(RULE_FILES):
            self._sources[f"{path}/{name}"] = stamp(f"{path}/{name}")
        if ".git" in look.names:
            self._sources[f"{path}/{EXCLUDE}"] = stamp(f"{path}/{EXCLUDE}")
            self._indexes.setdefault(path, (None, frozenset()))
        else:
            self._indexes.pop(path, None)
        self._count(self._seen.get(path), -1)
        self._seen[path] = seen = msgspec.structs.replace(seen, digest=put(encoded(seen.listing)))
        self._count(seen, 1)

    def _count(self, seen: Seen | None, sign: int) -> None:
        for known in seen.entries.values() if seen else ():
            self._files += sign
            self._bytes += sign * known.entry.kept

    def _again(self, path: str, put: Put) -> None:
        """Look into a directory once more, and into those below that are new."""
        before = self._seen[path]
        root = self._root_of(path)
        look = Look(root, path, before, self._left(before), put)
        try:
            device = root.lstat().st_dev
            seen = look.whole(self._outer(path, root), self._extras, device)
        except FileNotFoundError:
            self._forget(path)
            return
        except Unreachable as error:
            self._forget(path)
            self.uncovered[path] = str(error)
            return
        known = set(self._sources)
        self._take_in(path, look, seen, put)
        if set(self._sources) != known:
            # What a new ignore file hides has been taken in before.
            self._walked = False
            return
        for name in {*before.below} - {*seen.below}:
            self._forget(f"{path}/{name}")
        for name in seen.below:
            if f"{path}/{name}" not in self._seen:
                self._descend(f"{path}/{name}", root, {}, put)

    def _forget(self, path: str) -> None:
        for place in [one for one in self._seen if one == path or one.startswith(f"{path}/")]:
            self._count(self._seen.pop(place), -1)
        for known in (self._inner, self._indexes):
            for place in [one for one in known if one == path or one.startswith(f"{path}/")]:
                del known[place]

    def _root_of(self, path: str) -> Path:
        holding = [root for root in self._roots.all if Path(path).is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts))

    def _outer(self, path: str, root: Path) -> Ignoring:
        """The rules that reach a directory from above."""
        return self._above(path) if path == str(root) else self._rules(os.path.dirname(path))

    def _rules(self, directory: str) -> Ignoring:
        """The rules in force in a directory that was looked into."""
        rules = self._inner.get(directory)
        if rules is None:  # another process looked
            names = [
                name for name in (*RULE_FILES, ".git") if os.path.lexists(f"{directory}/{name}")
            ]
            outer = self._outer(directory, self._root_of(directory))
            rules = self._inner[directory] = outer.within(directory, names)
        return rules

    def extras(self) -> frozenset[str]:
        """Files that count although ignored, whether there or not."""
        return frozenset(self.named).union(*(found for _, found in self._indexes.values()))

    def _look_at_extras(self, put: Put) -> bool:
        """Look at the files that count although they are ignored."""
        changed = False
        for top, (known, found) in list(self._indexes.items()):
            now = stamp(index_of(top))
            if now != known:
                self._indexes[top] = (now, self._tracked_but_ignored(top))
                changed = changed or self._indexes[top][1] != found
        self._extras = self.extras()
        wanted: dict[str, set[str]] = {}
        for path in self._extras:
            directory, name = os.path.split(path)
            if name not in self._entries(directory):
                wanted.setdefault(directory, set()).add(name)
        for directory in [one for one in wanted if one in self._seen]:
            names = [name for name in wanted.pop(directory) if _exists(f"{directory}/{name}")]
            if names:
                self._again(directory, put)
                changed = True
        before = {path: seen.digest for path, seen in self._parts.items()}
        parts = (self._part(path, names, put) for path, names in wanted.items())
        self._parts = {path: seen for path, seen in parts if seen is not None}
        return changed or before != {path: seen.digest for path, seen in self._parts.items()}

    def _tracked_but_ignored(self, top: str) -> frozenset[str]:
        try:
            names = tracked(Path(index_of(top)).read_bytes())
        except OSError:
            return frozenset()
        paths = (f"{top}/{name}" for name in names)
        return frozenset(
            path
            for path in paths
            if os.path.basename(path) not in self._entries(os.path.dirname(path))
            and not self._counts(path)
        )

    def _part(self, path: str, names: set[str], put: Put) -> tuple[str, Seen | None]:
        """The look at single files of a directory that is ignored, and its path."""
        try:
            seen = Look(self._root_of(path), path, self._parts.get(path), self._left(), put)
            found = seen.part(names)
        except (FileNotFoundError, Unreachable, ValueError):
            return path, None
        return path, msgspec.structs.replace(found, digest=put(encoded(found.listing)))

    @property
    def size(self) -> tuple[int, int]:
        """How many files and links are kept, and their bytes."""
        return self._files, self._bytes

    def missed(self) -> Iterator[tuple[str, int]]:
        """The files that are not kept, with their sizes."""
        for path, seen in (*self._seen.items(), *self._parts.items()):
            for name, known in seen.entries.items():
                if known.entry.kind == "missed":
                    yield f"{path}/{name}", known.entry.size

    def manifest(self) -> Manifest:
        """The state as it was looked at last."""
        digests = {path: seen.digest for path, seen in self._seen.items()}
        digests |= {path: seen.digest for path, seen in self._parts.items()}
        return Manifest(
            tuple(os.fsencode(root) for root in self._roots.all),
            {os.fsencode(path): digests[path] for path in sorted(digests)},
            tuple(sorted(map(os.fsencode, self.extras()))),
            {os.fsencode(path): why for path, why in sorted(self.uncovered.items())},
            effective(path for path in self._sources if self._is_outside(path)),
            repositories(self._roots.all, self._indexes),
        )

    def _is_outside(self, source: str) -> bool:
        directory, name = os.path.split(source)
        return name not in self._entries(directory)


def _exists(path: str) -> bool:
    return os.path.lexists(path) and not os.path.isdir(path)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_text(path: str, seen: Seen) -> bool:
    return all(map(_is_utf8, (path, *seen.entries, *seen.below)))

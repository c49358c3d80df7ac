"""What a checkpoint says of the workspace: every directory's listing, known by its digest.

Two states share the listings of directories that are alike in both, so they are compared and kept
by what differs.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Literal

import msgspec

GIT = ".git"
"""A repository, or a file that says where it is; the latter is put back where it is missing, and
never changed or removed."""
DIGEST_SIZE = 20
"""Bytes of a digest."""

Kind = Literal["file", "link", "missed"]
"""`missed`: a file that is too large to be kept."""
Change = Literal["created", "modified", "deleted"]


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file or link as it was."""

    kind: Kind
    mode: int
    """Permission bits; 0 for links."""
    size: int
    what: bytes
    """A file's digest, where a link leads, when a missed file was changed."""

    @property
    def kept(self) -> int:
        """Bytes of content that are kept."""
        return self.size if self.kind == "file" else 0


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """A directory: its permission bits and what lies in it but for directories."""

    mode: int
    entries: dict[str, Entry]


class Manifest(msgspec.Struct, frozen=True):
    """The state of the workspace and of the added directories."""

    roots: tuple[bytes, ...]
    directories: dict[bytes, bytes]
    """Digest of the listing, by absolute path."""
    extras: tuple[bytes, ...]
    """Files that count although ignored, whether they are there or not: because a tool named them,
    or because git tracks them."""
    uncovered: dict[bytes, str]
    """Directories that were not looked into, with the reason."""
    rules: dict[bytes, bytes]
    """What ignore files say that are not kept themselves, by path; none that say nothing."""
    repositories: tuple[bytes, ...] = ()
    """Directories that hold a repository: rules of git from above end there."""


class Changed(msgspec.Struct, frozen=True):
    """What became of one file or link between two states."""

    path: str
    """Absolute."""
    before: Entry | None
    after: Entry | None

    @property
    def change(self) -> Change:
        """In one word."""
        if self.before is None:
            return "created"
        return "modified" if self.after else "deleted"


def digest(data: bytes) -> bytes:
    """What content is known by."""
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


_listings = msgspec.msgpack.Decoder(tuple[int, tuple[tuple[bytes, Entry], ...]])


def encoded(listing: Listing) -> bytes:
    """A listing as it is kept: equal ones give equal bytes. Names need not be text."""
    entries = sorted((os.fsencode(name), entry) for name, entry in listing.entries.items())
    return msgspec.msgpack.encode((listing.mode, entries))


def decoded(data: bytes) -> Listing:
    """The listing of these bytes.

    Raises:
        msgspec.DecodeError: they are none.
    """
    mode, entries = _listings.decode(data)
    return Listing(mode, {os.fsdecode(name): entry for name, entry in entries})


class State:
    """A manifest whose listings are read when they are wanted."""

    def __init__(self, manifest: Manifest, read: Callable[[bytes], bytes]) -> None:
        """`read` gives what a digest stands for."""
        self.manifest = manifest
        self.directories: Mapping[str, bytes] = {
            os.fsdecode(path): digest for path, digest in manifest.directories.items()
        }
        self.extras = frozenset(map(os.fsdecode, manifest.extras))
        self.uncovered = tuple(map(os.fsdecode, manifest.uncovered))
        self._read = read
        self._over: dict[str, dict[str, Entry | None]] = {}

    def listing(self, directory: str) -> Listing | None:
        """What a directory held; None if there was none, or it was not looked into."""
        digest = self.directories.get(directory)
        listing = decoded(self._read(digest)) if digest else None
        if directory not in self._over:
            return listing
        entries = dict(listing.entries) if listing else {}
        for name, entry in self._over[directory].items():
            if entry is not None:
                entries[name] = entry
        return Listing(listing.mode if listing else 0o755, entries)

    def entry(self, path: str) -> Entry | None:
        """What was at a path."""
        directory, name = os.path.split(path)
        listing = self.listing(directory)
        return listing.entries.get(name) if listing else None

    def take_over(self, later: "State") -> None:
        """Know also of the files that only a later state knows, because they were ignored."""
        for path in later.extras - self.extras:
            directory, name = os.path.split(path)
            self._over.setdefault(directory, {})[name] = later.entry(path)
        self.extras |= later.extras

    def passes_over(self, path: str) -> bool:
        """Whether a path lies where nobody looked."""
        return any(path == place or path.startswith(f"{place}/") for place in self.uncovered)

    def mentioned(self) -> set[str]:
        """The directories that anything is known of."""
        return {*self.directories, *self._over}

    def is_alike(self, other: "State", directory: str) -> bool:
        """Whether a directory is the same in both, seen from its digest."""
        if directory in self._over or directory in other._over:
            return False
        return self.directories.get(directory) == other.directories.get(directory)


def directories_changed(before: State, after: State) -> Iterator[str]:
    """The directories that came, went or got other permission bits between two states."""
    for path in {*before.directories, *after.directories}:
        if not before.is_alike(after, path):
            was, now = before.listing(path), after.listing(path)
            if was is None or now is None or was.mode != now.mode:
                yield path


def _is_missing(directory: str, there: Entry | None, now: State) -> bool:
    """Whether a directory that held a `.git` has none now, be it a repository."""
    return there is None and os.fsencode(directory) not in now.manifest.repositories


def repositories_gone(before: State, after: State) -> list[str]:
    """The directories whose repository lay in them, and is there no more."""
    gone = {*before.manifest.repositories} - {*after.manifest.repositories}
    return [
        path
        for path in sorted(map(os.fsdecode, gone))
        if not (listing := before.listing(path)) or GIT not in listing.entries
    ]


def differences(before: State, after: State) -> Iterator[Changed]:
    """What became of files and links, by path; where nobody looked is left out."""
    for directory in sorted(before.mentioned() | after.mentioned()):
        if before.is_alike(after, directory):
            continue
        if before.passes_over(directory) or after.passes_over(directory):
            continue
        old, new = before.listing(directory), after.listing(directory)
        then = old.entries if old else {}
        now = new.entries if new else {}
        for name in sorted({*then, *now}):
            was, there = then.get(name), now.get(name)
            if was != there and (name != GIT or _is_missing(directory, there, after)):
                path = os.path.join(directory, name)
                if was is not None or path not in after.extras or path in before.extras:
                    yield Changed(path, was, there)

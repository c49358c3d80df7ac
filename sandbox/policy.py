"""What may be touched, as data: one object from which every enforcement point is made."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..config.sandbox import Level, PackagedPolicy, SandboxSettings
from .errors import SandboxError
from .hosts import Host, parse_host
from .paths import Roots
from .ports import Extra

PACKAGED = "packaged"
OWN = "kedge's own"
_ROOT = Path("/")


class Entry(msgspec.Struct, frozen=True):
    """One thing that somebody said."""

    value: str
    origin: str
    """The file and line, flag or variable that said it; `packaged` for what kedge brings."""


class Bounds(msgspec.Struct, frozen=True):
    """What one command may take; 0 is no limit. Meanings: `config.sandbox.SandboxSettings`."""

    processes: int
    memory: int
    open_files: int
    file_bytes: int
    cpu_seconds: int
    scratch_bytes: int
    disk_reserve: int


class Policy(msgspec.Struct, frozen=True):
    """The effective policy of one session."""

    level: Level
    roots: Roots
    home: Path
    """Of the person, without links."""
    never_read: tuple[Entry, ...]
    never_write: tuple[Entry, ...]
    free: tuple[Entry, ...]
    """What is neither, whatever the other two say."""
    placeholders: tuple[Entry, ...]
    shown: tuple[Entry, ...]
    private: tuple[Entry, ...]
    environment: tuple[Entry, ...]
    hosts: tuple[Entry, ...]
    bounds: Bounds
    scratch: tuple[Path, ...] = ()
    """Directories, or files, that commands may write besides."""
    may_read: tuple[Path, ...] = ()
    """What a person allowed although it is hidden; what lies below and is hidden stays so."""
    may_write: tuple[Path, ...] = ()
    """What a person allowed although it is protected."""

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits; equal for policies that enforce the same, whoever said it."""
        lists = (
            *(self.never_read, self.never_write, self.free, self.placeholders),
            *(self.shown, self.private, self.environment, self.hosts),
        )
        said = [[entry.value for entry in entries] for entries in lists]
        # By their bytes: names of files need not be text.
        paths = (*self.roots.all, self.home, *self.scratch, _ROOT, *self.may_read, _ROOT)
        places = [os.fsencode(path).hex() for path in (*paths, *self.may_write)]
        text = msgspec.json.encode((self.level, places, said, self.bounds))
        # `kedge sandbox run` has no use for it, and it takes 3 ms.
        import hashlib

        return hashlib.sha256(text).hexdigest()[:12]

    def allowed_hosts(self) -> tuple[Host, ...]:
        """The hosts that may be reached.

        Raises:
            SandboxError: an entry is no host.
        """
        return tuple(parse_host(entry.value, entry.origin) for entry in self.hosts)

    def widened(self, extra: Extra) -> "Policy":
        """This policy with what a person allowed for one command.

        Raises:
            SandboxError: something outside does not exist, or nobody can allow it.
        """
        read = tuple(self._allowable(path) for path in extra.read)
        written = tuple(self._allowable(path) for path in extra.write)
        roots = self.roots.all
        outside = [path for path in written if not any(path.is_relative_to(root) for root in roots)]
        for path in outside:
            if not path.exists():
                raise SandboxError(f"there is no {str(path)!r}", hint="allow its directory")
        added = tuple(path for path in outside if path.is_dir())
        return msgspec.structs.replace(
            self,
            roots=_apart(Roots(self.roots.workspace, (*self.roots.added, *added))),
            scratch=(*self.scratch, *(path for path in outside if not path.is_dir())),
            may_read=(*self.may_read, *read, *written),
            may_write=(*self.may_write, *(path for path in written if path not in outside)),
            hosts=(*self.hosts, *(Entry(host, "allowed once") for host in extra.hosts)),
        )

    def _allowable(self, path: Path) -> Path:
        real = Path(os.path.realpath(path))
        own = (os.path.realpath(entry.value) for entry in self.never_read if entry.origin == OWN)
        if real == _ROOT or any(real.is_relative_to(one) for one in own):
            raise SandboxError(f"{str(path)!r} is never let in", hint="name something smaller")
        return real


def effective(
    packaged: PackagedPolicy,
    settings: SandboxSettings,
    roots: Roots,
    home: Path,
    *,
    origins: Mapping[str, str] | None = None,
    own: tuple[Path, ...] = (),
    code: tuple[Path, ...] = (),
    scratch: tuple[Path, ...] = (),
) -> Policy:
    """The policy that the packaged one and the settings make together.

    `origins` maps a list's name and index, `never_read[0]`, to where it was said; `own` are
    kedge's own directories, which nobody inside sees; `code` is what kedge runs from, which nobody
    inside changes, since it would run outside at the next start.

    Raises:
        SandboxError: the workspace is the whole file system.
    """
    said = origins or {}
    for root in roots.all:
        if root == Path("/"):
            raise SandboxError(
                "the whole file system cannot be a workspace", hint="work in a directory below it"
            )

    def both(name: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[Entry, ...]:
        added = (Entry(v, said.get(f"{name}[{i}]", "settings")) for i, v in enumerate(theirs))
        return (*(Entry(value, PACKAGED) for value in ours), *added)

    return Policy(
        settings.level,
        _apart(roots),
        Path(os.path.realpath(home)),
        (
            *both("never_read", packaged.never_read, settings.never_read),
            *(Entry(str(path), OWN) for path in own),
        ),
        (
            *both("never_write", packaged.never_write, settings.never_write),
            *(Entry(os.path.realpath(path), "runs kedge") for path in code),
        ),
        both("free", packaged.free, ()),
        both("placeholders", packaged.placeholders, ()),
        both("shown", packaged.shown, settings.shown),
        both("private", packaged.private, ()),
        both("environment", packaged.environment, settings.environment),
        both("allow_hosts", (), settings.allow_hosts),
        Bounds(
            settings.processes,
            settings.memory_bytes or _four_fifths_of_memory(),
            settings.open_files,
            settings.file_bytes,
            settings.cpu_seconds,
            settings.scratch_bytes,
            settings.disk_reserve_bytes,
        ),
        scratch,
    )


def _apart(roots: Roots) -> Roots:
    """The roots without added directories that lie in another root."""
    kept = [
        one
        for one in dict.fromkeys(roots.added)
        if not any(one != other and one.is_relative_to(other) for other in roots.all)
        and one != roots.workspace
    ]
    return Roots(roots.workspace, tuple(kept))


def _four_fifths_of_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 5 * 4

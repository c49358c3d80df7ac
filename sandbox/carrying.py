"""Carries files and trees from one opened directory to another: by hard links where it can be, else
by copies.

No link is followed, no mount point entered, nothing overwritten; each file is there whole or not at
all. Either side may be changed by others meanwhile: everything goes through descriptors.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Generator

import msgspec

from ..config.replacing import temporary_name
from .entries import kind

DEPTH = 64
"""Directories within each other that are entered; each holds two descriptors open."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
# Another file system, one without hard links, a file that is not ours to link, too many links.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS)


class Caps(msgspec.Struct, frozen=True):
    """How much is carried at most."""

    entries: int = 20_000
    """Files, links and directories."""
    copied: int = 256 << 20
    """Bytes; what is only linked takes none."""


class Spot(msgspec.Struct, frozen=True):
    """A name in an open directory."""

    directory: int
    name: str

    def stat(self) -> os.stat_result:
        """What has the name, links not followed."""
        return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)

    def beside(self) -> "Spot":
        """A name in the same directory that nobody has."""
        return Spot(self.directory, temporary_name())


class Carrier:
    """One carrying of some trees."""

    def __init__(self, caps: Caps | None = None, avoid: frozenset[tuple[int, int]] = frozenset()):
        """`avoid` are device and number of directories that stay behind without a word."""
        self._caps = caps
        self._avoid = avoid
        self._seen = 0
        self._copied = 0
        self._full = False
        self.carried = 0
        """Files, links and directories that are now there and were not."""
        self.missed: list[str] = []
        """What is not there, with the reason."""

    def carry(self, source: Spot, target: Spot, label: str) -> None:
        """Carry what has a name, with everything below it. What is gone already is no failure.

        `label` is its path, for those who read `missed`.
        """
        try:
            found = source.stat()
        except FileNotFoundError:
            return
        self._carry(source, target, label, 0, found.st_dev)

    def _carry(self, source: Spot, target: Spot, label: str, depth: int, device: int) -> None:
        try:
            found = source.stat()
            if (found.st_dev, found.st_ino) in self._avoid or not self._counts(label):
                return
            if stat.S_ISDIR(found.st_mode):
                self._directory(source, target, label, depth, device)
            else:
                self._entry(source, target, found)
                self.carried += 1
        except _LeftBehind as left:
            self._miss(label, str(left))
        except FileExistsError:
            if not _alike(source, target):
                self._miss(label, "something else is there, which is not overwritten")
        except OSError as error:
            if not isinstance(error, FileNotFoundError) or _exists(source):
                self._miss(label, error.strerror or str(error))

    def _counts(self, label: str) -> bool:
        """Whether one more entry fits; says so once if not."""
        if self._full:
            return False
        self._full = self._caps is not None and self._seen >= self._caps.entries
        if self._full:
            self._miss(label, f"no more than {self._seen:,} entries are kept at once")
        self._seen += 1
        return not self._full

    def _directory(self, source: Spot, target: Spot, label: str, depth: int, device: int) -> None:
        with _opened(source) as inner:
            found = os.fstat(inner)
            if found.st_dev != device:
                raise _LeftBehind("another file system begins there")
            if depth >= DEPTH:
                raise _LeftBehind("too many directories within each other")
            made = _made(target)
            with _opened(target) as there:
                for name in _names(inner):
                    below = f"{label}/{name}"
                    self._carry(Spot(inner, name), Spot(there, name), below, depth + 1, device)
                if made:
                    self.carried += 1
                    _give(there, found)

    def _entry(self, source: Spot, target: Spot, found: os.stat_result) -> None:
        try:
            _link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            if stat.S_ISLNK(found.st_mode):
                _copy_link(source, target, found)
            elif stat.S_ISREG(found.st_mode):
                self._copy(source, target)
            else:
                raise _LeftBehind(f"a {kind(found)} cannot be copied") from error

    def _copy(self, source: Spot, target: Spot) -> None:
        staged = target.beside()
        try:
            self._fill(staged, source)
            _name(staged, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(staged.name, dir_fd=staged.directory)

    def _fill(self, staged: Spot, source: Spot) -> None:
        with open(os.open(source.name, _FILE, dir_fd=source.directory), "rb", 0) as original:
            found = os.fstat(original.fileno())
            # It may have changed places with something else, and may grow while it is read.
            if not stat.S_ISREG(found.st_mode):
                raise _LeftBehind(f"a {kind(found)} cannot be copied")
            left = found.st_size
            if self._caps is not None and self._copied + left > self._caps.copied:
                raise _LeftBehind("too large for what is copied from another file system")
            fd = os.open(staged.name, _NEW, 0o600, dir_fd=staged.directory)
            with open(fd, "wb", 0):
                while left > 0 and (data := original.read(min(_CHUNK, left))):
                    _write(fd, data)
                    left -= len(data)
                    self._copied += len(data)
                _give(fd, found)

    def _miss(self, label: str, why: str) -> None:
        self.missed.append(f"{label}: {why}")


class _LeftBehind(Exception):
    """Something is not carried; the words say why."""


def _alike(source: Spot, target: Spot) -> bool:
    """Whether what is there is what would be put there, as far as can be seen from outside."""
    one, other = source.stat(), target.stat()
    if os.path.samestat(one, other):
        return True
    looks = [(stat.S_IFMT(it.st_mode), it.st_size, it.st_mtime_ns) for it in (one, other)]
    return looks[0] == looks[1]


def _exists(spot: Spot) -> bool:
    try:
        spot.stat()
    except OSError as error:
        return error.errno != errno.ENOENT
    return True


@contextlib.contextmanager
def _opened(spot: Spot) -> Generator[int]:
    fd = os.open(spot.name, _DIRECTORY, dir_fd=spot.directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _made(spot: Spot) -> bool:
    """Make a directory; `False` if there is one.

    Raises:
        FileExistsError: something else is there.
    """
    try:
        os.mkdir(spot.name, 0o700, dir_fd=spot.directory)
    except FileExistsError:
        if not stat.S_ISDIR(spot.stat().st_mode):
            raise
        return False
    return True


def _names(directory: int) -> list[str]:
    """What is in a directory, files first: they are nearer to what was meant if not all fit."""
    with os.scandir(directory) as entries:
        found = sorted((entry.is_dir(follow_symlinks=False), entry.name) for entry in entries)
    return [name for _, name in found]


def _link(source: Spot, target: Spot) -> None:
    os.link(
        source.name,
        target.name,
        src_dir_fd=source.directory,
        dst_dir_fd=target.directory,
        follow_symlinks=False,
    )


def _copy_link(source: Spot, target: Spot, found: os.stat_result) -> None:
    leads = os.readlink(source.name, dir_fd=source.directory)
    os.symlink(leads, target.name, dir_fd=target.directory)
    times = (found.st_atime_ns, found.st_mtime_ns)
    os.utime(target.name, ns=times, dir_fd=target.directory, follow_symlinks=False)


def _name(staged: Spot, target: Spot) -> None:
    """Give a finished file its name, unless something has it.

    Raises:
        FileExistsError: something has it.
    """
    try:
        _link(staged, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        # A file system without hard links: between the look and the step somebody could come.
        if _exists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        os.rename(
            staged.name, target.name, src_dir_fd=staged.directory, dst_dir_fd=target.directory
        )


def _give(fd: int, found: os.stat_result) -> None:
    """Give an open file or directory another's owner as far as we may, mode and times."""
    with contextlib.suppress(PermissionError):
        os.fchown(fd, found.st_uid, found.st_gid)
    os.fchmod(fd, stat.S_IMODE(found.st_mode))
    os.utime(fd, ns=(found.st_atime_ns, found.st_mtime_ns))


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]

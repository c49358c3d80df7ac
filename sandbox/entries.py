"""Names in opened directories: the steps out of which changes of files are made.

Everything goes through the descriptor of the directory, so that a directory renamed or replaced
by a link meanwhile cannot lead a step elsewhere.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Generator
from pathlib import Path

from ..config.replacing import temporary_name
from .errors import NotAFile
from .paths import Place, open_beneath

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_KINDS = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
)
# What the person set on the file. A capability is left out, as the kernel drops it on a write.
_KEPT_ATTRIBUTES = ("user.", "system.posix_acl_access", "security.selinux")


class Entry:
    """One name in an open directory, whether something has it or not."""

    def __init__(self, directory: int, path: Path) -> None:
        """`directory` stays the caller's to close."""
        self._directory = directory
        self.path = path

    def stat(self) -> os.stat_result | None:
        """What has the name, links not followed; `None` if nothing has."""
        try:
            return os.stat(self.path.name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def beside(self) -> "Entry":
        """A name in the same directory that nobody has."""
        return Entry(self._directory, self.path.with_name(temporary_name()))

    def rename(self, to: "Entry") -> None:
        """Give what has this name the other; whatever had that is gone."""
        os.rename(
            self.path.name, to.path.name, src_dir_fd=self._directory, dst_dir_fd=to._directory
        )

    def link(self, to: "Entry") -> None:
        """Give what has this name the other as well."""
        os.link(
            self.path.name,
            to.path.name,
            src_dir_fd=self._directory,
            dst_dir_fd=to._directory,
            follow_symlinks=False,
        )

    def unlink(self) -> None:
        """Take the name away."""
        os.unlink(self.path.name, dir_fd=self._directory)

    def sync(self) -> None:
        """Make the names in this directory survive a power cut."""
        # Some file systems cannot do this to a directory, and say so.
        with _unless(errno.EINVAL, errno.ENOTSUP):
            os.fsync(self._directory)

    def fill(self, data: bytes, mode: int | None, like: "Entry") -> None:
        """Make a file of this name, on disk with its content and the attributes of another.

        `mode` beats the other's; where there is neither, the umask decides.
        """
        old = like.stat()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        private = 0o666 if old is None and mode is None else 0o600
        fd = os.open(self.path.name, flags, private, dir_fd=self._directory)
        with open(fd, "wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if old is not None:
                like._give_attributes(old, fd)
                mode = stat.S_IMODE(old.st_mode) & 0o1777 if mode is None else mode
            if mode is not None:
                os.fchmod(fd, mode)
            os.fsync(fd)

    def replaceable(self) -> bool:
        """Whether a file has the name that may be replaced; `False` if nothing has it.

        Raises:
            NotAFile: something else has it.
            PermissionError: the file is not ours to write. Replacing it asks the directory only,
                but nobody who protected a file means that.
        """
        found = self.stat()
        if found is None:
            return False
        if kind(found) != "file":
            raise NotAFile(self.path, kind(found))
        effective = os.access in os.supports_effective_ids
        name, directory = self.path.name, self._directory
        if not os.access(name, os.W_OK, dir_fd=directory, effective_ids=effective):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path))
        return True

    def _give_attributes(self, old: os.stat_result, fd: int) -> None:
        """Give a file this one's owner and extended attributes, as far as we may."""
        new = os.fstat(fd)
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with contextlib.suppress(PermissionError):
                os.fchown(fd, -1, old.st_gid)
            with contextlib.suppress(PermissionError):
                os.fchown(fd, old.st_uid, -1)
        if not hasattr(os, "listxattr"):
            return
        here = f"/proc/self/fd/{self._directory}/{self.path.name}"
        with contextlib.suppress(OSError):
            for name in os.listxattr(here, follow_symlinks=False):
                if name.startswith(_KEPT_ATTRIBUTES):
                    os.setxattr(fd, name, os.getxattr(here, name, follow_symlinks=False))


def kind(found: os.stat_result) -> str:
    """`file`, or in one word what else it is."""
    if stat.S_ISREG(found.st_mode):
        return "file"
    return next((name for is_one, name in _KINDS if is_one(found.st_mode)), "device")


def open_parent(where: Place, made: list[Path]) -> int:
    """Open the directory that holds a place, making it and those above as needed.

    Directories that were made are added to `made`, outermost first.
    """
    parent = os.path.dirname(where.relative) or "."
    try:
        return open_beneath(where.root, parent, _DIRECTORY)
    except FileNotFoundError:
        pass
    here = open_beneath(where.root, ".", _DIRECTORY)
    path = where.root
    for part in Path(parent).parts:
        path /= part
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
                made.append(path)
                os.fsync(here)
            deeper = os.open(part, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
        finally:
            os.close(here)
        here = deeper
    return here


@contextlib.contextmanager
def _unless(*codes: int) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise

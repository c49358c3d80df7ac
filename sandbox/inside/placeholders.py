"""Takes the names that are free and that programs outside would obey, while commands run.

A placeholder is a directory with nothing in it, in git directories also a file. Its time of
modification says what it is, so nobody needs to remember. It is in use as long as anybody shares a
lock on it (flock(2)), of whichever session, user or container; locks are gone with the last process
that holds them, however that ends. Who gets the lock alone takes the placeholder away.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time

_MARK = 1_073_741_824
"""Seconds since 1970 (January 2004): even, since some file systems count in twos."""
_UNFINISHED = 0o1400
"""The mode until the mark is set: nobody else makes such a thing."""
_NEVER = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP)
"""Why we cannot make something where nobody inside can either. A full disk gets room again."""
_TRIES, _PAUSE = 1_000, 0.001
"""How often, and after how many seconds, what others make or take away is looked at again."""

_Identity = tuple[int, int]
"""Device and inode."""


class Placeholders:
    """Those of one helper. Its forks hold them as well, until they end."""

    def __init__(self, wanted: list[str]) -> None:
        """`wanted` are absolute paths; those of directories end with a slash."""
        self._wanted = wanted
        self._held: dict[str, tuple[int, _Identity]] = {}
        """Path to the descriptor that carries the lock, and what it was opened as."""

    def hold(self) -> list[str]:
        """Have the names taken that are free, and keep them; return all, whoever has them.

        Raises:
            OSError: one can be taken by what runs inside, but not by us.
        """
        for path in _in_place(self._wanted):
            name = path.rstrip("/")
            if name in self._held:
                held, identity = self._held[name]
                if _is_at(name, identity):
                    continue
                os.close(held)
                del self._held[name]
            self._take(path, _status(name))
        return [path.rstrip("/") for path in self._wanted]

    def release(self) -> None:
        """Let others take them away. For when nothing runs any more that we started."""
        for held, _ in self._held.values():
            os.close(held)
        self._held.clear()

    def _take(self, path: str, status: os.stat_result | None) -> None:
        name = path.rstrip("/")
        for _ in range(_TRIES):
            if status and not _looks_so(path, status):
                return
            try:
                if not status and not _make(path):
                    return
            except FileExistsError:
                status = _status(name)
                continue
            if locked := _lock(name):
                if not status or _is_unfinished(status):
                    _finish(locked[0])
                self._held[name] = locked
                return
            time.sleep(_PAUSE)
            status = _status(name)
        raise OSError(errno.EBUSY, "another program keeps the lock of this placeholder", name)


def take_away(wanted: list[str]) -> bool:
    """Remove the placeholders that nobody uses; return whether none is left that somebody does.

    For a process in whose view nothing is mounted on them.
    """
    return all([_remove(path) for path in reversed(_in_place(wanted))])


def stands_at(name: str) -> bool:
    """Whether there is an empty directory that is a placeholder."""
    status = _status(name)
    try:
        return status is not None and _looks_so(f"{name}/", status) and not os.listdir(name)
    except OSError:
        return False


def _looks_so(path: str, status: os.stat_result) -> bool:
    """Whether what has this status is a placeholder for a path as it is wanted, or was one: whether
    a directory is still empty it does not say."""
    empty = stat.S_ISREG(status.st_mode) and not status.st_size
    fits = stat.S_ISDIR(status.st_mode) if path.endswith("/") else empty
    return fits and (int(status.st_mtime) == _MARK or _is_unfinished(status))


def _in_place(wanted: list[str]) -> list[str]:
    """Those with nothing but directories on the way to them: where a link leads is no business of
    ours."""
    folders = {os.path.dirname(path.rstrip("/")) for path in wanted}
    own = {folder for folder in folders if os.path.realpath(folder) == folder}
    own = {folder for folder in own if os.path.isdir(folder) or not os.path.lexists(folder)}
    return [path for path in wanted if os.path.dirname(path.rstrip("/")) in own]


def _make(path: str) -> bool:
    """Make one, unfinished; return whether that can be done here.

    Raises:
        OSError: it can, but not now; `FileExistsError` if somebody just has.
    """
    name = path.rstrip("/")
    folder = os.path.dirname(name)
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder)
        if path.endswith("/"):
            os.mkdir(name, _UNFINISHED)
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(name, flags, _UNFINISHED))
    except OSError as error:
        if error.errno in _NEVER:
            return False
        raise
    return True


def _finish(held: int) -> None:
    """Mark what was made, then let others see into it."""
    # Some file systems have one mode and owner for everything.
    with contextlib.suppress(PermissionError):
        os.utime(held, (_MARK, _MARK))
        os.fchmod(held, 0o755 if stat.S_ISDIR(os.fstat(held).st_mode) else 0o644)


def _lock(name: str) -> tuple[int, _Identity] | None:
    """Open and share a placeholder; `None` if it is just being made or taken away."""
    try:
        held = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    # Where there are no locks nobody takes it away either.
    with contextlib.suppress(OSError):
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return None
    identity = _identity(os.fstat(held))
    if _is_at(name, identity):
        return held, identity
    os.close(held)
    return None


def _remove(path: str) -> bool:
    """Remove what is at a path if it is a placeholder that nobody uses; return whether none is
    left that somebody does."""
    name = path.rstrip("/")
    seen = _status(name)
    if seen is None or not _looks_so(path, seen):
        return True
    is_directory = path.endswith("/")
    # Over the network a file can be locked alone only by who may write it.
    mode = os.O_RDONLY if is_directory else os.O_RDWR
    try:
        alone = os.open(name, mode | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(alone)
        if _looks_so(path, status) and _is_at(name, _identity(status)):
            (os.rmdir if is_directory else os.unlink)(name)
    except BlockingIOError:
        return False
    except OSError:
        # A person has put something in it, say.
        return True
    finally:
        os.close(alone)
    return True


def _is_unfinished(status: os.stat_result) -> bool:
    # A directory may inherit that its group is passed on.
    return stat.S_IMODE(status.st_mode) & ~stat.S_ISGID == _UNFINISHED


def _status(name: str) -> os.stat_result | None:
    try:
        return os.lstat(name)
    except OSError:
        return None


def _is_at(name: str, identity: _Identity) -> bool:
    status = _status(name)
    return status is not None and _identity(status) == identity


def _identity(status: os.stat_result) -> _Identity:
    return (status.st_dev, status.st_ino)

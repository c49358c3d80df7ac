"""Takes away, at the end of a session, what was made for it in the workspace.

A process of its own that stays outside: there the made directories are no mount points, and it
lives on if the helper is killed.
"""

import contextlib
import os


class Janitor:
    """The janitor as its parent sees it."""

    def __init__(self, pid: int, telling: int) -> None:
        self._pid = pid
        self._telling = telling

    def finish(self) -> None:
        """Have it do its work, as the end of this process would; return when it is done."""
        os.close(self._telling)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def leave_outside(made: list[str]) -> Janitor:
    """Fork the janitor."""
    waiting, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.closerange(0, waiting)
            os.closerange(waiting + 1, 1 << 16)
            os.read(waiting, 1)
            own = {above for above in set(map(os.path.dirname, made)) if _is_itself(above)}
            for path in reversed(made):
                if os.path.dirname(path) in own:
                    _take_away(path)
        finally:
            os._exit(0)
    os.close(waiting)
    return Janitor(pid, telling)


def _is_itself(path: str) -> bool:
    """Whether no part of a path has become a link: what would be removed is not ours then."""
    return os.path.realpath(path) == path


def _take_away(path: str) -> None:
    """Remove something empty."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.lstat(path).st_size == 0:
            os.unlink(path)

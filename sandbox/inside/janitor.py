"""Takes away what was made in the workspace: when nothing runs, and at the end of a session.

A process of its own that stays outside: there the placeholders are no mount points (removing one
takes the mounts off it wherever there are any), and it lives on if the helper is killed.
"""

import contextlib
import os
import time

from .placeholders import take_away

_NOW, _LAST = b".", b"!"
_TRIES, _PAUSE = 100, 0.05
"""How often, and after how many seconds, it looks whether what a killed helper had started is
gone."""


class Janitor:
    """The janitor as its parent sees it."""

    def __init__(self, pid: int, telling: int) -> None:
        self._pid = pid
        self._telling = telling

    def tidy(self) -> None:
        """Have it do its work now; returns before that is done."""
        self._tell(_NOW)

    def finish(self) -> None:
        """Have it do its work and end; return when it has."""
        self._tell(_LAST)
        os.close(self._telling)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _tell(self, order: bytes) -> None:
        # Without it the next helper takes away what is left.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._telling, order)


def leave_outside(wanted: list[str]) -> Janitor:
    """Fork the janitor."""
    waiting, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.closerange(0, waiting)
            os.closerange(waiting + 1, 1 << 16)
            _obey(waiting, wanted)
        finally:
            os._exit(0)
    os.close(waiting)
    return Janitor(pid, telling)


def _obey(waiting: int, wanted: list[str]) -> None:
    while order := os.read(waiting, 1):
        take_away(wanted)
        if order == _LAST:
            return
    for _ in range(_TRIES):
        time.sleep(_PAUSE)
        if take_away(wanted):
            return

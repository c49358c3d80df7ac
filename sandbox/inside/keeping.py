"""Keeps what a command starts together, where there is no process namespace to do it.

A process of ours stands above the command, outside its walls. It adopts all that loses its parent
there, so that nothing gets away from it: not by forking twice, by a session of its own, or by an
empty environment. It ends when nothing is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from . import kernel
from .plan import Limits
from .watching import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LINGER, _GRACE = 0.1, 0.2
"""Seconds: what is left when the first process ended gets to end by itself; and then when asked,
less than whoever started us waits before it makes us."""
_HEARD = (signal.SIGCHLD, signal.SIGTERM)


def keep(limits: Limits, *, session: bool = True) -> None:
    """Fork, and return in the child, which is to become the command, in a `session` of its own.

    The parent ends as the command did, once nothing of it is left.
    """
    kernel.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    first = os.fork()
    if first:
        _Keeper(first, limits).live()
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    if session:
        os.setsid()


class _Keeper:
    def __init__(self, first: int, limits: Limits) -> None:
        self._first = first
        self._status = 0
        self._watcher = Watcher(limits, os.getcwd(), _below_us)
        self._deadline: float | None = None
        self._asked = False

    def live(self) -> NoReturn:
        """Wait until nothing is left, and end as the first process did."""
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while self._reap():
            heard = signal.sigtimedwait(_HEARD, self._patience())
            if heard is not None and heard.si_signo == signal.SIGTERM and not self._asked:
                self._ask()
            self._press()
        code = os.waitstatus_to_exitcode(self._status)
        if code < 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
            with contextlib.suppress(OSError, ValueError):
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code if code >= 0 else 128 - code)

    def _reap(self) -> bool:
        """Take note of the dead; return whether anything lives."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._first:
                self._status = status
                if not self._asked:
                    self._deadline = time.monotonic() + _LINGER

    def _patience(self) -> float:
        rest = 3600.0 if self._deadline is None else self._deadline - time.monotonic()
        return max(0.005, min(rest, self._watcher.patience()))

    def _press(self) -> None:
        """Go further with those that do not end in time, or take too much."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            if self._asked:
                _signal_all(signal.SIGKILL)
            else:
                self._ask()
        if why := self._watcher.look():
            with contextlib.suppress(OSError):
                os.write(2, f"kedge: the command was ended: {why}\n".encode())
            self._asked = True
            self._deadline = time.monotonic()
            _signal_all(signal.SIGKILL)

    def _ask(self) -> None:
        self._asked = True
        self._deadline = time.monotonic() + _GRACE
        _signal_all(signal.SIGTERM)
        # A stopped process takes no notice of SIGTERM until it runs again.
        _signal_all(signal.SIGCONT)


def _signal_all(number: int) -> None:
    """Signal all below us: whole groups at once, since forks cannot get ahead of that."""
    below = _descendants()
    groups = {group for group in below.values() if group != os.getpgrp()}
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, number)
    for pid in below:
        if below[pid] not in groups:
            with contextlib.suppress(OSError):
                os.kill(pid, number)


def _below_us() -> list[str]:
    return [str(pid) for pid in _descendants()]


def _descendants() -> dict[int, int]:
    """The living below us, each with its process group."""
    children: dict[int, list[int]] = {}
    groups: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                text = stat.read()
        except OSError:
            continue
        # proc(5): pid (name) state ppid pgrp …; the name may hold anything.
        state, parent, group, _ = text[text.rindex(b")") + 2 :].split(None, 3)
        children.setdefault(int(parent), []).append(int(name))
        if state not in b"ZXx":
            groups[int(name)] = int(group)
    found: dict[int, int] = {}
    waiting = children.get(os.getpid(), [])
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, ())
        if pid in groups:
            found[pid] = groups[pid]
    return found

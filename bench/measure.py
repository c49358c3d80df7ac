"""Runs a program and says what it took."""

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

PATIENCE_SECONDS = 120.0
"""When a program that does not end is killed, with all of its session."""


class BenchError(Exception):
    """A measurement that means nothing, and why."""


class Finished(Struct, frozen=True):
    """A program that ended well."""

    began: float
    """Seconds on `time.monotonic()`, just before it was started."""
    ended: float
    cpu: float
    """Seconds, user and system, of the program and of all children that it waited for."""

    @property
    def seconds(self) -> float:
        """From start to end."""
        return self.ended - self.began


class Child:
    """A program under way."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: IO[bytes], began: float) -> None:
        self._process = process
        self._said = said
        self._began = began

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def running(self) -> bool:
        """Whether it has not ended yet; does not reap it."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is None

    def wait(self) -> Finished:
        """Wait for its end.

        Raises:
            BenchError: it failed, or had to be killed.
        """
        _, status, usage = os.wait4(self.pid, 0)
        ended = time.monotonic()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if self._process.returncode != 0:
            self._said.seek(0)
            said = self._said.read().decode("utf-8", "replace").strip()
            raise BenchError(
                f"{self._process.args!r}: exit code {self._process.returncode}\n{said}"
            )
        return Finished(self._began, ended, usage.ru_utime + usage.ru_stime)

    def kill(self) -> None:
        """End it with all of its session, if it has not been waited for."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)


@contextmanager
def started(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Generator[Child]:
    """Start a program; it is killed if it is still there at the end of the block."""
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        child = Child(process, said, began)
        timer = threading.Timer(PATIENCE_SECONDS, child.kill)
        timer.daemon = True
        timer.start()
        try:
            yield child
        finally:
            timer.cancel()
            child.kill()
            process.wait()


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Finished:
    """Run a program to its end.

    Raises:
        BenchError: it failed, or had to be killed.
    """
    with started(command, cwd, env) as child:
        return child.wait()


def median(samples: Sequence[float]) -> float:
    """The middle one.

    Raises:
        BenchError: there is none.
    """
    if not samples:
        raise BenchError("nothing was measured")
    return statistics.median(samples)

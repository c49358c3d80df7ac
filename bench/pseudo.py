"""A program in a pseudo-terminal of 120 by 40 that answers what terminals answer."""

import os
import pty
import re
import select
import signal
import statistics
import string
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from measure import BenchError

PATIENCE = 240.0
"""Seconds after which something that was waited for never happens."""
ORDERS = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
"""Control sequences: they have letters, too."""
_ANSWERS = {
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b]11;?\x1b\\": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    b"\x1b[c": b"\x1b[?62;22c",
}
"""Where the cursor is, what colour the background has, which terminal it is: what xterm and all
that take after it answer at once. Another one is measured with `silent`."""
CLEARED = b"\x15" * 2 + b"\x7f" * 30
"""Keys after which nothing stands in the prompt."""
_LONGEST = max(map(len, _ANSWERS))


class Terminal:
    """A program in a terminal of its own."""

    def __init__(
        self,
        command: tuple[str, ...],
        cwd: Path,
        env: Mapping[str, str],
        *,
        silent: bool = False,
        hands: tuple[int, ...] = (),
    ) -> None:
        """`silent` ones say only where the cursor is; the program inherits `hands`, descriptors."""
        self._screen, inside = pty.openpty()
        self._answers = {b"\x1b[6n": b"\x1b[1;1R"} if silent else _ANSWERS
        self._size(inside, 120, 40)
        self.written = 0
        """Bytes that came from the program."""
        self._tail = b""
        self._asked = b""
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
            pass_fds=hands, env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(inside)

    def _size(self, descriptor: int, columns: int, rows: int) -> None:
        ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """Make it another size; the kernel tells the program."""
        self._size(self._screen, columns, rows)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._screen, keys)

    def read(self, seconds: float) -> bytes:
        """What is written within that time; returns with the first of it.

        Raises:
            BenchError: the program has ended.
        """
        if not select.select([self._screen], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._screen, 1 << 16)
        except OSError as error:  # nobody has the other end any more
            raise BenchError(f"the program has ended; last: {self._tail[-300:]!r}") from error
        self.written += len(data)
        self._answer(data)
        self._tail = (self._tail + data)[-4096:]
        return data

    def _answer(self, data: bytes) -> None:
        asked = self._asked + data
        end = 0
        for question, answer in self._answers.items():
            at = asked.find(question)
            while at >= 0:
                self.press(answer)
                end = max(end, at + len(question))
                at = asked.find(question, at + len(question))
        # A question may come in two pieces, and counts once.
        self._asked = asked[max(end, len(asked) - _LONGEST + 1) :]

    def until(self, words: bytes, patience: float = PATIENCE) -> float:
        """Until it writes that, from now on; seconds since it was started.

        Raises:
            BenchError: it never did.
        """
        seen, end = b"", time.monotonic() + patience
        while words not in seen:
            seen = seen[-len(words) :] + self.read(0.05)
            if time.monotonic() > end:
                raise BenchError(f"never seen: {words!r}; last: {self._tail[-300:]!r}")
        return time.monotonic() - self.began

    def wait(self, claim: Callable[[], bool], what: str, patience: float = 30.0) -> None:
        """Read until something is so.

        Raises:
            BenchError: it never was.
        """
        end = time.monotonic() + patience
        while not claim():
            self.read(0.002)
            if time.monotonic() > end:
                raise BenchError(f"{what}: never; last: {self._tail[-300:]!r}")

    def rest(self, seconds: float) -> None:
        """Only read for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(min(left, 0.05))

    def settle(self, quiet: float = 0.3, patience: float = 60.0) -> float:
        """Read until nothing was written for that long; seconds until the last of it came."""
        began = last = time.monotonic()
        while (now := time.monotonic()) - last < quiet and now - began < patience:
            if self.read(0.01):
                last = time.monotonic()
        return last - began

    def latency(self, key: str, patience: float = 5.0) -> float:
        """Seconds from a key to its character on the screen.

        Raises:
            BenchError: it never came.
        """
        began = time.monotonic()
        self.press(key.encode())
        while key.encode() not in ORDERS.sub(b"", self.read(0.5)):
            if time.monotonic() - began > patience:
                raise BenchError(f"the key {key!r} was never answered")
        return time.monotonic() - began

    @property
    def cpu(self) -> float:
        """Seconds of the processor that all its processes have used, so far."""
        ticks = 0
        for fields in self._processes().values():
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _processes(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self._process.pid:
                found[int(stat.parent.name)] = fields
        return found

    def memory(self, kind: str = "Pss") -> float:
        """Bytes that all its processes hold: `Pss`, shared pages in parts, or `Rss`, in full."""
        total = 0
        for pid in self._processes():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            line = next((one for one in rollup.splitlines() if one.startswith(f"{kind}:")), "")
            total += int(line.split()[1]) * 1024 if line else 0
        return float(total)

    def close(self) -> None:
        """End it, with all that it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            end = time.monotonic() + 5
            while self._process.poll() is None and time.monotonic() < end:
                try:
                    self.read(0.05)
                except BenchError:
                    break
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._screen)


@contextmanager
def terminal(
    command: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    *,
    silent: bool = False,
    hands: tuple[int, ...] = (),
) -> Generator[Terminal]:
    """A program in a terminal, ended afterwards."""
    opened = Terminal(command, cwd, env, silent=silent, hands=hands)
    try:
        yield opened
    finally:
        opened.close()


def typed(screen: Terminal, keys: int, *, resized: bool = False) -> list[float]:
    """Latencies of so many keys, four a second; `resized`: every other time with another window.
    What streams in has small letters only: a large one on the screen is the key's."""
    found: list[float] = []
    for number in range(keys):
        if number % 26 == 0:
            screen.press(CLEARED)
            screen.rest(0.3)
        if resized and number % 2:
            screen.resize(120 - number % 3, 40 - number % 2)
        found.append(screen.latency(string.ascii_uppercase[number % 26]))
        screen.rest(0.25)
    return found


def quantile(samples: list[float], percent: int) -> float:
    """What so many of a hundred samples do not exceed."""
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]

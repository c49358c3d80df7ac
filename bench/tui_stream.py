"""What the transcript costs while it is looked at: `python bench/tui_stream.py [--quick]`.

The application of `tui_child.py`, transcript and composer, runs in a pseudo-terminal of 120 by 40,
and everything that it writes is read at once. Keys are typed into that terminal: a key is answered
when its character comes back. Exit status 1 if a figure was missed.
"""

import argparse
import os
import pty
import re
import select
import signal
import statistics
import string
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from measure import BenchError
from table import MB, MS, SECONDS, Row, Unit, layout, within

BLOCKS = 2_000
RATE = 200
"""Tokens a second while keys are typed."""
FAST = 2_000
"""Tokens a second where only the processor's time counts."""
TOKENS = 20_000
PERCENT = Unit("%", 100.0, 2)
_F5 = b"\x1b[15~"
_ORDERS = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
"""Control sequences: they have large letters, too."""
_PATIENCE = 120.0
_HERE = Path(__file__).parent


class Terminal:
    """A child in a terminal of its own."""

    def __init__(self, child: "subprocess.Popen[bytes]", screen: int, told: int) -> None:
        self._child, self._screen, self._told = child, screen, told
        self.written = 0
        """Bytes that came from the child."""

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._screen, keys)

    def read(self, seconds: float) -> bytes:
        """What is written within that time; returns with the first of it."""
        ready, _, _ = select.select([self._screen], [], [], seconds)
        data = os.read(self._screen, 1 << 16) if ready else b""
        self.written += len(data)
        return data

    def until(self, words: str) -> None:
        """Until the child says so."""
        said, end = "", time.monotonic() + _PATIENCE
        while words not in said:
            self.read(0.01)
            if select.select([self._told], [], [], 0)[0]:
                said += os.read(self._told, 100).decode()
            if time.monotonic() > end or self._child.poll() is not None:
                raise BenchError(f"the child never said {words!r}")

    def rest(self, seconds: float) -> None:
        """Only read for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of the processor's time that the child has used."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Its proportional set size, in bytes."""
        rollup = Path(f"/proc/{self._child.pid}/smaps_rollup").read_text()
        line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return float(line.split()[1]) * 1024

    def latency(self, key: str) -> float:
        """Seconds from a key to its character on the screen."""
        began = time.monotonic()
        self.press(key.encode())
        while key.encode() not in _ORDERS.sub(b"", self.read(1.0)):
            if time.monotonic() - began > 5:
                raise BenchError(f"the key {key!r} was never answered")
        return time.monotonic() - began


@contextmanager
def child(what: str, blocks: int, rate: int, tokens: int) -> Generator[Terminal]:
    """The application, once it is at rest."""
    screen, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    told, telling = os.pipe()
    command = [
        sys.executable,
        str(_HERE / "tui_child.py"),
        what,
        str(blocks),
        str(rate),
        str(tokens),
    ]
    env = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor")
    env["PYTHONPATH"] = str(_HERE.parent / "tests")

    def third() -> None:
        os.dup2(telling, 3)

    process = subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=env,
        start_new_session=True, close_fds=False, preexec_fn=third,
    )  # fmt: skip
    os.close(inside)
    terminal = Terminal(process, screen, told)
    try:
        terminal.until("ready")
        yield terminal
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for descriptor in (screen, told, telling):
            os.close(descriptor)


def typed(terminal: Terminal, keys: int) -> list[float]:
    """Latencies of so many keys, four a second."""
    found: list[float] = []
    for number in range(keys):
        if number % 26 == 0:
            # The stream has small letters only: a large one on the screen is the key's.
            terminal.press(b"\x15" * 2 + b"\x7f" * 30)
            terminal.rest(0.3)
        found.append(terminal.latency(string.ascii_uppercase[number % 26]))
        terminal.rest(0.25)
    return found


def latency(keys: int) -> Iterator[Row]:
    """Typing while an answer streams into a long session, and while nothing happens."""
    with child("kedge", 0, RATE, 0) as terminal:
        floor = typed(terminal, keys)
    with child("kedge", BLOCKS, RATE, RATE * 600) as terminal:
        terminal.press(_F5)
        terminal.rest(1)
        before, began = terminal.written, time.monotonic()
        samples = typed(terminal, keys)
        pace = (terminal.written - before) / (time.monotonic() - began) / 1000
    what = f"key to screen, {RATE} tokens/s into {BLOCKS:,} blocks"
    for name, number in (("median", 0.5), ("p95", 0.95)):
        ours, theirs = _quantile(samples, number), _quantile(floor, number)
        note = f"{keys} keys; the terminal got {pace:,.0f} kB a second meanwhile"
        yield within(
            f"{what}, {name} (floor: at rest)", [ours], MS, 0.030, floor=[theirs], note=note
        )


def _quantile(samples: list[float], share: float) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[round(share * 100) - 1]


def processor(tokens: int) -> Iterator[Row]:
    """The processor's time for a long answer, that for resting taken off."""
    spent: dict[str, float] = {}
    for what in ("kedge", "log"):
        with child(what, 0, FAST, tokens) as terminal:
            before = terminal.cpu
            terminal.press(_F5)
            terminal.until("streamed")
            spent[what] = terminal.cpu - before
    name = f"{tokens:,} tokens at {FAST:,}/s, CPU (floor: textual's Log)"
    yield within(name, [spent["kedge"]], SECONDS, 2.0 * tokens / TOKENS, floor=[spent["log"]])


def rest() -> Iterator[Row]:
    """Memory and processor of a long session that is looked at."""
    memory: list[float] = []
    shares: list[float] = []
    for blocks in (BLOCKS, 0):
        with child("kedge", blocks, RATE, 0) as terminal:
            memory.append(terminal.memory)
            before, began = terminal.cpu, time.monotonic()
            terminal.rest(10)
            shares.append((terminal.cpu - before) / (time.monotonic() - began))
    full, empty = memory
    yield within(f"memory, {BLOCKS:,} blocks (floor: none)", [full], MB, 200e6, floor=[empty])
    busy, idle = shares
    yield within("CPU at rest (floor: no blocks)", [busy], PERCENT, 0.01, floor=[idle])


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description="Measure the transcript in a terminal.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the keys and tokens")
    quick = parser.parse_args().quick
    try:
        rows = [
            *latency(26 if quick else 130),
            *processor(TOKENS // 5 if quick else TOKENS),
            *rest(),
        ]
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print("\n".join(layout(rows)))
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

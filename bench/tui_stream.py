"""What the transcript costs while it is looked at: `python bench/tui_stream.py [--quick]`.

The application of `tui_child.py`, transcript and composer, runs in a pseudo-terminal of 120 by 40,
and everything that it writes is read at once. Keys are typed into that terminal: a key is answered
when its character comes back. Exit status 1 if a figure was missed.
"""

import argparse
import os
import select
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import BenchError
from pseudo import Terminal, quantile, terminal, typed
from table import MB, MS, SECONDS, Row, Unit, layout, within

from kedge.cli.tui.start import HASTE

BLOCKS = 2_000
RATE = 200
"""Tokens a second while keys are typed."""
FAST = 2_000
"""Tokens a second where only the processor's time counts."""
TOKENS = 20_000
PERCENT = Unit("%", 100.0, 2)
_F5 = b"\x1b[15~"
_PATIENCE = 120.0
_HERE = Path(__file__).parent


class Child:
    """The application in a terminal, which says how far it is."""

    def __init__(self, screen: Terminal, told: int) -> None:
        self.screen, self._told = screen, told
        self._said = ""

    def until(self, words: str) -> None:
        """Until it says so.

        Raises:
            BenchError: it never did.
        """
        self.screen.wait(lambda: self._says(words), f"the application says {words!r}", _PATIENCE)

    def _says(self, words: str) -> bool:
        if select.select([self._told], [], [], 0)[0]:
            self._said += os.read(self._told, 100).decode()
        return words in self._said


@contextmanager
def child(what: str, blocks: int, rate: int, tokens: int) -> Generator[Child]:
    """The application, once it is at rest."""
    told, telling = os.pipe()
    asked = (what, blocks, rate, tokens, telling)
    command = (sys.executable, str(_HERE / "tui_child.py"), *map(str, asked))
    env = {**os.environ, **HASTE, "PYTHONPATH": str(_HERE.parent / "tests")}
    try:
        with terminal(command, _HERE, env, hands=(telling,)) as screen:
            started = Child(screen, told)
            started.until("ready")
            yield started
    finally:
        os.close(told)
        os.close(telling)


def latency(keys: int) -> Iterator[Row]:
    """Typing while an answer streams into a long session, and while nothing happens."""
    with child("kedge", 0, RATE, 0) as shown:
        floor = typed(shown.screen, keys)
    with child("kedge", BLOCKS, RATE, RATE * 600) as shown:
        screen = shown.screen
        screen.press(_F5)
        screen.rest(1)
        before, began = screen.written, time.monotonic()
        samples = typed(screen, keys)
        pace = (screen.written - before) / (time.monotonic() - began) / 1000
    what = f"key to screen, {RATE} tokens/s into {BLOCKS:,} blocks"
    for name, number in (("median", 50), ("p95", 95)):
        ours, theirs = quantile(samples, number), quantile(floor, number)
        note = f"{keys} keys; the terminal got {pace:,.0f} kB a second meanwhile"
        yield within(
            f"{what}, {name} (floor: at rest)", [ours], MS, 0.030, floor=[theirs], note=note
        )


def processor(tokens: int) -> Iterator[Row]:
    """The processor's time for a long answer, that for resting taken off."""
    spent: dict[str, float] = {}
    for what in ("kedge", "log"):
        with child(what, 0, FAST, tokens) as shown:
            before = shown.screen.cpu
            shown.screen.press(_F5)
            shown.until("streamed")
            spent[what] = shown.screen.cpu - before
    name = f"{tokens:,} tokens at {FAST:,}/s, CPU (floor: textual's Log)"
    yield within(name, [spent["kedge"]], SECONDS, 2.0 * tokens / TOKENS, floor=[spent["log"]])


def rest() -> Iterator[Row]:
    """Memory and processor of a long session that is looked at."""
    memory: list[float] = []
    resident: list[float] = []
    shares: list[float] = []
    for blocks in (BLOCKS, 0):
        with child("kedge", blocks, RATE, 0) as shown:
            screen = shown.screen
            memory.append(screen.memory())
            resident.append(screen.memory("Rss"))
            before, began = screen.cpu, time.monotonic()
            screen.rest(10)
            shares.append((screen.cpu - before) / (time.monotonic() - began))
    full, empty = memory
    what, note = f"memory, {BLOCKS:,} blocks (floor: none)", f"PSS; RSS is {MB.show(resident[0])}"
    yield within(what, [full], MB, 200e6, floor=[empty], note=note)
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

"""What keeping sessions costs: `python bench/sessions.py [--sessions N] [--megabytes M]`.

Makes logs in a temporary folder, then prints medians in milliseconds: appending with and without
waiting for the disk, lists and searches over the index and without it, bringing the index up to
date, and folding a long log as a resumed session does. Exit status 1 if a figure was missed.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kedge.agent.bus import Bus
from kedge.agent.events import ActionEnded, Event, MessageAdded, SessionStarted, TurnStarted
from kedge.agent.messages import Text, ToolCall
from kedge.agent.session import fold
from kedge.agent.stores.index import SessionIndex
from kedge.agent.stores.jsonl import JsonlLog, JsonlStore
from kedge.agent.stores.scanning import scan, scan_for
from kedge.agent.stores.summary import Where

TARGETS = {"append": 1.0, "list": 100.0, "search": 100.0, "resume": 300.0}
"""Milliseconds."""
ROUNDS = 15
WORDS = [f"{a}{b}{c}" for a in ("sa", "mo", "ke", "ri") for b in ("il", "or", "dge", "g") for c in
         ("", "s", "ing", "ed", "er", "able")]  # fmt: skip
OPENING = SessionStarted(
    cwd="/work/harbour", git_head=None, kedge_version="0", config_version="c", experiment_arm=None,
    policy_hash="p", sandbox="none", mode="auto", model="test/model", system="s" * 4000,
    environment="e" * 2000, tools=(), repository="example.org/crew/harbour",
)  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what keeping sessions costs.")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--megabytes", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as folder:
        rows = measured(Path(folder), options.sessions, options.megabytes)
    missed = 0
    for name, took in rows:
        target = TARGETS.get(name.partition(":")[0])
        missed += target is not None and took > target
        wanted = f"< {target:.0f} ms {'ok' if took <= target else 'MISSED'}" if target else ""
        print(f"{name:<52} {took:>10.3f} ms  {wanted}")
    return 1 if missed else 0


def measured(folder: Path, sessions: int, megabytes: int) -> list[tuple[str, float]]:
    """Each figure with its median."""
    store = JsonlStore(folder / "sessions")
    rows = [*appending(folder / "appending")]
    for number in range(sessions):
        fill(store, f"20260101-000000-{number:06x}", megabytes * 1_000_000 // sessions)
    index = SessionIndex(folder / "sessions.db", store)
    rows.append(("index: made from nothing", timed(index.rebuild, 1)))
    rows.append(("index: after one session went on", timed(lambda: grown(store, index), ROUNDS)))
    size = sum(file.stat().st_size for file in folder.glob("sessions.db*")) / 1e6
    rows.append((f"index: nothing new ({size:.0f} MB)", timed(index.update, ROUNDS)))
    here = Where("/work/harbour", "example.org/crew/harbour")
    rows.append((f"list: {sessions} sessions", timed(lambda: listed(index, here), ROUNDS)))
    for query in ("keel", "sailing", "sailing morable", '"rigs keor"'):
        rows.append((f"search: {query}", timed(lambda q=query: searched(index, q, here), ROUNDS)))
    rows.append(("without index: list", timed(lambda: list(scan(store)), 1)))
    rows.append(("without index: search", timed(lambda: scan_for(store, "keel", 20), 1)))
    rows += resuming(store)
    return rows


def appending(folder: Path) -> list[tuple[str, float]]:
    """One line of 700 bytes."""
    log = JsonlStore(folder).open("s")
    line = b"x" * 700
    bare = timed(lambda: log.append(line), 1000)
    synced = timed(lambda: one_synced(log, line), 200)
    log.close()
    return [("append: without waiting for the disk", bare), ("append and sync", synced)]


def one_synced(log: JsonlLog, line: bytes) -> None:
    """As before an action."""
    log.append(line)
    log.sync()


def fill(store: JsonlStore, session: str, size: int) -> None:
    """A session of about that many bytes: a sixth of it is said, the rest is output of tools."""
    chance = random.Random(session)
    log = store.open(session)
    bus = Bus(session, log, durable=False)
    bus.emit(OPENING)
    written = 8000
    number = 0
    while written < size:
        written += turn(bus, chance, number)
        number += 1
    log.close()


def turn(bus: Bus, chance: random.Random, number: int) -> int:
    """One prompt with its answers; returns about how many bytes that is."""
    bus.turn += 1
    bus.emit(TurnStarted((Text(text(chance, 40)),)))
    for step in range(8):
        id = f"call_{number}_{step}"
        call = ToolCall(id, "bash", '{"command":"make"}')
        bus.emit(MessageAdded("assistant", (Text(text(chance, 60)), call), stop_reason="tool_use"))
        bus.emit(ActionEnded(id, "bash", "ok", (Text("output\n" * 300),)))
    bus.emit(MessageAdded("assistant", (Text(text(chance, 120)),)))
    return 25_000


def text(chance: random.Random, words: int) -> str:
    """Words; now and then a rare one."""
    rare = ["keel"] if chance.random() < 0.01 else []
    return " ".join([*chance.choices(WORDS, k=words), *rare])


def grown(store: JsonlStore, index: SessionIndex) -> None:
    """One more turn in one session, taken in."""
    session = store.sessions()[-1]
    log = store.open(session)
    turn(Bus(session, log, durable=False), random.Random(1), 10_000)
    log.close()
    index.update()


def listed(index: SessionIndex, here: Where) -> None:
    """As the command does it: bring it up to date, then list."""
    index.update()
    index.summaries(here)


def searched(index: SessionIndex, query: str, here: Where) -> None:
    """As the command does it."""
    index.update()
    index.search(query, 20, here)


def resuming(store: JsonlStore) -> list[tuple[str, float]]:
    """Folding a log of 10 MB, and opening it."""
    fill(store, "long", 10_000_000)
    facts: list[Event] = list(store.read("long"))
    size = os.path.getsize(store.path("long")) / 1e6
    return [
        (
            f"resume: {len(facts)} facts, {size:.0f} MB, folded",
            timed(lambda: fold(store, "long"), 5),
        ),
        ("resume: opened for appending", timed(lambda: store.open("long").close(), 5)),
    ]


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median, in milliseconds."""
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    sys.exit(main())

"""What keeping sessions costs: `python bench/sessions.py [--sessions N] [--megabytes M]`.

Makes logs in a temporary folder, then prints a table: appending with and without waiting for the
disk, lists and searches over the index and without it, bringing the index up to date, folding a
long log, and the commands themselves, from the start of the process to the end of a list, or to the
first request of a session that goes on. Exit status 1 if a figure was missed.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from measure import median, run
from rig import Rig, interleaved, of_run
from table import MS, Row, Unit, layout, within

from kedge.agent.bus import Bus
from kedge.agent.effects import Effect
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    Compacted,
    Decision,
    Event,
    MessageAdded,
    ModelRequest,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Text, ToolCall
from kedge.agent.session import fold
from kedge.agent.stores.index import SessionIndex
from kedge.agent.stores.jsonl import JsonlLog, JsonlStore
from kedge.agent.stores.scanning import scan, scan_for
from kedge.agent.stores.summary import Where
from loopback.script import Script
from loopback.script import Text as Words
from loopback.script import Turn as Answer

APPEND, LIST, SEARCH, RESUME = 0.001, 0.100, 0.200, 0.300
"""Seconds; all but that of a search are promised for 10,000 sessions, or facts."""
ROUNDS = 15
FINE = Unit("ms", 1000.0, 3)
WORDS = [f"{a}{b}{c}" for a in ("sa", "mo", "ke", "ri") for b in ("il", "or", "dge", "g") for c in
         ("", "s", "ing", "ed", "er", "able")]  # fmt: skip
OPENING = SessionStarted(
    cwd="/srv/harbour", git_head=None, kedge_version="0", config_version="c", experiment_arm=None,
    policy_hash="p", sandbox="none", mode="auto", model="test/model", system="s" * 4000,
    environment="e" * 2000, tools=(), repository="example.org/crew/harbour",
)  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what keeping sessions costs.")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as name:
        folder = Path(name).resolve()
        rig = Rig(folder, quick=False)
        store = JsonlStore(folder / "home/.local/state/kedge/sessions")
        index = SessionIndex(folder / "home/.local/state/kedge/sessions.db", store)
        rows = list(appending(folder / "appending"))
        for number in range(options.sessions):
            size = options.megabytes * 1_000_000 // options.sessions
            fill(store, f"20260101-000000-{number:06x}", size)
        rows += indexed(store, index, options.sessions)
        rows += resuming(store)
        rows += commands(rig, store)
    print("\n".join(layout(rows)))
    return 1 if any(row.reached is False for row in rows) else 0


def appending(folder: Path) -> Iterator[Row]:
    """One line of 700 bytes, against the bare system call."""
    log = JsonlStore(folder).open("s")
    line = b"x" * 700
    bare = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    writing = timed(lambda: os.write(bare, line), 1000)
    yield within("append", timed(lambda: log.append(line), 1000), FINE, APPEND, floor=writing,
                 note="floor: one write(2)")  # fmt: skip
    yield Row("append and wait for the disk", FINE.show(median(timed(partial(synced, log), 200))))
    log.close()
    os.close(bare)


def synced(log: JsonlLog) -> None:
    """As before an action that changes something."""
    log.append(b"x" * 700)
    log.sync()


def indexed(store: JsonlStore, index: SessionIndex, sessions: int) -> Iterator[Row]:
    """The index, beside asking the kernel once about each file."""
    yield Row("index: made from nothing", MS.show(median(timed(index.rebuild, 1))))
    yield Row("index: one session went on", MS.show(median(timed(partial(grown, store, index)))))
    floor = timed(lambda: sum(1 for _ in store.files()))
    yield Row("index: nothing new", MS.show(median(timed(index.update))), MS.show(median(floor)),
              note="floor: stat of every log")  # fmt: skip
    here = Where("/srv/harbour", "example.org/crew/harbour")
    took = timed(partial(listed, index, here))
    yield within(f"list {sessions:,} sessions", took, MS, LIST, floor=floor)
    for query in ("keel", "sailing", "sailing morable", '"rigs keor"'):
        took = timed(partial(searched, index, query, here))
        yield within(f"search {query}", took, MS, SEARCH, floor=floor)
    yield Row("list without index", MS.show(median(timed(lambda: list(scan(store)), 1))))
    found = timed(lambda: scan_for(store, "keel", 20), 1)
    yield Row("search keel without index", MS.show(median(found)))


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
    """One prompt with all the facts that a run writes; returns about how many bytes that is."""
    bus.turn += 1
    bus.emit(TurnStarted((Text(text(chance, 40)),)))
    for step in range(8):
        id = f"call_{number}_{step}"
        call = ToolCall(id, "bash", '{"command":"make"}')
        bus.emit(ModelRequest("main", OPENING.model, 20_000))
        bus.emit(MessageAdded("assistant", (Text(text(chance, 60)), call), stop_reason="tool_use"))
        bus.emit(ActionProposed(id, "bash", {"command": "make"}, (Effect("run", "make"),)))
        bus.emit(Decision(id, "allow", "mode", "confined by the sandbox"))
        bus.emit(ActionStarted(id, "bash"))
        bus.emit(ActionEnded(id, "bash", "ok", (Text("output\n" * 300),)))
    bus.emit(ModelRequest("main", OPENING.model, 20_000))
    bus.emit(MessageAdded("assistant", (Text(text(chance, 120)),)))
    bus.emit(TurnEnded("done"))
    return 35_000


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


def resuming(store: JsonlStore) -> Iterator[Row]:
    """Reading and folding a log of 10,000 facts, the last turns of which a model still sees."""
    log = store.open(LONG)
    bus = Bus(LONG, log, durable=False)
    bus.emit(OPENING)
    chance = random.Random(LONG)
    while bus.last_seq < LONG_FACTS:
        turn(bus, chance, bus.turn)
    bus.emit(Compacted(bus.last_seq, "What was done so far. " * 100))
    for _ in range(3):
        turn(bus, chance, bus.turn)
    log.close()
    facts: list[Event] = list(store.read(LONG))
    size = os.path.getsize(store.path(LONG)) / 1e6
    took = timed(lambda: fold(store, LONG), 5)
    yield within(f"fold {len(facts):,} facts, {size:.0f} MB", took, MS, RESUME)


LONG = "20260101-000001-ffffff"
LONG_FACTS = 10_000


def commands(rig: Rig, store: JsonlStore) -> Iterator[Row]:
    """Whole processes, beside a Python that does nothing and a run of a new session."""
    answers = Script((Answer((Words("Done."),)),) * (3 * ROUNDS))
    with rig.server(answers) as server, rig.workspace() as place:
        kedge = rig.kedge(server.url)
        whole = store.path(LONG).read_bytes()

        def listing(*options: str) -> float:
            return run((rig.kedge_program, "sessions", *options), place, rig.env).seconds

        def going_on() -> float:
            # The answer of the round before is taken away, so that all rounds are alike.
            store.path(LONG).write_bytes(whole)
            store.path(LONG).with_suffix(".head").unlink(missing_ok=True)
            again = kedge.with_options("-r", LONG, "-C", str(place))
            finished = again.run(place)
            return of_run(server.log, finished).requests[0].at - finished.began

        def anew() -> float:
            finished = kedge.run(place)
            return of_run(server.log, finished).requests[0].at - finished.began

        python = partial(run, (sys.executable, "-c", "pass"), place, rig.env)
        took = interleaved(
            ROUNDS,
            {
                "python": lambda: python().seconds,
                "list": partial(listing, "list", "--all"),
                "search": partial(listing, "search", "--all", "keel"),
            },
        )
        took |= interleaved(ROUNDS, {"anew": anew, "resume": going_on})
    floor = MS.show(median(took["python"]))
    listed = MS.show(median(took["list"]))
    yield Row("kedge sessions list --all", listed, floor, note="floor: python -c pass")
    yield Row("kedge sessions search --all keel", MS.show(median(took["search"])), floor)
    yield within("kedge -r: start to first request", took["resume"], MS, RESUME, floor=took["anew"],
                 note="floor: a new session's first request")  # fmt: skip


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Seconds that it took, each time."""
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return took


if __name__ == "__main__":
    sys.exit(main())

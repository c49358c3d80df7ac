"""Memory: over 20 turns, after 200, and of 16 runs at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from measure import PATIENCE_SECONDS, BenchError, Child, median, started
from memory import peak, tree_pss
from rig import Rig, interleaved
from scenes import tool_turns
from table import MB, Row, within
from turns import PROGRAMS, Program

from loopback.process import ServerProcess

_SHORT, _LONG, _AT_ONCE = 20, 200, 16
_ROUNDS = 5
_PEAK_BYTES, _GROWTH_BYTES, _EACH_BYTES = 60e6, 10e6, 45e6
_SETTLE_SECONDS = 0.3
"""How long runs that wait for the rest of their answer are looked at."""

_REQUEST = b'{"request":'


def twenty(rig: Rig) -> Iterator[Row]:
    """The most that the whole process tree holds at any moment of 20 turns."""
    takes = {each.name: partial(_peak, rig, each) for each in PROGRAMS[:2]}
    sizes = interleaved(rig.rounds(_ROUNDS), takes)
    what = "20 turns, peak PSS of the tree (floor: httpx2)"
    yield within(what, sizes["kedge"], MB, _PEAK_BYTES, floor=sizes["httpx2"])


def growth(rig: Rig) -> Iterator[Row]:
    """How much more a run holds after 200 turns than after 20."""
    kedge, floor = PROGRAMS[:2]
    sizes = interleaved(
        rig.rounds(3),
        {
            "short": partial(_held, rig, kedge, _SHORT, 1),
            "long": partial(_held, rig, kedge, _LONG, 1),
            "floor short": partial(_held, rig, floor, _SHORT, 1),
            "floor long": partial(_held, rig, floor, _LONG, 1),
        },
    )
    grown = median(sizes["long"]) - median(sizes["short"])
    floors = median(sizes["floor long"]) - median(sizes["floor short"])
    what = "PSS after 200 turns less that after 20 (floor: httpx2)"
    yield within(what, [grown], MB, _GROWTH_BYTES, floor=[floors])


def at_once(rig: Rig) -> Iterator[Row]:
    """What each of 16 runs holds while all are under way."""
    takes = {each.name: partial(_held, rig, each, _SHORT, _AT_ONCE) for each in PROGRAMS[:2]}
    sizes = interleaved(rig.rounds(2), takes)
    what = "16 runs at once, PSS of each (floor: httpx2)"
    yield within(what, sizes["kedge"], MB, _EACH_BYTES, floor=sizes["httpx2"])


def _peak(rig: Rig, program: Program) -> float:
    with rig.server(tool_turns(_SHORT)) as server, rig.workspace() as workspace:
        subject = program.choose(rig, server.url)
        with started(subject.whole_command, workspace, subject.env) as child:
            most = peak(lambda: tree_pss(child.pid), child.running)
            child.wait()
        return most


def _held(rig: Rig, program: Program, turns: int, runs: int) -> float:
    """The most that runs started together held at one moment, in bytes for each.

    They are kept at the last of their turns until all have got there.
    """
    with rig.server(tool_turns(turns, stall=True)) as server, ExitStack() as stack:
        subject = program.choose(rig, server.url)
        children = [
            stack.enter_context(
                started(subject.whole_command, stack.enter_context(rig.workspace()), subject.env)
            )
            for _ in range(runs)
        ]
        going = _until_stalled(server, runs * (turns + 1), children)
        most = peak(lambda: sum(tree_pss(child.pid) for child in children), going)
        server.release()
        for child in children:
            child.wait()
        return most / runs


def _until_stalled(
    server: ServerProcess, requests: int, children: list[Child]
) -> Callable[[], bool]:
    """Says whether the runs still have requests to make, or have only just made the last.

    Raises:
        BenchError: they do not get that far.
    """
    began = time.monotonic()
    arrived: float | None = None

    def going() -> bool:
        nonlocal arrived
        now = time.monotonic()
        if arrived is not None:
            return now - arrived < _SETTLE_SECONDS
        if server.log_path.exists() and server.log_path.read_bytes().count(_REQUEST) >= requests:
            arrived = now
        elif not all(child.running() for child in children) or now - began > PATIENCE_SECONDS:
            raise BenchError(f"fewer than {requests} requests were made")
        return True

    return going

"""Tool turns: what passes between the last byte of an answer and the next request."""

from collections.abc import Callable, Iterator
from functools import partial

from measure import median
from msgspec import Struct
from rig import Rig, Subject, interleaved
from scenes import CYCLE, check_edits, tool_of, tool_turns
from table import MS, Row, Unit, against, within

from loopback.process import ServerProcess

_SHORT, _LONG = 20, 200
_ROUNDS = 9
_GAP_SECONDS = 0.012
_SLOWER_IN_THE_END = 1.3
_TIMES = Unit("×", digits=2)

Choose = Callable[[Rig, str], Subject]


class Program(Struct, frozen=True):
    """A program that can be started against any server."""

    name: str
    choose: Choose


PROGRAMS = (
    Program("kedge", lambda rig, url: rig.kedge(url)),
    Program("httpx2", lambda rig, url: rig.httpx2(url)),
    Program("stdlib", lambda rig, url: rig.stdlib(url)),
)


def twenty(rig: Rig) -> Iterator[Row]:
    """The median of 20 turns, over all runs, and that of each tool."""
    gaps = _gaps(rig, _SHORT, PROGRAMS, rig.rounds(_ROUNDS))
    every = {name: [gap for run in runs for gap in run] for name, runs in gaps.items()}
    what = "20 tool turns, gap"
    yield within(
        f"{what} (floor: httpx2)",
        every["kedge"],
        MS,
        _GAP_SECONDS,
        floor=every["httpx2"],
        note=_first_gaps(gaps["kedge"]),
    )
    yield against(f"{what} (floor: http.client)", every["kedge"], every["stdlib"], MS)
    for tool in CYCLE:
        ours, floor = (_of_tool(gaps[name], tool) for name in ("kedge", "httpx2"))
        yield against(f"  of these: {tool} (floor: httpx2)", ours, floor, MS)


def two_hundred(rig: Rig) -> Iterator[Row]:
    """How much slower the last 20 of 200 turns are than the first 20."""
    gaps = _gaps(rig, _LONG, PROGRAMS[:2], rig.rounds(3))
    kedge, floor = gaps["kedge"], gaps["httpx2"]
    yield within(
        "200 turns, last 20 ÷ first 20 (floor: httpx2)",
        [_growth(run) for run in kedge],
        _TIMES,
        _SLOWER_IN_THE_END,
        floor=[_growth(run) for run in floor],
    )
    ours, theirs = ([gap for run in runs for gap in run[-_SHORT:]] for runs in (kedge, floor))
    yield against("200 turns, gap of the last 20 (floor: httpx2)", ours, theirs, MS)


def _growth(gaps: list[float]) -> float:
    return median(gaps[-_SHORT:]) / median(gaps[:_SHORT])


def _first_gaps(runs: list[list[float]]) -> str:
    first = [median([run[turn] for run in runs]) for turn in range(len(CYCLE))]
    shown = ", ".join(f"{tool} {MS.show(gap)}" for tool, gap in zip(CYCLE, first, strict=True))
    return f"kedge's first call of each tool: {shown}"


def _of_tool(runs: list[list[float]], tool: str) -> list[float]:
    return [gap for run in runs for turn, gap in enumerate(run) if tool_of(turn, True) == tool]


def _gaps(
    rig: Rig, turns: int, programs: tuple[Program, ...], rounds: int
) -> dict[str, list[list[float]]]:
    """The gaps of each run of each program, in seconds; programs take turns."""
    takes = {each.name: partial(_run, rig, turns, each) for each in programs}
    return interleaved(rounds, takes)


def _run(rig: Rig, turns: int, program: Program) -> list[float]:
    with rig.server(tool_turns(turns)) as server, rig.workspace() as workspace:
        program.choose(rig, server.url).run(workspace)
        check_edits(workspace, turns)
        return _between(server, turns)


def _between(server: ServerProcess, turns: int) -> list[float]:
    # An answer is known to have ended when the next request is answered.
    log = server.wait_for(lambda log: len(log.ends) > turns)
    ends = {end.serial: end.at for end in log.ends}
    asked = [request.at for request in log.requests]
    return [asked[turn + 1] - ends[turn] for turn in range(turns)]

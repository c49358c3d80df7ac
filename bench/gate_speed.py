"""How long a decision takes, and what rules add to it."""

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence

from gate_ground import RULES, Bench, corpus, distinct
from msgspec import Struct

from kedge.config.rule_settings import RuleList
from kedge.config.rules import Rule, parse_rule

COMMANDS = 10_000
SAMPLE = 150
ROUNDS = 5
MEDIAN_MS, P99_MS, RATIO = 1.0, 5.0, 2.0
SHAPES: Mapping[str, str] = {
    "one command": "bash(tool-{} run)",
    "begins with": "bash(tool-{} *)",
    "star inside": "bash(git * --option-{})",
    "star first": "bash(* --option-{})",
    "file name": "edit(name-{})",
    "directory": "edit(src/place-{}/**)",
    "*.ext": "read(*.ext{})",
    "src/**/*.ext": "read(src/**/*.ext{})",
    "a*b": "read(a*{}b)",
    "host": "web(domain:h{}.example.org)",
    "*.domain": "web(domain:*.h{}.example.org)",
}


class Times(Struct, frozen=True):
    """Milliseconds, sorted."""

    wall: Sequence[float]
    cpu: Sequence[float]
    slowest: Sequence[tuple[float, str]]
    """By CPU time: with the command."""
    load: float
    """Of the machine, before."""


def decisions(bench: Bench) -> Times:
    """Decide on every one of the commands, each new to the gate."""
    commands = distinct(COMMANDS)
    for command in commands[:: len(commands) // 50]:
        # The grammar and the tables are loaded with the first; a session does that once.
        bench.decide(command)
    wall, cpu, load = list[float](), list[tuple[float, str]](), os.getloadavg()[0]
    gc.collect()
    for command in commands:
        began, used = time.perf_counter(), time.process_time()
        bench.decide(command)
        cpu.append(((time.process_time() - used) * 1000, command))
        wall.append((time.perf_counter() - began) * 1000)
    cpu.sort()
    return Times(sorted(wall), [ms for ms, _ in cpu], cpu[:-6:-1], load)


def at(times: Sequence[float], share: float) -> float:
    """The time that this share of them does not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))]


class Scale(Struct, frozen=True):
    """What rules of one shape cost: microseconds for a decision as a whole, by the CPU."""

    shape: str
    verdict: RuleList
    few: float
    many: float

    @property
    def ratio(self) -> float:
        """Of 1,000 rules to 10."""
        return self.many / self.few


def scales(bench: Bench) -> list[Scale]:
    """Every shape, as deny and as allow rules, beside the rules of a project."""
    commands = [entry.command for name in ("harmless", "sneaky") for entry in corpus(name)]
    sample = commands[:: max(1, len(commands) // SAMPLE)]
    verdicts: tuple[RuleList, ...] = ("deny", "allow")
    return [_scale(bench, sample, shape, verdict) for shape in SHAPES for verdict in verdicts]


def _scale(bench: Bench, sample: Sequence[str], shape: str, verdict: RuleList) -> Scale:
    few, many = (
        bench.gate((*RULES, *_rules(SHAPES[shape], verdict, count))) for count in (10, 1000)
    )
    # In turn, so that both have the same of whatever else the machine does.
    rounds = [
        tuple(_cpu(lambda gate=gate: [bench.decide(one, gate) for one in sample])
              for gate in (few, many))
        for _ in range(ROUNDS)
    ]  # fmt: skip
    each = 1e6 / len(sample)
    return Scale(shape, verdict, *(min(column) * each for column in zip(*rounds, strict=True)))


def _rules(shape: str, verdict: RuleList, count: int) -> list[Rule]:
    return [parse_rule(shape.format(number), verdict) for number in range(count)]


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began

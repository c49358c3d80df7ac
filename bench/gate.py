"""The figures of the gate, in one command: `python -m bench.gate`, from the repository's root.

Prints each figure with what is to be reached, and whatever missed it; exit status 1 if one did.
Under three minutes, on one processor. What the figures mean is in `bench/README.md`.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "bench")]

import gate_faults as faults  # noqa: E402  # found through the line above, also with `-m`
import gate_speed as speed  # noqa: E402  # as above
import leaks  # noqa: E402  # as above
from gate_ground import RULES, Bench, Entry, corpus, scratch  # noqa: E402  # as above

LAWS = "tests/agent/validators/test_rule_properties.py"
MOST_QUESTIONS = 3.0
"""Per cent of the harmless commands."""


class Report:
    """What was missed so far."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def figure(self, what: str, value: str, goal: str = "", *, reached: bool = True) -> None:
        """Print one."""
        if not reached:
            self.missed.append(what)
        verdict = ("reached" if reached else "MISSED") if goal else ""
        print(f"  {what:<44} {value:<28} {goal:<22} {verdict}".rstrip(), flush=True)


def heading(text: str) -> None:
    """Print one."""
    print(f"\n{text}", flush=True)


def main() -> int:
    """Measure it all."""
    report = Report()
    with scratch() as workspace:
        _corpus(report, Bench(workspace))
        bench = Bench(workspace, RULES)
        _decisions(report, bench)
        _rules(report, bench)
    _faults(report)
    heading("secrets and attempts to steer, in this repository")
    leaks.report([ROOT])
    _laws(report)
    heading("missed: " + "; ".join(report.missed) if report.missed else "every figure is reached")
    return 1 if report.missed else 0


def _corpus(report: Report, bench: Bench) -> None:
    heading("corpus: mode ask, no sandbox, no rules; written by those who wrote the gate, so what "
            "nobody here thought of is not in it")  # fmt: skip
    harmless, sneaky = corpus("harmless"), corpus("sneaky")
    asked = [entry for entry in harmless if bench.decide(entry.command).outcome != "allow"]
    leaked = [entry for entry in sneaky if bench.decide(entry.command).outcome == "allow"]
    needless = 100 * len(asked) / len(harmless)
    report.figure("harmless commands", str(len(harmless)), ">= 300", reached=len(harmless) >= 300)
    report.figure("sneaky commands", str(len(sneaky)), ">= 400", reached=len(sneaky) >= 400)
    report.figure("leaks: sneaky, but allowed", str(len(leaked)), "0", reached=not leaked)
    _list(leaked)
    report.figure(
        "needless questions",
        f"{needless:.1f} % ({len(asked)})",
        f"<= {MOST_QUESTIONS:.0f} %",
        reached=needless <= MOST_QUESTIONS,
    )
    _list(asked)


def _list(entries: Sequence[Entry]) -> None:
    for entry in entries:
        print(f"      {entry.command!r} ({entry.does or entry.kind})")


def _decisions(report: Report, bench: Bench) -> None:
    count = f"{speed.COMMANDS:,} distinct commands: the corpus, and pairs of it"
    heading(f"a decision as a whole, on {count}; {len(RULES)} rules")
    times = speed.decisions(bench)
    busy = times.load >= (os.cpu_count() or 1)
    note = "; busy: the CPU's time counts" if busy else ""
    print(f"  load of the machine before: {times.load:.1f} of {os.cpu_count()} processors{note}")
    for name, share, limit in (("median", 0.5, speed.MEDIAN_MS), ("p99", 0.99, speed.P99_MS)):
        wall, cpu = speed.at(times.wall, share), speed.at(times.cpu, share)
        reached = (cpu if busy else wall) < limit
        report.figure(
            name, f"{wall:.2f} ms, CPU {cpu:.2f} ms", f"< {limit:.0f} ms", reached=reached
        )
    report.figure("slowest", f"{times.wall[-1]:.2f} ms, CPU {times.cpu[-1]:.2f} ms")
    for ms, command in times.slowest:
        print(f"      {ms:.2f} ms: {command[:100]!r}")


def _rules(report: Report, bench: Bench) -> None:
    heading(f"rules: a decision as a whole with 1,000 of one shape, against 10 (CPU, mean of "
            f"{speed.SAMPLE} commands, best of {speed.ROUNDS} rounds)")  # fmt: skip
    for scale in speed.scales(bench):
        value = f"{scale.few:.0f} -> {scale.many:.0f} us: {scale.ratio:.2f}"
        report.figure(
            f"{scale.verdict}: {scale.shape}",
            value,
            f"< {speed.RATIO:.0f}",
            reached=scale.ratio < speed.RATIO,
        )


def _faults(report: Report) -> None:
    heading(f"faults: outcome for {', '.join(faults.RISKS)}; `full` is mode full")
    rows = asyncio.run(faults.rows())
    for line in _grouped(rows):
        print(f"  {line}")
    broken = [row for row in rows if not row.held]
    for row in broken:
        print(f"      {row.judge}, {row.fault}, {row.settings}: {' '.join(row.outcomes)}, "
              f"declared {' '.join(row.declared)}")  # fmt: skip
    count = sum(len(row.outcomes) for row in rows)
    report.figure(
        "outcomes as declared",
        f"{count - sum(len(row.outcomes) for row in broken)} of {count}",
        "all",
        reached=not broken,
    )


def _grouped(rows: Sequence[faults.Row]) -> Iterator[str]:
    """A line for each judge and setting, the faults that come to the same together."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for row in rows:
        groups.setdefault((row.judge, row.settings, row.outcomes), []).append(row.fault)
    for (judge, settings, outcomes), found in groups.items():
        yield f"{judge:<18} {settings:<24} {', '.join(found):<32} {' '.join(outcomes)}"


def _laws(report: Report) -> None:
    heading("laws that hold for generated command lines (hypothesis)")
    line = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", LAWS]
    ran = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    results = Counter(
        text.partition(" ")[0] for text in ran.stdout.splitlines() if f" {LAWS}::" in text
    )
    value = ", ".join(f"{count} {result.lower()}" for result, count in results.items())
    report.figure(LAWS.rpartition("/")[2], value, "all passed", reached=ran.returncode == 0)
    if ran.returncode:
        print(ran.stdout[-2000:] + ran.stderr[-2000:])


if __name__ == "__main__":
    sys.exit(main())

"""Measures the installed kedge beside its floors: `python bench/run.py [NAME…] [--quick]`.

README.md says how. Exit status 1 if a figure was missed, 2 if something could not be measured.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import footprint
import prefixes
import startup
import streaming
import turns
from measure import BenchError
from rig import Rig, installation
from table import Row, layout

BENCHMARKS: dict[str, Callable[[Rig], Iterator[Row]]] = {
    "version": startup.version,
    "first-request": startup.first_request,
    "turns-20": turns.twenty,
    "turns-200": turns.two_hundred,
    "memory": footprint.twenty,
    "memory-200": footprint.growth,
    "memory-16": footprint.at_once,
    "request-size": prefixes.first,
    "prefix": prefixes.extend,
    "tokens": streaming.cpu,
    "large-repository": startup.large,
}


def main() -> int:
    """Run the benchmarks that are named, or all."""
    options = _options()
    # Start-up is measured with byte code in place, as it is after an installation.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        print(_header(), flush=True)
        with tempfile.TemporaryDirectory(prefix="kedge-bench-") as folder:
            rig = Rig(Path(folder), quick=options.quick)
            measured = [_measured(rig, name) for name in options.names or BENCHMARKS]
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    rows = [row for each in measured for row in each or ()]
    print("\n".join(layout(rows)))
    if None in measured:
        return 2
    return 1 if any(row.reached is False for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure kedge beside its floors.")
    known = ", ".join(BENCHMARKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {known}")
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are: {known}")
    return options


def _measured(rig: Rig, name: str) -> list[Row] | None:
    """The rows of a benchmark; None if it could not be measured."""
    began = time.monotonic()
    try:
        rows = list(BENCHMARKS[name](rig))
    except BenchError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return None
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows


def _header() -> str:
    one, five, _ = os.getloadavg()
    return (
        f"{installation()}; Python {platform.python_version()}; {os.cpu_count()} processors, "
        f"load {one:.1f} (5 minutes: {five:.1f}); medians"
    )


if __name__ == "__main__":
    sys.exit(main())

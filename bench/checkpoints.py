"""What a checkpoint of a large workspace costs, beside asking the kernel once about each file.

python bench/checkpoints.py [FILES]
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from table import MS, Row, layout, within

from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.paths import Roots

PER_DIRECTORY = 30
ROUNDS = 9
UNCHANGED_AT_MOST = 0.150
"""Seconds for 60,000 files, as the issue has it."""
SETTLED = 2.1
"""Seconds after which a change can be told from a later one."""


def main(files: int = 60_000) -> None:
    """Make a tree, take checkpoints of it, print the table."""
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as folder:
        top = Path(folder).resolve()
        paths = planted(top / "tree", files)
        time.sleep(SETTLED)
        for line in layout(measured(top, paths)):
            print(line)


def planted(top: Path, files: int) -> list[Path]:
    """A tree of source files of 2 KB on the average."""
    random = Random(1)
    found: list[Path] = []
    for number in range(files):
        part = number // PER_DIRECTORY
        directory = top / f"part{part % 20}" / f"package{part % 200}" / f"module{part}"
        if number % PER_DIRECTORY == 0:
            directory.mkdir(parents=True)
        path = directory / f"file_{number}.py"
        path.write_bytes(random.randbytes(40) * random.randint(1, 100))
        found.append(path)
    return found


def measured(top: Path, paths: list[Path]) -> list[Row]:
    """The rows of the table."""
    names = [str(path) for path in paths]
    kept = checkpoints(top)
    first = timed(lambda: kept.take("first"))
    unchanged: list[float] = []
    floor: list[float] = []
    busy: list[float] = []
    busy_floor: list[float] = []
    for _ in range(ROUNDS):
        unchanged.append(timed(lambda: kept.take("unchanged")))
        floor.append(timed(lambda: looked_at(names)))
        busy.append(timed(lambda: kept.take("unchanged"), time.process_time))
        busy_floor.append(timed(lambda: looked_at(names), time.process_time))
    changed: list[float] = []
    for number in range(ROUNDS):
        for path in paths[:: len(paths) // 10]:
            path.write_text(f"round {number}\n")
        changed.append(timed(lambda: kept.take("changed")))
    kept.close()
    fresh = checkpoints(top)
    again = timed(lambda: fresh.take("another process"))
    fresh.close()
    goal = UNCHANGED_AT_MOST * len(paths) / 60_000
    return [
        Row(f"first, {len(paths):,} files", MS.show(first)),
        within("unchanged", unchanged, MS, goal, floor=floor, note="floor: one lstat per file"),
        within("unchanged, processor time", busy, MS, goal, floor=busy_floor),
        within("10 files changed", changed, MS, 2 * goal, floor=floor),
        Row("the first of another process", MS.show(again)),
    ]


def checkpoints(top: Path) -> Checkpoints:
    """Those of the tree, as a new process has them."""
    return Checkpoints(top / "kept", Roots.at(top / "tree"), Ignores.above)


def looked_at(names: list[str]) -> None:
    """Ask the kernel once about each file."""
    for name in names:
        os.lstat(name)


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that it takes."""
    began = clock()
    action()
    return clock() - began


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))

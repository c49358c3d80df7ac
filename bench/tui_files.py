"""How long it takes to find a file by its letters among 60,000, and to be typed at.

    python bench/tui_files.py [COUNT] [ROOT]

Paths are made up, as deep and as alike as those of a large repository; with ROOT they are those of
that directory. Every query is typed letter by letter, and pasted at once; the figures are per key.
Then a composer without a terminal is typed at: in a text of 200 lines, and after a long paste. Exit
status 1 if a figure was missed, 2 if something could not be measured.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import BenchError, median
from pseudo import quantile
from table import MS, Row, layout, within
from textual import events
from textual.app import App, ComposeResult

from kedge.cli.tui.composer.bar import ComposerBar
from kedge.cli.tui.composer.draft_area import Desktop
from kedge.cli.tui.composer.files import FileIndex
from kedge.cli.tui.composer.fuzzy import Paths
from kedge.cli.tui.composer.history import History
from kedge.cli.tui.composer.sources import Files

_WORDS = (
    "src", "lib", "core", "utils", "test", "components", "widget", "parser", "render", "model",
    "view", "controller", "service", "auth", "user", "admin", "api", "client", "server", "index",
    "main", "helper", "config", "build", "docs", "assets", "images", "common", "shared", "vendor",
    "node", "modules", "dist", "types", "interface", "handler", "store", "cache", "queue",
    "worker",
)  # fmt: skip
_QUERIES = (
    "s", "auth", "authserv", "parserrender", "tsx", "xyzzy", "widget/parser12.py", "src/auth",
    "controllertest", "wdgtprsr", "clntapi", "umpr", "README",
)  # fmt: skip
_SHOWN = 12
_KEY, _PASTE = 0.030, 0.100
"""Seconds that are to be reached."""
_PATIENCE = 30.0
_BUSY = os.getloadavg()[0] >= (os.cpu_count() or 1)
_clock = time.process_time if _BUSY else time.perf_counter
"""On a machine that others keep busy the processor's time counts: nothing here waits."""


def made_up(count: int) -> list[str]:
    """Paths like those of a large repository; the same every time."""
    dice = random.Random(6)
    paths: set[str] = set()
    while len(paths) < count:
        folders = [
            dice.choice(_WORDS) + dice.choice(["", "s", "_x", "2", dice.choice(_WORDS).title()])
            for _ in range(dice.randint(1, 7))
        ]
        ending = dice.choice([".py", ".ts", ".tsx", ".md", ".go", ".json"])
        paths.add("/".join([*folders, f"{dice.choice(_WORDS)}{dice.randint(0, 999)}{ending}"]))
    return sorted(paths)


def seconds(work: Callable[[], object]) -> float:
    """What it takes once."""
    begin = _clock()
    work()
    return _clock() - begin


def keys(what: str, figures: list[float]) -> Row:
    """What a key takes, 95 of 100 times at most."""
    note = f"{len(figures)} keys; median {MS.show(median(figures))}, most {MS.show(max(figures))}"
    return within(f"{what}, p95", [quantile(figures, 95)], MS, _KEY, note=note)


def matching(names: list[str]) -> Iterator[Row]:
    """Find files."""
    made: list[Paths] = []
    took = seconds(lambda: made.append(Paths(names)))
    yield Row(f"{len(names):,} paths made ready to be sought", MS.show(took))
    paths = made[0]
    typed: list[float] = []
    pasted: list[float] = []
    for query in _QUERIES:
        paths.match("\0", _SHOWN)
        typed += [
            seconds(lambda end=end, query=query: paths.match(query[:end], _SHOWN))
            for end in range(1, len(query) + 1)
        ]
        paths.match("\0", _SHOWN)
        pasted.append(seconds(lambda query=query: paths.match(query, _SHOWN)))
    yield keys("a key of a query", typed)
    yield Row("a query pasted at once, the slowest", MS.show(max(pasted)))


class Typed(App[None]):
    """Nothing but a composer."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        index = FileIndex(root)
        desktop = Desktop(index, History(root / "history", "/"), (Files(index),))
        self.bar = ComposerBar(desktop)
        self.changed: Callable[[], object] = lambda: None

    def compose(self) -> ComposeResult:
        """See `App`."""
        yield self.bar

    def on_mount(self) -> None:
        """Ready to be typed at."""
        self.bar.composer.focus()

    def on_text_area_selection_changed(self) -> None:
        """The composer has dealt with a key: its text and cursor are others."""
        self.changed()


async def typing() -> list[Row]:
    """Type at a composer; a key counts until it is in the text."""
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as folder:
        app = Typed(Path(folder))
        async with app.run_test(size=(100, 40)) as pilot:
            composer = app.bar.composer
            composer.put("\n".join(f"line {number} with some words in it" for number in range(200)))
            await pilot.pause()
            among = keys("a key in a text of 200 lines", [await _key(app) for _ in range(200)])
            took = await _until_changed(app, events.Paste("x" * 200_000))
            pasted = within("a paste of 200 kB", [took], MS, _PASTE)
            after = keys("a key after it", [await _key(app) for _ in range(100)])
    return [among, pasted, after]


async def _key(app: Typed) -> float:
    return await _until_changed(app, events.Key("x", "x"))


async def _until_changed(app: Typed, event: events.Event) -> float:
    """Seconds until the text is another, and what follows from that has been done.

    Raises:
        BenchError: it never was.
    """
    changed = asyncio.Event()
    app.changed = changed.set
    begin = _clock()
    app.post_message(event)
    try:
        async with asyncio.timeout(_PATIENCE):
            await changed.wait()
    except TimeoutError as error:
        raise BenchError(f"{type(event).__name__} changed nothing") from error
    await asyncio.sleep(0)
    return _clock() - begin


def listed(root: Path) -> tuple[list[str], Row]:
    """The files of a directory, and what listing them takes."""
    index = FileIndex(root)
    took = seconds(lambda: asyncio.run(index.refresh()))
    names = index.match("", 1_000_000)
    return names, Row(f"{len(names):,} files listed", MS.show(took))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure finding files, and typing.")
    parser.add_argument("count", nargs="?", type=int, default=60_000, help="made-up paths")
    parser.add_argument("root", nargs="?", type=Path, help="take the files of this folder instead")
    asked = parser.parse_args()
    rows: list[Row] = []
    try:
        if asked.root is None:
            names = made_up(asked.count)
        else:
            names, row = listed(asked.root.resolve())
            rows.append(row)
        rows += matching(names)
        rows += asyncio.run(typing())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print("the machine is busy: the processor's time" if _BUSY else "time by the clock")
    print("\n".join(layout(rows)))
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

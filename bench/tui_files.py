"""How long it takes to find a file by its letters among 60,000, and to be typed at.

    python bench/tui_files.py [COUNT] [ROOT]

Paths are made up, as deep and as alike as those of a large repository; with ROOT they are those of
that directory. Every query is typed letter by letter, and pasted at once; the figures are per key.
Then a composer without a terminal is typed at: in a text of 200 lines, and after a long paste.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult

from kedge.cli.tui.composer.bar import ComposerBar
from kedge.cli.tui.composer.draft_area import Desktop
from kedge.cli.tui.composer.files import FileIndex
from kedge.cli.tui.composer.fuzzy import Paths
from kedge.cli.tui.composer.history import History
from kedge.cli.tui.composer.sources import Files

_WORDS = [
    "src",
    "lib",
    "core",
    "utils",
    "test",
    "components",
    "widget",
    "parser",
    "render",
    "model",
    "view",
    "controller",
    "service",
    "auth",
    "user",
    "admin",
    "api",
    "client",
    "server",
    "index",
    "main",
    "helper",
    "config",
    "build",
    "docs",
    "assets",
    "images",
    "common",
    "shared",
    "vendor",
    "node",
    "modules",
    "dist",
    "types",
    "interface",
    "handler",
    "store",
    "cache",
    "queue",
    "worker",
]
_QUERIES = (
    "s", "auth", "authserv", "parserrender", "tsx", "xyzzy", "widget/parser12.py", "src/auth",
    "controllertest", "wdgtprsr", "clntapi", "umpr", "README",
)  # fmt: skip
_SHOWN = 12


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


def milliseconds(work: Callable[[], object]) -> float:
    """What it takes once."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1_000


def told(name: str, figures: list[float]) -> None:
    """One line of the table."""
    ordered = sorted(figures)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(
        f"{name:44} median {statistics.median(ordered):6.2f} ms   p95 {p95:6.2f} ms   "
        f"most {ordered[-1]:6.2f} ms   of {len(ordered)}"
    )


def matching(names: list[str]) -> None:
    """Find files."""
    made: list[Paths] = []
    print(
        f"{len(names)} paths, indexed in {milliseconds(lambda: made.append(Paths(names))):.0f} ms"
    )
    paths = made[0]
    typed: list[float] = []
    for query in _QUERIES:
        paths.match("\0", _SHOWN)
        typed += [
            milliseconds(lambda end=end, query=query: paths.match(query[:end], _SHOWN))
            for end in range(1, len(query) + 1)
        ]
    told("a key of a query", typed)
    pasted: list[float] = []
    for query in _QUERIES:
        paths.match("\0", _SHOWN)
        pasted.append(milliseconds(lambda query=query: paths.match(query, _SHOWN)))
    told("a query pasted at once", pasted)


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


async def typing() -> None:
    """Type at a composer; a key counts until it is in the text."""
    with tempfile.TemporaryDirectory() as folder:
        app = Typed(Path(folder))
        async with app.run_test(size=(100, 40)) as pilot:
            composer = app.bar.composer
            composer.put("\n".join(f"line {number} with some words in it" for number in range(200)))
            await pilot.pause()
            told("a key in a text of 200 lines", [await _key(app) for _ in range(200)])
            paste = events.Paste("x" * 200_000)
            took = await _until_changed(app, paste)
            print(f"a paste of 200 kB: {took:.1f} ms")
            told("a key after it", [await _key(app) for _ in range(100)])


async def _key(app: Typed) -> float:
    return await _until_changed(app, events.Key("x", "x"))


async def _until_changed(app: Typed, event: events.Event) -> float:
    """Milliseconds until the text is another, and what follows from that has been done."""
    composer = app.bar.composer
    changed = asyncio.Event()
    app.changed = changed.set
    begin = time.perf_counter()
    app.post_message(event)
    await changed.wait()
    await asyncio.sleep(0)
    assert composer.text
    return (time.perf_counter() - begin) * 1_000


def main() -> None:
    """Measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    names = made_up(count)
    if len(sys.argv) > 2:
        index = FileIndex(Path(sys.argv[2]).resolve())
        begin = time.perf_counter()
        asyncio.run(index.refresh())
        names = index.match("", 1_000_000)
        print(f"listed in {(time.perf_counter() - begin) * 1_000:.0f} ms")
    matching(names)
    asyncio.run(typing())


main()

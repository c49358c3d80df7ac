"""What the model says to runs that are killed, and what their files may hold at any moment."""

import re
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from measure import BenchError

from loopback.script import Call, Json, Turn, WireName, turn

NOTES = "alpha\nbeta\n" + "line\n" * 20_000
BIG = ("first\n" * 30_000, "second\n" * 30_000)
SMALL = "small\n"
ADDED = "added\n"
JOURNAL = "journal"
BEFORE = {"notes.txt": NOTES}
"""The files in every folder at the beginning, beside its own."""
MAY_HOLD: dict[str, tuple[str, ...]] = {
    "notes.txt": (NOTES, NOTES.replace("beta", "gamma", 1)),
    "big.txt": BIG,
    "small.txt": (SMALL,),
    "added.txt": (ADDED,),
}
"""Every file that a session makes or changes, and each content that it may have: any other one is
half-written."""
SLEEPS = "sleep 60{}"
"""What runs in the background; `{}` is the number of the point, so that it is found again."""

_POINT = re.compile(r"Point (\d+)\.")
_PIECE = 8_192
"""Characters of an argument that are streamed at once."""
_PATCH = """*** Begin Patch
*** Update File: notes.txt
@@
 alpha
-beta
+gamma
*** Add File: added.txt
+added
*** End Patch"""


def prompt(point: int) -> str:
    """The words by which the model knows a point."""
    return f"Point {point}. Do your steps."


class Model:
    """Goes through its steps once for each point, whatever became of them; thread-safe.

    It never asks for a step twice: what happens twice, kedge has repeated.
    """

    def __init__(self) -> None:
        self._said: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.heard: dict[str, Json] = {}
        """The last request of each point."""

    def __call__(self, request: Json, wire: WireName) -> Turn:
        """The next step."""
        known = _POINT.search(msgspec.json.encode(request).decode())
        if known is None:
            raise BenchError("a request names no point")
        point = known[1]
        steps = _steps(point, patches=wire == "responses")
        with self._lock:
            self.heard[point] = request
            place = self._said[point]
            self._said[point] += 1
        said = steps[place] if place < len(steps) else ("Done.",)
        return turn(*said, delta=_PIECE)


def _steps(point: str, *, patches: bool) -> Sequence[tuple[Call | str, ...]]:
    def bash(name: str, more: str = "", **options: object) -> Call:
        command = f"echo {name} >> {JOURNAL}{more}"
        return Call("bash", {"command": command, **options}, f"call-{name}")

    def write(name: str, file: str, content: str) -> Call:
        return Call("write", {"file_path": file, "content": content}, f"call-{name}")

    todo = Call("todo", {"items": [{"content": "Do it", "status": "pending"}]}, "call-todo")
    change = {"file_path": "notes.txt", "old_string": "beta", "new_string": "gamma"}
    edit = Call("apply_patch", {"patch": _PATCH}, "call-patch") if patches else Call(
        "edit", change, "call-edit"
    )  # fmt: skip
    read = Call("read", {"file_path": "notes.txt", "limit": 5}, "call-read")
    sleep = SLEEPS.format(point)
    return (
        ("I begin.", bash("a"), write("big", "big.txt", BIG[0])),
        (todo, read, bash("b"), write("small", "small.txt", SMALL), bash("c")),
        (edit, bash("behind", f"; {sleep}", run_in_background=True), bash("d")),
        (write("big-again", "big.txt", BIG[1]), bash("e", f"; sleep 0.1; echo f >> {JOURNAL}")),
        (bash("g", f"; {sleep} & echo h >> {JOURNAL}"),),
    )


def begun(folder: Path) -> None:
    """Put the files there that the steps begin with."""
    for name, content in BEFORE.items():
        (folder / name).write_text(content)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but git's own, by its path in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = ((str(path.relative_to(folder)), path) for path in files)
    return {name: path.read_bytes() for name, path in named if not name.startswith(".git/")}


def wrong_files(before: dict[str, bytes], now: dict[str, bytes]) -> list[str]:
    """What is half-written, left over or lost, in words."""
    found: list[str] = []
    for name, content in now.items():
        if name == JOURNAL:
            found += _wrong_lines(content.decode())
        elif name in MAY_HOLD:
            if content.decode() not in MAY_HOLD[name]:
                found.append(f"{name} is half-written: {len(content)} bytes")
        elif before.get(name) != content:
            found.append(f"{name} is left over" if name not in before else f"{name} was changed")
    return [*found, *(f"{name} is gone" for name in before.keys() - now.keys())]


def _wrong_lines(journal: str) -> list[str]:
    times = Counter(journal.split("\n")[:-1])
    twice = [f"the effect {line!r} happened {count} times" for line, count in times.items()
             if count > 1]  # fmt: skip
    return twice if journal.endswith("\n") else [*twice, "the journal ends within a line"]

"""What the model says in the benchmarks, and where it says it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from measure import BenchError

from loopback.script import Call, Expect, Fault, Script, Text, Turn

MODULE = "src/stock.py"
"""The file that is read and edited."""
CYCLE = ("bash", "read", "edit")
"""The tools of successive turns."""

_TOP, _NESTED, _FILES = 60, 20, 50
"""Folders, folders in each, files in each: 60,000 files."""


def one_answer() -> Script:
    """A few words, for any number of runs."""
    return Script((Turn((Text("Done."),)),), pick="history")


def tokens(count: int) -> Script:
    """One answer of many small pieces."""
    return Script((Turn((Text(" token", repeat=count),)),), pick="history")


def tool_turns(count: int, *, edits: bool = True, stall: bool = False) -> Script:
    """`count` turns of one call each, then words; each turn expects what the call before shows.

    With `stall`, those words stop half-way until the server is told to go on, so that all runs
    can be looked at in the same state.
    """
    calls = [_call(turn, edits) for turn in range(count)]
    expected = [None, *(_shown(turn, edits) for turn in range(count))]
    turns = [Turn((call,), expect=seen) for call, seen in zip(calls, expected, strict=False)]
    fault = Fault("stall", after=2) if stall else None
    turns.append(Turn((Text("Done."),), expect=expected[-1], fault=fault))
    return Script(tuple(turns), pick="history")


def tool_of(turn: int, edits: bool) -> str:
    """The tool that a turn calls; without `edits`, a shell command stands in for them."""
    tool = CYCLE[turn % len(CYCLE)]
    return tool if edits or tool != "edit" else "bash"


def _call(turn: int, edits: bool) -> Call:
    step = turn // len(CYCLE)
    match tool_of(turn, edits):
        case "bash":
            return Call("bash", {"command": f"echo turn {turn}; pwd"})
        case "read":
            return Call("read", {"file_path": MODULE, "offset": 1, "limit": 40})
        case _:
            return Call(
                "edit",
                {
                    "file_path": MODULE,
                    "old_string": f"STEP = {step}\n",
                    "new_string": f"STEP = {step + 1}\n",
                },
            )


def _shown(turn: int, edits: bool) -> Expect | None:
    """What the result of a turn's call holds if it was carried out."""
    match tool_of(turn, edits):
        case "bash":
            return Expect(last_contains=f"turn {turn}\n")
        case "read":
            return Expect(last_contains=f"STEP = {turn // len(CYCLE) if edits else 0}")
        case _:
            return None


def check_edits(workspace: Path, turns: int) -> None:
    """All edits of `tool_turns(turns)` must be in the file.

    Raises:
        BenchError: they are not.
    """
    done = sum(tool_of(turn, True) == "edit" for turn in range(turns))
    if f"STEP = {done}\n" not in (workspace / MODULE).read_text():
        raise BenchError(f"{workspace / MODULE}: the edits were not made")


def small_repository(folder: Path, env: Mapping[str, str]) -> Path:
    """A committed project of a dozen modules, the edited one of 150 lines."""
    for number in range(12):
        _write(folder / f"src/part_{number}.py", _module(number, 60))
    _write(folder / MODULE, _module(99, 142))
    _write(folder / "README.md", "# Stock\n\nKeeps count.\n")
    _git(folder, env, "init", "-q")
    _git(folder, env, "add", "-A")
    _git(folder, env, "commit", "-q", "-m", "stock: begin")
    return folder


def large_repository(folder: Path, env: Mapping[str, str]) -> Path:
    """60,000 small files in nested folders, all in git's index."""
    for top in range(_TOP):
        for nested in range(_NESTED):
            home = folder / f"area_{top:02}" / f"part_{nested:02}"
            home.mkdir(parents=True)
            for number in range(_FILES):
                (home / f"item_{number:02}.py").write_text(f"ITEM = {number % 5}\n")
    _git(folder, env, "init", "-q")
    _git(folder, env, "add", "-A")
    return folder


def _module(number: int, lines: int) -> str:
    head = f'"""Part {number} of the stock."""\n\nSTEP = 0\n\n'
    body = (f"ITEM_{line} = {line} * STEP + {number}" for line in range(lines))
    return head + "\n".join(body) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _git(folder: Path, env: Mapping[str, str], *arguments: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "core.fsync=none")
    subprocess.run(["git", *who, *arguments], cwd=folder, env=env, check=True)

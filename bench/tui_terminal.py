"""The terminal as a whole: `python bench/tui_terminal.py [NAME…] [--quick] [--bin FOLDER]`.

kedge runs in a pseudo-terminal of 120 by 40 and talks to the loopback server. README.md says how.
Exit status 1 if a figure was missed, 2 if something could not be measured. The transcript alone is
measured by `tui_stream.py`.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import tui_long
from measure import BenchError, median, run
from pseudo import terminal
from rig import Rig, installation, interleaved
from table import MS, SECONDS, Row, Unit, against, layout, within
from tui_child import ANSWER
from tui_peers import HELLO, READY, Peer, codex, codex_program, end_programs_of, kedge

from loopback.script import Call, Fault, Script, turn

TOKENS = 20_000
FILES = 5_000
END = "zzzzzzzz"
"""The last word of a streamed answer."""
_PACE = 0.0005
"""Seconds that the server waits before each token."""
_ROUNDS = 9
_PERCENT = Unit("%", 100.0, 2)
_FLOOR = ("-c", "from textual.app import App")
_PAINT, _PAINTS = 0.5, 1.5
"""Seconds, and how often the floor."""


def first_paint(rig: Rig) -> Iterator[Row]:
    """From the start of the process to the first frame with something to type into."""
    with rig.server(Script(())) as server, rig.workspace() as place, rig.folder() as folder:
        ours = kedge(rig, server.url)
        fresh = folder / "fresh"
        fresh.mkdir()
        large = _repository(rig, folder / "large")
        going_on = ours.asked("-r", tui_long.made(rig, place, 300))

        def painted(peer: Peer, cwd: Path, *, silent: bool = False) -> float:
            with terminal(peer.command, cwd, peer.env, silent=silent) as screen:
                return screen.until(READY)

        variants = {
            "in a fresh folder": partial(painted, ours, fresh),
            f"among {FILES:,} files in git": partial(painted, ours, large),
            "of a session that goes on": partial(painted, going_on, place),
            "inline": partial(painted, ours.asked("--inline"), fresh),
            "where the terminal answers nothing": partial(painted, ours, fresh, silent=True),
        }
        hello = Peer((sys.executable, "-c", HELLO), rig.env)
        floors = {
            "import": lambda: run((sys.executable, *_FLOOR), place, rig.env).seconds,
            "hello": partial(painted, hello, place),
        }
        samples = interleaved(rig.rounds(_ROUNDS), floors | variants)
    imports = samples["import"]
    for name in variants:
        what = f"first paint {name}"
        yield against(what, samples[name], imports, MS, at_most=_PAINTS)
    note = "all others against the import of textual.app"
    what, hellos = "first paint (floor: an app of one line)", samples["hello"]
    yield against(what, samples["in a fresh folder"], hellos, MS, note=note)
    slowest = max(median(samples[name]) for name in variants)
    yield within("first paint, the slowest of them", [slowest], MS, _PAINT)


def _repository(rig: Rig, folder: Path) -> Path:
    """A repository of many small files."""
    for number in range(FILES):
        inside = folder / f"part{number // 100}"
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"file{number}.py").write_text(f"number = {number}\n")
    for words in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -qm all"):
        subprocess.run(("git", *words.split()), cwd=folder, env=rig.env, check=True)
    return folder


def idle(rig: Rig) -> Iterator[Row]:
    """The processor while nothing happens."""
    with rig.server(Script(())) as server, rig.workspace() as place:
        ours = kedge(rig, server.url)
        with terminal(ours.command, place, ours.env) as screen:
            screen.until(READY)
            screen.rest(4)
            before, began = screen.cpu, time.monotonic()
            screen.rest(20)
            share = (screen.cpu - before) / (time.monotonic() - began)
    yield within("CPU at rest", [share], _PERCENT, 0.01)


def interrupt(rig: Rig) -> Iterator[Row]:
    """From Esc to the end of the command that was running."""
    command = "touch begun; trap 'touch ended' TERM INT; while :; do sleep 0.01; done"
    samples: list[float] = []
    for _ in range(rig.rounds(_ROUNDS)):
        script = Script((turn(Call("bash", {"command": command})),))
        with rig.server(script) as server, rig.workspace() as place:
            ours = kedge(rig, server.url).asked("go")
            with terminal(ours.command, place, ours.env) as screen:
                screen.wait((place / "begun").exists, "the command begins")
                screen.rest(0.3)
                pressed = time.monotonic()
                screen.press(b"\x1b")
                screen.wait((place / "ended").exists, "the command hears of Esc")
                samples.append(time.monotonic() - pressed)
    yield within("Esc until the command hears of it", samples, MS, 0.1)


def streaming(rig: Rig, folder: str) -> Iterator[Row]:
    """What a long answer costs, that of a short one taken off."""
    count = rig.rounds(3)
    tokens = TOKENS if count > 2 else TOKENS // 5
    program, version = codex_program(folder)
    with (
        rig.server(_answer(tokens), "--lenient") as long,
        rig.server(_answer(20), "--lenient") as short,
        rig.workspace() as place,
        rig.folder() as homes,
    ):
        ours = kedge(rig, long.url), kedge(rig, short.url)
        spent: dict[str, Callable[[], float]] = {"kedge": partial(_difference, *ours, place)}
        headless = rig.kedge(long.url), rig.kedge(short.url)
        spent["-p"] = lambda: headless[0].run(place).cpu - headless[1].run(place).cpu
        if program:
            theirs = [
                codex(rig, one.url, program, homes / f"codex-{one.pid}", place)
                for one in (long, short)
            ]
            spent["codex"] = partial(_difference, *theirs, place)
        try:
            samples = interleaved(count, spent)
        finally:
            end_programs_of(homes)
    what = f"{tokens:,} tokens, CPU"
    yield against(f"{what} (floor: kedge -p)", samples["kedge"], samples["-p"], SECONDS)
    if program:
        name = f"{what} (floor: Codex CLI {version})"
        yield against(name, samples["kedge"], samples["codex"], SECONDS, at_most=1)
    else:
        yield Row(what, SECONDS.show(median(samples["kedge"])), note=version)


def _answer(tokens: int) -> Script:
    text = (ANSWER * (tokens * 5 // len(ANSWER) + 1))[: tokens * 5]
    fault = Fault("slow", delay=_PACE)
    return Script((turn(f"{text}\n\n{END}", delta=5, fault=fault),), pick="history")


def _difference(long: Peer, short: Peer, cwd: Path) -> float:
    return _spent(long, cwd) - _spent(short, cwd)


def _spent(peer: Peer, cwd: Path) -> float:
    with terminal((*peer.command, "Tell me."), cwd, peer.env) as screen:
        screen.until(END.encode())
        screen.rest(1)
        return screen.cpu


def figures(folder: str) -> Mapping[str, Callable[[Rig], Iterator[Row]]]:
    """All of them, by name."""
    return {
        "first-paint": first_paint,
        "idle": idle,
        "interrupt": interrupt,
        "typing": tui_long.typing,
        "long": tui_long.long,
        "streaming": partial(streaming, folder=folder),
    }


def main() -> int:
    """Measure what is named, or everything."""
    known = ", ".join(figures(""))
    parser = argparse.ArgumentParser(description="Measure the interactive terminal.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {known}")
    parser.add_argument("--quick", action="store_true", help="fewer samples, shorter answers")
    parser.add_argument("--bin", default="", help="where the peer's program is")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in figures("")]:
        parser.error(f"there is no figure {unknown[0]!r}; there are: {known}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    failed = False
    folder = Path(tempfile.mkdtemp(prefix="kedge-bench-"))
    try:
        load = os.getloadavg()[0]
        print(f"{installation()}; Python {platform.python_version()}; {os.cpu_count()} processors, "
              f"load {load:.1f}; medians", flush=True)  # fmt: skip
        rig = Rig(folder, quick=asked.quick)
        for name in asked.names or figures(""):
            failed |= not _measured(rig, name, figures(asked.bin)[name], rows)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(layout(rows)))
    return 2 if failed else int(any(row.reached is False for row in rows))


def _measured(rig: Rig, name: str, figure: Callable[[Rig], Iterator[Row]], rows: list[Row]) -> bool:
    """Whether it could be measured; what was stays in the table in any case."""
    began = time.monotonic()
    try:
        rows.extend(figure(rig))
    except BenchError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return False
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

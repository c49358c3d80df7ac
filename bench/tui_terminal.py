"""The interactive terminal as a whole: `python bench/tui_terminal.py [--quick] [--bin FOLDER]`.

kedge runs in a pseudo-terminal of 120 by 40 that answers no questions but where the cursor is, and
talks to the loopback server. A full-screen peer is measured beside it, in turn, with the same words
at the same pace, if its program is in FOLDER (npm's `node_modules/.bin`) or on PATH:

    npm install @openai/codex

Exit status 1 if a figure was missed. The transcript alone is measured by `tui_stream.py`.
"""

import argparse
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from functools import partial
from pathlib import Path

from measure import BenchError, median, run
from msgspec import Struct
from rig import Rig, interleaved
from table import MS, SECONDS, Row, Unit, against, layout, within
from tui_child import ANSWER

from loopback.script import Call, Fault, Script, turn

TOKENS = 20_000
END = "zzzzzzzz"
"""The last word of a streamed answer."""
_PACE = 0.0005
"""Seconds that the server waits before each token."""
_ROUNDS = 9
_PATIENCE = 240.0
_READY = b"sk for something"
"""What the empty prompt says; the cursor stands on its first letter."""
_PERCENT = Unit("%", 100.0, 2)
_FLOOR = ("-c", "from textual.app import App")
_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static('Ask for something')
Hello().run()
"""


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> None:
        self._screen, inside = pty.openpty()
        ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(inside)
        self._tail = b""

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._screen, keys)

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._screen], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._screen, 1 << 16)
        except OSError:  # nobody has the other end any more
            return b""
        for _ in range(data.count(b"\x1b[6n")):
            self.press(b"\x1b[1;1R")
        return data

    def until(self, words: bytes) -> float:
        """Until it writes that; seconds since it was started.

        Raises:
            BenchError: it never did.
        """
        end = time.monotonic() + _PATIENCE
        while words not in self._tail:
            self._tail = self._tail[-len(words) :] + self._read(0.05)
            if time.monotonic() > end or self._process.poll() is not None:
                raise BenchError(f"never seen: {words!r}; last: {self._tail[-300:]!r}")
        self._tail = b""
        return time.monotonic() - self.began

    def rest(self, seconds: float) -> None:
        """Only read for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tail = self._read(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of the processor that all its processes have used, so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self._process.pid:
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it, with all that it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            end = time.monotonic() + 5
            while self._process.poll() is None and time.monotonic() < end:
                self._read(0.05)
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._screen)


@contextmanager
def terminal(command: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> Generator[Terminal]:
    """A program in a terminal, ended afterwards."""
    opened = Terminal(command, cwd, env)
    try:
        yield opened
    finally:
        opened.close()


class Peer(Struct, frozen=True):
    """A program that shows a streamed answer on the full screen."""

    command: tuple[str, ...]
    env: Mapping[str, str]


def kedge(rig: Rig, url: str, *more: str) -> Peer:
    """kedge itself."""
    options = ("-m", "anthropic/claude-opus-5-5", "--mode", "full", "--sandbox", "off")
    env = {**rig.env, "ANTHROPIC_API_KEY": "bench-key", "ANTHROPIC_BASE_URL": url}
    return Peer((rig.kedge_program, *options, *more), env)


def codex(rig: Rig, url: str, program: str, home: Path, cwd: Path) -> Peer:
    """Codex CLI, which keeps its settings in `home`."""
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(
        'model = "gpt-6.1-sol"\nmodel_provider = "loopback"\n'
        "check_for_update_on_startup = false\n[analytics]\nenabled = false\n"
        f'[model_providers.loopback]\nname = "loopback"\nbase_url = "{url}/v1"\n'
        'env_key = "OPENAI_API_KEY"\nwire_api = "responses"\n'
        f'[projects."{cwd}"]\ntrust_level = "trusted"\n'
    )
    command = (program, "--dangerously-bypass-approvals-and-sandbox")
    env = {**rig.env, "CODEX_HOME": str(home), "OPENAI_API_KEY": "bench-key"}
    return Peer(command, env)


def first_paint(rig: Rig) -> Iterator[Row]:
    """From the start of the process to the first frame with something to type into."""
    with rig.server(Script(())) as server, rig.workspace() as place:
        ours = kedge(rig, server.url)

        def painted(command: tuple[str, ...], env: Mapping[str, str]) -> float:
            with terminal(command, place, env) as screen:
                return screen.until(_READY)

        samples = interleaved(
            rig.rounds(_ROUNDS),
            {
                "kedge": partial(painted, ours.command, ours.env),
                "import": lambda: run((sys.executable, *_FLOOR), place, rig.env).seconds,
                "hello": partial(painted, (sys.executable, "-c", _HELLO), rig.env),
            },
        )
    paints, imports, hellos = samples["kedge"], samples["import"], samples["hello"]
    yield against("first paint (floor: importing textual)", paints, imports, MS, at_most=1.5)
    yield against("first paint (floor: an app of one line)", paints, hellos, MS)
    yield within("first paint, on the reference machine", paints, MS, 0.5)


def idle(rig: Rig) -> Iterator[Row]:
    """The processor while nothing happens."""
    with rig.server(Script(())) as server, rig.workspace() as place:
        ours = kedge(rig, server.url)
        with terminal(ours.command, place, ours.env) as screen:
            screen.until(_READY)
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
            ours = kedge(rig, server.url, "go")
            with terminal(ours.command, place, ours.env) as screen:
                _wait(screen, (place / "begun").exists)
                screen.rest(0.3)
                pressed = time.monotonic()
                screen.press(b"\x1b")
                _wait(screen, (place / "ended").exists)
                samples.append(time.monotonic() - pressed)
    yield within("Esc until the command hears of it", samples, MS, 0.1)


def _wait(screen: Terminal, claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not claim():
        screen.rest(0.002)
        if time.monotonic() > end:
            raise BenchError("the command never began or never ended")


def streaming(rig: Rig, program: str | None) -> Iterator[Row]:
    """What a long answer costs, that of a short one taken off."""
    count = rig.rounds(3)
    tokens = TOKENS if count > 2 else TOKENS // 5
    with (
        rig.server(_answer(tokens), "--lenient") as long,
        rig.server(_answer(20), "--lenient") as short,
        rig.workspace() as place,
        rig.folder() as folder,
    ):
        ours = kedge(rig, long.url), kedge(rig, short.url)
        spent = {"kedge": partial(_difference, *ours, place)}
        if program:
            theirs = [
                codex(rig, one.url, program, folder / f"codex-{one.pid}", place)
                for one in (long, short)
            ]
            spent["codex"] = partial(_difference, *theirs, place)
        samples = interleaved(count, spent)
    what = f"{tokens:,} tokens, CPU"
    if program:
        yield against(
            f"{what} (floor: Codex CLI)", samples["kedge"], samples["codex"], SECONDS, at_most=1
        )
    else:
        yield Row(what, SECONDS.show(median(samples["kedge"])), note="no peer was found")


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


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description="Measure the interactive terminal.")
    parser.add_argument("--quick", action="store_true", help="a third of the samples")
    parser.add_argument("--bin", default="", help="where the peer's program is")
    asked = parser.parse_args()
    peer = shutil.which(
        "codex", path=os.pathsep.join(filter(None, (asked.bin, os.environ["PATH"])))
    )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as folder:
        rig = Rig(Path(folder), quick=asked.quick)
        try:
            for figure in (first_paint, idle, interrupt, partial(streaming, program=peer)):
                rows += figure(rig)
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print("\n".join(layout(rows)))
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

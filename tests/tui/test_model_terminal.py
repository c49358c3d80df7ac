"""The terminal of the tests against a real one."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tui.model_terminal import ModelTerminal

from e2e.process import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class _Tmux:
    """A pane that shows what is written into a file."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux.sock")
        self._written = folder / "written"
        self._written.touch()
        self._marks = 0
        show = f"stty raw -echo; exec tail -n +1 -f {self._written}"
        self._run("-f", "/dev/null", "new-session", "-d", "-x", "40", "-y", "10", show)

    def _run(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-u", "-S", self._socket, *words],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout  # fmt: skip

    def feed(self, sent: str) -> None:
        # The title is set by the last of it: what came before has been obeyed then.
        self._marks += 1
        with self._written.open("a") as file:
            file.write(f"{sent}\x1b]2;mark{self._marks}\x07")
        shows = ("display-message", "-p", "#{pane_title}")
        wait_until(lambda: self._run(*shows).strip() == f"mark{self._marks}", "it is obeyed")

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def text(self) -> list[str]:
        lines = self._run("capture-pane", "-p", "-J", "-S", "-").split("\n")
        lines = [line.rstrip() for line in lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def cursor(self) -> tuple[int, int]:
        x, y = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(x), int(y)

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[_Tmux]:
    pane = _Tmux(tmp_path)
    yield pane
    pane.close()


LONG = "".join(f"{number:<6}" for number in range(12))


@pytest.mark.parametrize(
    "happens",
    [
        ["one\r\ntwo", (20, 10)],
        [LONG, (20, 10), "\x1b[2Ax", (60, 10), "y"],
        [LONG, (17, 10), "\x1b[A\r\x1b[2Kover"],
        ["".join(f"row {number}\r\n" for number in range(30)), (40, 5), "a", (40, 20), "b"],
        [f"{LONG}\r\n" * 6, (25, 8), "\x1b[3A\x1b[2C", (90, 8), "here"],
        ["top\r\nmiddle\r\nlast\x1b[2A\r", (40, 2), "x", (40, 9), "y"],
        ["short\x1b[9999C", (3, 10), "x"],
        [f"\x1b[?7l{LONG}\r\nnext\x1b[A", (13, 7), "\x1b[7C!", (50, 12), "?"],
        ["abcdefgh\r\nb\r\nc\x1b[2A\r\x1b[J", "x", (4, 4)],
    ],
)
def test_the_model_does_what_tmux_does(tmux: _Tmux, happens: list[str | tuple[int, int]]) -> None:
    model = ModelTerminal(40, 10)
    for one in happens:
        for terminal in (model, tmux):
            if isinstance(one, str):
                terminal.feed(one)
            else:
                terminal.resize(*one)
        assert (model.text, model.cursor) == (tmux.text, tmux.cursor)

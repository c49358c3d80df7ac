"""A real terminal, by means of tmux: what is typed goes in, what is on the screen comes out."""

import shlex
import subprocess
from pathlib import Path

from e2e.process import COMMAND, PATIENCE, Kedge, wait_until

_MOVED, _WHEEL = 32, 64
"""What is added to a button: for a movement while it is held; for the wheel (xterm's control
sequences, "Extended coordinates")."""


class Screen:
    """One 80x24 terminal with a shell."""

    def __init__(self, folder: Path, kedge: Kedge) -> None:
        self._socket = str(folder / "tmux.sock")
        self._env = {**kedge.env, "TERM": "xterm-256color", "PS1": "", "TMUX_TMPDIR": str(folder)}
        self._env.pop("LANG")
        self._env["LC_ALL"] = "C.UTF-8"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24",
                   "-c", str(kedge.cwd), "bash --norc --noprofile")  # fmt: skip
        self._open = True

    def _tmux(self, *words: str) -> str:
        ended = subprocess.run(
            ["tmux", "-u", "-S", self._socket, *words],
            env=self._env, capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        return ended.stdout

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press one key, in tmux's spelling."""
        self._tmux("send-keys", key)

    def paste(self, text: str) -> None:
        """Paste as a terminal does, in brackets where the program has asked for them."""
        self._tmux("set-buffer", "--", text)
        # As it is: tmux would make Enter of the ends of lines, as terminals do of typed ones.
        self._tmux("paste-buffer", "-p", "-r")

    def paste_bare(self, text: str) -> None:
        """Paste as a terminal does that knows no brackets: as if it was typed, all at once."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer")

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def sees(self, words: str) -> str:
        """Wait until words stand on the screen; all of it, as it was when they did."""
        shown = ""

        def stands() -> bool:
            nonlocal shown
            shown = self.seen
            return words in shown

        wait_until(stands, f"{words!r} is shown")
        return shown

    def click(self, words: str) -> None:
        """Click on the first of these words."""
        place = self._place(words)
        self._mouse(0, place)
        self._mouse(0, place, up=True)

    def drag(self, start: str, end: str) -> None:
        """Go, the button held down, from the first letter of some words to the last of others."""
        x, y = self._place(end)
        end_place = x + len(end) - 1, y
        self._mouse(0, self._place(start))
        self._mouse(_MOVED, end_place)
        self._mouse(0, end_place, up=True)

    def wheel(self, *, up: bool, at: str, times: int) -> None:
        """Turn the wheel over some words."""
        place = self._place(at)
        for _ in range(times):
            self._mouse(_WHEEL + (not up), place)

    def _place(self, words: str) -> tuple[int, int]:
        """Column and row of words on the screen, as the terminal counts: from 1."""
        shown = self.sees(words).splitlines()
        row = next(number for number, line in enumerate(shown) if words in line)
        return shown[row].index(words) + 1, row + 1

    def _mouse(self, button: int, place: tuple[int, int], *, up: bool = False) -> None:
        x, y = place
        # All of it at once, as a terminal does: byte by byte it may become Esc and letters.
        self._tmux("set-buffer", "-b", "mouse", f"\x1b[<{button};{x};{y}{'m' if up else 'M'}")
        self._tmux("paste-buffer", "-b", "mouse", "-d", "-r")

    @property
    def clipboard(self) -> str:
        """What was given to tmux last."""
        return self._tmux("show-buffer")

    @property
    def seen(self) -> str:
        """What is on the screen now, row by row."""
        return self._tmux("capture-pane", "-p")

    @property
    def text(self) -> str:
        """All that is and was on the screen, wrapped lines joined."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    @property
    def painted(self) -> str:
        """The same with colours."""
        return self._tmux("capture-pane", "-p", "-e", "-J", "-S", "-")

    @property
    def modes(self) -> str:
        """Whether the other screen is shown, the mouse is reported, keys are the application's, the
        cursor is shown, and lines are inserted."""
        modes = ("alternate_on", "mouse_any_flag", "keypad_flag", "cursor_flag", "insert_flag")
        return self._tmux("display-message", "-p", " ".join(f"#{{{one}}}" for one in modes)).strip()

    @property
    def title(self) -> str:
        """The title of the window."""
        return self._tmux("display-message", "-p", "#{pane_title}").strip()

    def close(self) -> None:
        """Take the terminal away, as a closed window does. Harmless when repeated."""
        if self._open:
            self._tmux("kill-server")
            self._open = False


def words(*arguments: str) -> str:
    """A command line for a shell, which says afterwards how it ended."""
    return shlex.join([*COMMAND, *arguments]) + '; echo "[ended $?]"'

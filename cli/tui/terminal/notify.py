"""Tells a person who looks elsewhere that a question waits, or that the work is done.

There is no one way: OSC 9 (iTerm2, Ghostty, Warp), OSC 777 (urxvt, WezTerm, foot, Ghostty), OSC 99
(kitty: https://sw.kovidgoyal.net/kitty/desktop-notifications/); elsewhere the bell, which most
terminals turn into a sign on their window. tmux lets a sequence through to its terminal if it is
wrapped and `allow-passthrough` is on (tmux(1)).
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Literal

from ....config.tui import Notifications
from ...terminal import harmless
from ..desk.state import DeskState

LONG_TURN: Final = 10.0
"""Seconds after which the end of a turn is news."""
_MOST: Final = 120
"""Characters of a notification."""

Way = Literal["osc9", "osc99", "osc777", "bell"]

_BY_PROGRAM: Final[Mapping[str, Way]] = {
    "iterm.app": "osc9",
    "warpterminal": "osc9",
    "ghostty": "osc777",
    "wezterm": "osc777",
    "kitty": "osc99",
}
_BY_VARIABLE: Final[Mapping[str, Way]] = {
    "KITTY_WINDOW_ID": "osc99",
    "WEZTERM_PANE": "osc777",
    "GHOSTTY_RESOURCES_DIR": "osc777",
    "ITERM_SESSION_ID": "osc9",
}
"""What is also there within tmux, which calls itself the program."""
_BY_TERM: Final[Mapping[str, Way]] = {
    "xterm-kitty": "osc99",
    "xterm-ghostty": "osc777",
    "foot": "osc777",
    "foot-extra": "osc777",
    "rxvt-unicode-256color": "osc777",
    "wezterm": "osc777",
}


def way(env: Mapping[str, str]) -> Way:
    """How the terminal of this environment is told."""
    program = env.get("TERM_PROGRAM", "").lower()
    if program in _BY_PROGRAM:
        return _BY_PROGRAM[program]
    for variable, found in _BY_VARIABLE.items():
        if env.get(variable):
            return found
    return _BY_TERM.get(env.get("TERM", ""), "bell")


def sequence(way: Way, title: str, words: str, *, tmux: bool = False) -> str:
    """What is written to the terminal; with `tmux` as what tmux hands on. Words are made harmless
    and short; where they would end a part of the sequence they are changed."""
    title, words = _plain(title), _plain(words)
    match way:
        case "bell":
            return "\a"
        case "osc9":
            told = f"\x1b]9;{title}: {words}\x1b\\"
        case "osc777":
            told = f"\x1b]777;notify;{title.replace(';', ',')};{words.replace(';', ',')}\x1b\\"
        case "osc99":
            told = f"\x1b]99;i=kedge:d=0:p=title;{title}\x1b\\\x1b]99;i=kedge:p=body;{words}\x1b\\"
    return f"\x1bPtmux;{told.replace(chr(27), chr(27) * 2)}\x1b\\" if tmux else told


def _plain(text: str) -> str:
    line = " ".join(harmless(text).split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"


async def tmux_hands_on(env: Mapping[str, str]) -> bool:
    """Whether this is within a tmux that lets sequences through to its terminal."""
    if not env.get("TMUX"):
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            *("tmux", "show-options", "-gv", "allow-passthrough"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
        )
        said, _ = await process.communicate()
    except OSError:
        return False
    return said.strip() in (b"on", b"all")


def _ran(state: DeskState) -> set[str]:
    return {task.id for task in state.tasks if task.running and task.id}


class Notifier:
    """Watches the state and tells what is news. Nothing of what is done or asked is told, since a
    notification may be read by others: only where, and that there is something."""

    def __init__(
        self,
        setting: Notifications,
        env: Mapping[str, str],
        write: Callable[[str], None],
    ) -> None:
        """`write` takes what the terminal gets, between two frames."""
        self._setting: Notifications = setting
        self._env = env
        self._write = write
        self._way: Way = way(env)
        self._tmux = False
        self._state = DeskState()

    async def open(self) -> None:
        """Find out what is possible here; until then, and elsewhere in tmux, it is the bell."""
        if self._env.get("TMUX"):
            self._tmux = await tmux_hands_on(self._env)

    def hear(self, state: DeskState, *, focused: bool, now: float) -> None:
        """This is the state now; `now` is on the clock of `DeskState.since`."""
        before, self._state = self._state, state
        if self._setting == "off" or (self._setting == "unfocused" and focused):
            return
        known = {asked.id for asked in before.questions}
        if any(asked.id not in known for asked in state.questions):
            self._tell(state, "a question waits for you")
        elif before.working and not state.working and now - before.since > LONG_TURN:
            self._tell(state, "the turn is over")
        elif not state.working and _ran(before) & {
            one.id for one in state.tasks if not one.running
        }:
            self._tell(state, "a command in the background is over")

    def _tell(self, state: DeskState, words: str) -> None:
        way: Way = "bell" if self._env.get("TMUX") and not self._tmux else self._way
        where = state.name or state.cwd.rstrip("/").rpartition("/")[2]
        title = f"kedge · {where}" if where else "kedge"
        self._write(sequence(way, title, words, tmux=self._tmux))

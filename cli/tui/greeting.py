"""What stands where nothing was said yet: which kedge this is, where, and what it will run with."""

import asyncio
from collections.abc import Iterator
from typing import Final

from textual.content import Content
from textual.widgets import Static

from ...config.errors import KedgeError
from ...config.version import VERSION
from ..surroundings import Surroundings
from ..terminal import harmless
from .desk.state import DeskState

_BEFORE: Final = "last session here: /resume, or kedge -c"
_MOST: Final = 20
"""Sessions that are looked at."""
_STARTED: Final = b'"kind":"session.started"'


class Greeting(Static):
    """Stands above the transcript until that has something of its own."""

    DEFAULT_CSS = """
    Greeting { height: auto; color: $text-muted;
               text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, where: Surroundings, *, id: str | None = None) -> None:
        self._state = DeskState(cwd=str(where.cwd))
        self._where = where
        self._before = ""
        super().__init__(self._words(), id=id, markup=False)

    def show(self, state: DeskState, *, begun: bool) -> None:
        """Show what is known by now; nothing once something has `begun`."""
        self.display = not begun
        if not begun and state != self._state:
            self._state = state
            self.update(self._words())

    async def look_back(self) -> None:
        """Say so if a session was left here."""
        if await asyncio.to_thread(_was_here, self._where):
            self._before = _BEFORE
            self.update(self._words())

    def _words(self) -> Content:
        state = self._state
        folder = _short(state.cwd, self._where.env.get("HOME", ""))
        runs = f"{state.model} · mode {state.mode}" if state.model else ""
        lines = (harmless(f"kedge {VERSION} · {folder}"), harmless(runs), self._before)
        return Content("\n".join(filter(None, lines)))


def _short(folder: str, home: str) -> str:
    inside = home and (folder == home or folder.startswith(f"{home}/"))
    return f"~{folder.removeprefix(home)}" if inside else folder


def _was_here(where: Surroundings) -> bool:
    """Whether one of the last sessions was begun in this directory."""
    from ..compose import saved_sessions

    store = saved_sessions(where)
    try:
        return any(_began(store.lines(id)) == str(where.cwd) for id in store.sessions()[:_MOST])
    except KedgeError:
        return False


def _began(lines: Iterator[bytes]) -> str:
    """The directory of a session, from its beginning."""
    # The first frame does without.
    from ...agent.codec import decode
    from ...agent.events import SessionStarted

    line = next((line for line in lines if _STARTED in line), b"")
    event = decode(line) if line else None
    return event.body.cwd if event and isinstance(event.body, SessionStarted) else ""

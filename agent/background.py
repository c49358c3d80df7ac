"""Commands that an earlier process of a session left running in the background: gone with it."""

import re
from typing import Final

from .events import ActionEnded, ActionProposed, Event, SessionStarted
from .messages import Text

_JOB: Final = re.compile(r"\b(bash_\d+)\b")
_ENDED: Final = re.compile(r"\b(bash_\d+) ended\b")


class Background:
    """What ran in the background when the log ended. Feed it the log, and nothing of the process
    that goes on with it."""

    def __init__(self) -> None:
        self._asked: dict[str, str] = {}
        self._running: dict[str, str] = {}

    def add(self, event: Event) -> None:
        """Fold one more fact in. Never raises."""
        match event.body:
            case SessionStarted():
                self._asked, self._running = {}, {}
            case ActionProposed(id, "bash", arguments=dict() as given):
                self._asked[id] = str(given.get("command", ""))
            case ActionEnded() as ended:
                self._ended(ended)
            case _:
                pass

    def _ended(self, ended: ActionEnded) -> None:
        command = self._asked.pop(ended.id, "")
        # Most outputs are of sessions in which nothing runs, and they may be long.
        if ended.status == "ok" and self._running:
            text = "".join(part.text for part in ended.content if isinstance(part, Text))
            for job in (_JOB if ended.tool == "bash_kill" else _ENDED).findall(text):
                self._running.pop(job, None)
        if ended.background:
            self._running[ended.background] = command

    @property
    def commands(self) -> tuple[str, ...]:
        """`bash_1: npm run dev`, in the order in which they were started."""
        return tuple(f"{job}: {command}" for job, command in self._running.items())

    @property
    def words(self) -> str:
        """What the model has to be told; empty if there is nothing."""
        if not self._running:
            return ""
        listed = "\n".join(f"- {command}" for command in self.commands)
        return (
            "<context>\n[kedge: the session was closed and opened again since your last words. "
            "These background commands are gone; start again what is still needed:\n"
            f"{listed}]\n</context>"
        )

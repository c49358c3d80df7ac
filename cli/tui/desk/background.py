"""The model's commands in the background, and what becomes of those that end while nobody works."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ....agent.events import Notice
from .words import ended_in_words

if TYPE_CHECKING:  # the first frame waits for nothing of commands
    from ....agent.tools.jobs import Job
    from ...compose import Composed

_NOW: Final = "the model is told now"
_HOW: Final = (
    "the model is told with your next words; /continue (on the screen also Enter with nothing "
    "written) tells it now"
)


class Background:
    """The person hears at once of a command that ended; the model with the person's next words, or
    in a turn of its own if the person wants that (`[tui] wake`). While a turn runs the model hears
    of it there, and the person with it.
    """

    def __init__(
        self,
        composed: "Composed",
        *,
        idle: Callable[[], bool],
        free: Callable[[], bool],
        tell: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """
        Args:
            composed: the session.
            idle: says whether no turn runs, and the session stays open.
            free: says whether nothing of the person's is to come first.
            tell: begins a turn that tells the model what is untold.
            changed: called when something was done to one.
        """
        self._toolbox = composed.toolbox
        self._conduct = composed.session.conduct
        self._wakes = composed.loaded.settings.tui.wake
        self._idle = idle
        self._free = free
        self._tell = tell
        self._changed = changed
        self._stopped = False
        """Whether the last turn did not come to its end: who stopped it wants no other one."""
        self._killed: set[str] = set()
        """The ids of those that the person ended: they wake nobody."""
        self._toolbox.hear_ended(self._ended)

    @property
    def untold(self) -> "list[Job]":
        """Those that ended, and the model does not know."""
        return [job for job in self._toolbox.jobs if not (job.running or job.known_ended)]

    def _ended(self, job: "Job") -> None:
        if self._idle():
            wakes = self._is_to_wake
            how = _NOW if wakes else _HOW
            self._conduct.say()
            self._conduct.record(Notice("background", f"{ended_in_words(job)}\n{how}"))
            if wakes:
                self._tell()

    @property
    def _is_to_wake(self) -> bool:
        news = any(job.id not in self._killed for job in self.untold)
        return news and self._wakes and not self._stopped and self._idle() and self._free()

    def turn_over(self, done: bool) -> None:
        """A turn is over, `done` if it came to its end: what ended meanwhile may wake the model."""
        self._stopped = not done
        if self._is_to_wake:
            self._tell()

    def send(self) -> int:
        """Let the commands that calls wait for go on in the background; how many."""
        return self._toolbox.to_background()

    async def kill(self, id: str) -> None:
        """End a command, by its id. Harmless after its end."""
        for job in self._toolbox.jobs:
            if job.id == id:
                self._killed.add(id)
                await job.kill()
        self._changed()

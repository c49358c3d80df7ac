"""What is said when a session is opened again: to the person what is another, to the model what it
could not know."""

from collections.abc import Sequence

from .aftermath import Aftermath
from .background import Background
from .changes import changes
from .events import Event, Notice, SessionStarted, ToolSpec
from .messages import Text
from .transcript import Transcript


class Reopening:
    """Compares the log with the process that goes on with it."""

    def __init__(self, transcript: Transcript, now: SessionStarted) -> None:
        """`transcript` is that of the log; `now` is how the session is opened."""
        self._transcript = transcript
        self._now = now
        self._aftermath = Aftermath()
        self._background = Background()

    def recall(self, fact: Event) -> None:
        """See a fact of the log."""
        self._aftermath.add(fact)
        self._background.add(fact)

    def add(self, event: Event) -> None:
        """See an event of this process."""
        self._aftermath.add(event)

    def notices(
        self, last: SessionStarted, now: SessionStarted, tools: Sequence[ToolSpec]
    ) -> list[Notice]:
        """For the person, before this start is recorded: what was `last` so and is another way
        `now`."""
        first = self._transcript.started
        if first is None:
            return []
        return [*changes(last, now, tools, first), *self.gone]

    @property
    def gone(self) -> tuple[Notice, ...]:
        """Those of them that say what ran in the background when the log ended."""
        return tuple(
            Notice("background_gone", f"does not run any more: {command}")
            for command in self._background.commands
        )

    def told(self, *, announced: bool) -> tuple[Text, ...]:
        """For the model, before the next prompt; less once the start is `announced`."""
        first, now = self._transcript.started, self._now
        if first is None:
            return ()
        news = [self._aftermath.words]
        if not announced:
            moved = first.cwd != now.cwd
            news += (now.environment, now.instructions) if moved else ()
            news.append(self._background.words)
        return tuple(Text(text) for text in news if text)

"""What a session runs under: put on record when it begins to work, changed by the person later."""

from collections.abc import Callable, Sequence

from msgspec import structs

from ..config.settings import Mode
from .bus import Bus
from .events import Body, Event, Notice, SessionStarted, ToolSpec
from .messages import Text
from .person import ModeChanged, ModelChanged
from .reopening import Reopening
from .transcript import Transcript

Switch = Callable[[Mode], str]
"""Has everybody decide by this mode from here on; what is attested of the sandbox then. Never
raises."""


class Conduct:
    """How one session is conducted at the moment."""

    def __init__(
        self,
        started: SessionStarted,
        tools: Sequence[ToolSpec],
        bus: Bus,
        transcript: Transcript,
        switch: Switch | None,
    ) -> None:
        """`tools` are those that there are; without a `switch` the mode stays."""
        self.started = started
        """What it runs under now."""
        self.announced = False
        """Whether that is on record."""
        self.reopening = Reopening(transcript, started)
        self._tools = tools
        self._bus = bus
        self._transcript = transcript
        self._switch = switch
        self._was = started
        """What it ran under when the log ended."""
        self._unsaid: list[Notice] = []

    def recall(self, fact: Event) -> None:
        """See the facts of the log that is resumed, in order."""
        self.reopening.recall(fact)
        match fact.body:
            case SessionStarted() as started:
                self._was = started
            case ModeChanged(mode):
                self._was = structs.replace(self._was, mode=mode)
            case ModelChanged(model, tools=names):
                known = {spec.name: spec for spec in (*self._was.tools, *self._tools)}
                tools = tuple(known[name] for name in names if name in known)
                self._was = structs.replace(self._was, model=model, tools=tools or self._was.tools)
            case _:
                pass

    def announce(self) -> None:
        """Put on record that this process works in the session, and what is not as it was."""
        if self.announced:
            return
        self.announced = True
        resumed = self._bus.last_seq if self._transcript.started else None
        notices = self.reopening.notices(self._was, self.started, self._tools)
        self._bus.emit(structs.replace(self.started, resumed_after=resumed))
        for notice in notices:
            self._bus.emit(notice)

    @property
    def told(self) -> tuple[Text, ...]:
        """For the model, before the next prompt."""
        return self.reopening.told(announced=self.announced)

    def record(self, body: Body, *, on_disk: bool = False) -> None:
        """Put on record what happened at the session outside of it.

        Raises:
            StoreError: it is to be `on_disk` when this returns, and is not.
        """
        self.announce()
        self._bus.emit(body)
        if on_disk:
            self._bus.require_log(on_disk=True)

    def notice(self, code: str, text: str) -> None:
        """Keep for the record what a person should be able to know."""
        self._unsaid.append(Notice(code, text))

    def say(self) -> None:
        """Put on record what was noticed, once that this process works here is."""
        if self.announced:
            unsaid, self._unsaid = self._unsaid, []
            for notice in unsaid:
                self._bus.emit(notice)

    def set_mode(self, mode: Mode) -> None:
        """Have what is decided from here on decided by another mode, also in a running turn.

        Raises:
            StoreError: it could not be put on record; the mode stays.
        """
        before = self.started.mode
        if mode == before or self._switch is None:
            return
        self._bus.require_log()
        sandbox = self._switch(mode)
        self.started = structs.replace(self.started, mode=mode, sandbox=sandbox)
        if self.announced:
            self._bus.emit(ModeChanged(mode, before, sandbox))

    def set_model(self, model: str, effort: str, tools: Sequence[ToolSpec]) -> None:
        """Another model answers from here on, or the same one thinks more or less; with tools that
        may be others."""
        before, self._tools = self.started, tools
        versions = {tool.name: tool.version for tool in tools}
        self.started = structs.replace(
            before, model=model, tools=tuple(tools), tool_versions=versions
        )
        if self.announced:
            others = tuple(versions) if tools != before.tools else ()
            self._bus.emit(ModelChanged(model, effort, before.model, others))

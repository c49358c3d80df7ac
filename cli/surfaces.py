"""What a one-shot run prints: one class per output format, all fed the same events.

stdout carries the answer (or records) and nothing else; progress and complaints go to stderr.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Protocol

import msgspec
from msgspec import Struct

from ..agent.codec import encode
from ..agent.events import CheckEnded, Event, Result
from ..config.errors import KedgeError
from .live import Live
from .render import Renderer, explained, what_to_do
from .terminal import Out, Style, harmless, visible


class Surface(Protocol):
    """Prints a run."""

    def show(self, event: Event) -> None:
        """Print what the event adds."""
        ...


class Progress:
    """Tells a person what happens, line by line."""

    def __init__(self, err: Out, style: Style) -> None:
        self._err = err
        self._renderer = Renderer(style, announces=True)

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if text := self._renderer.render(event):
            self._err.say(text)


class Watched:
    """Shows a person at a terminal what happens, and below it what is going on right now."""

    def __init__(self, err: Out, style: Style) -> None:
        self._err = err
        self._style = style
        self._renderer = Renderer(style)
        self._live = Live(self._renderer.title)
        self._below: list[str] = []
        self._gives_room = False
        """The lines that are drawn below; the cursor stands under them, at the left."""

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        text = self._renderer.render(event)
        self._live.see(event)
        size = self._err.size
        hidden = self._renderer.streaming or self._gives_room
        below = [] if hidden else self._live.lines(size.columns, size.lines)
        if not text and below == self._below:
            return
        erasure = f"\x1b[{len(self._below)}A\x1b[J" if self._below else ""
        self._below = below
        drawn = "".join(f"{self._style.dim(line)}\n" for line in below)
        self._err.say(erasure + text + drawn)

    @contextmanager
    def room(self) -> Generator[None]:
        """Room for something else: nothing is drawn below meanwhile."""
        if self._below:
            self._err.say(f"\x1b[{len(self._below)}A\x1b[J")
            self._below = []
        self._gives_room = True
        try:
            yield
        finally:
            self._gives_room = False


class Quiet:
    """No progress; only what went wrong and what cannot be undone, at the end."""

    def __init__(self, err: Out) -> None:
        self._err = err

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if not isinstance(event.body, Result):
            return
        if not_kept := event.body.evidence.not_kept:
            self._err.say(f"kedge: cannot be undone: {harmless('; '.join(not_kept))}\n")
        if event.body.exit_code:
            self._err.say(f"kedge: {complaint(event.body)}\n")


class TextAnswer:
    """The answer's words on stdout, when the run is over."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if not isinstance(event.body, Result):
            return
        if event.body.structured is not None:
            self._out.write(final_json(event.body.structured) + b"\n")
        elif text := event.body.text:
            text = harmless(text) if self._out.is_terminal else text
            self._out.say(text if text.endswith("\n") else text + "\n")


class JsonResult:
    """One line of JSON on stdout: the result."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if isinstance(event.body, Result):
            self._out.write(encode(event) + b"\n")


class JsonStream:
    """Every record on stdout as it happens, one line each."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        self._out.write(encode(event) + b"\n")


ANSWERS: dict[str, Callable[[Out], Surface]] = {
    "text": TextAnswer,
    "json": JsonResult,
    "stream-json": JsonStream,
}
"""The class for each output format."""


class Streams(Struct, frozen=True):
    """Where the output of a run leads."""

    watched: bool
    """stderr is a terminal."""
    redrawn: bool
    """It is one on which lines can be drawn anew."""
    together: bool
    """stdout and stderr lead to one place."""

    @classmethod
    def of(cls, out: Out, err: Out, env: Mapping[str, str]) -> "Streams":
        """Those of a run."""
        watched = err.is_terminal
        return cls(watched, watched and env.get("TERM", "dumb") != "dumb", out.same_place(err))


def surfaces_for(
    output_format: str, streams: Streams, out: Out, err: Out, style: Style, *, verbose: bool
) -> list[Surface]:
    """What prints a run."""
    answer = ANSWERS[output_format](out)
    if not (streams.watched or verbose):
        return [answer, Quiet(err)]
    if streams.together and output_format == "text":
        # Whoever follows the progress reads the answer there, as it is streamed.
        return [Watched(err, style) if streams.redrawn else Progress(err, style)]
    # Records on the same terminal would get between the lines that are drawn anew.
    redrawn = streams.redrawn and not streams.together
    return [answer, Watched(err, style) if redrawn else Progress(err, style)]


def complaint(result: Result) -> str:
    """Why a run did not end well, in one line."""
    if result.error is not None:
        return explained(result.error)
    match result.status:
        case "verification":
            failed = [_failed(check) for check in result.evidence.checks if not check.ok]
            return f"the final check failed: {harmless(', '.join(failed))}"
        case "blocked":
            words = f"nothing was changed: {result.denials[0].reason}"
            return harmless("; ".join(filter(None, (words, what_to_do(result)))))
        case status:
            return f"stopped: {status}"


def _failed(check: CheckEnded) -> str:
    name = " ".join(check.name.split())
    return name if check.exit_code is None else f"{name} (exit code {check.exit_code})"


def final_json(value: object) -> bytes:
    """A structured answer as it is printed."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def held_back(notes: Iterable[str]) -> str:
    """What the sandbox held back after commands, for whoever has just left; names of files are the
    commands' to choose."""
    return "".join(f"kedge: {visible(note)}\n" for note in notes)


def startup_failure(error: KedgeError) -> str:
    """What a person reads when a run could not begin."""
    hint = f"\n  {error.hint}" if error.hint else ""
    return harmless(f"kedge: {error}{hint}\n")

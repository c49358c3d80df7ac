"""What a one-shot run prints: one class per output format, all fed the same events.

stdout carries the answer (or records) and nothing else; progress and complaints go to stderr.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from ..agent.codec import encode
from ..agent.events import Event, Result
from ..config.errors import KedgeError
from .render import Renderer
from .terminal import Out, Style, harmless


class Surface(Protocol):
    """Prints a run."""

    def show(self, event: Event) -> None:
        """Print what the event adds."""
        ...


class Progress:
    """Shows events to a person on stderr."""

    def __init__(self, err: Out, style: Style) -> None:
        self._err = err
        self._renderer = Renderer(style)

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if text := self._renderer.render(event):
            self._err.say(text)


class Quiet:
    """No progress; only what went wrong, at the end."""

    def __init__(self, err: Out) -> None:
        self._err = err

    def show(self, event: Event) -> None:
        """See `Surface.show`."""
        if isinstance(event.body, Result) and event.body.exit_code:
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


def complaint(result: Result) -> str:
    """Why a run did not end well, in one line."""
    if result.error is not None:
        return harmless(result.error.text)
    failed = [check.name for check in result.evidence.checks if not check.ok]
    match result.status:
        case "verification":
            return f"the final check failed: {harmless(', '.join(failed))}"
        case "turn_limit":
            return f"stopped after {result.turns} model calls (--max-turns)"
        case "budget":
            return "stopped: the budget of time or money is spent"
        case "blocked":
            return f"nothing was changed: {harmless(result.denials[0].reason)}"
        case status:
            return f"stopped: {status}"


def final_json(value: object) -> bytes:
    """A structured answer as it is printed."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def startup_failure(error: KedgeError) -> str:
    """What a person reads when a run could not begin."""
    hint = f"\n  {error.hint}" if error.hint else ""
    return harmless(f"kedge: {error}{hint}\n")

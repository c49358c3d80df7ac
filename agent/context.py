"""Assembles a model call from the transcript: stable things first, so that caches stay warm."""

from collections.abc import Callable

from msgspec import Struct

from .events import ToolSpec
from .messages import Usage
from .ports import Request
from .transcript import Transcript

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English text and code; good enough for a record, not for a bill."""


class ModelUse(Struct, frozen=True):
    """How the model is called."""

    max_output_tokens: int
    effort: str
    price: Callable[[Usage], float | None]
    """US dollars for the usage of one call; None if the price is not known."""


def assemble(
    transcript: Transcript, tools: tuple[ToolSpec, ...], use: ModelUse, session: str
) -> Request:
    """The next request. It extends the one before: nothing already said is ever edited."""
    return Request(
        system=transcript.started.system if transcript.started else "",
        messages=tuple(transcript.messages),
        tools=tools,
        max_output_tokens=use.max_output_tokens,
        effort=use.effort,
        session=session,
    )


def estimated_tokens(transcript: Transcript) -> int:
    """About how many input tokens the next request has."""
    system = len(transcript.started.system) if transcript.started else 0
    return (system + transcript.characters) // CHARACTERS_PER_TOKEN

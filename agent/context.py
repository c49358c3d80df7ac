"""A model call: assembled from the transcript, stable things first, so that caches stay warm."""

from collections.abc import Callable

from msgspec import Struct

from .events import ToolSpec
from .messages import Usage
from .ports import Request
from .transcript import Transcript


class ModelUse(Struct, frozen=True):
    """How the model is called."""

    max_output_tokens: int
    effort: str
    price: Callable[[Usage], float | None]
    """US dollars for the usage of one call; None if the price is not known."""
    window: int = 0
    """Tokens of prompt and answer together; 0 if that is not known."""


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
    """About how many input tokens the next request has: what the model has counted of it, and an
    estimate of the rest."""
    counted = transcript.counted.tokens if transcript.counted else 0
    return counted + uncounted_tokens(transcript)


def uncounted_tokens(transcript: Transcript) -> int:
    """About how many of them the model has not counted yet."""
    known = transcript.counted.characters if transcript.counted else 0
    return round((transcript.request_characters - known) / transcript.characters_per_token)

"""The parts of a token count that both OpenAI wires report alike."""

from msgspec import Struct


class InputDetails(Struct, frozen=True):
    """What of the prompt was read from a cache or written to it."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, frozen=True):
    """What of the answer was reasoning."""

    reasoning_tokens: int | None = None

"""What a model call uses: as its provider reports it, estimated where it never does so."""

from msgspec import Struct, structs

from .deltas import (
    CallDelta,
    Delta,
    Finished,
    Metered,
    PartDone,
    Restarted,
    TextDelta,
    ThinkingDelta,
)
from .messages import Usage
from .transcript import CHARACTERS_PER_TOKEN
from .view import weight


class Used(Struct, frozen=True):
    """What one attempt at an answer has used."""

    usage: Usage
    estimated: bool
    """Whether more is counted, or less, than what the provider has reported."""


class Meter:
    """Follows one attempt at a time; tell it every delta.

    What is estimated is rather too much of the input, as if nothing of it had come from a cache,
    and too little of the output, since reasoning is not always streamed.
    """

    def __init__(
        self, input_tokens: int, characters_per_token: float = CHARACTERS_PER_TOKEN
    ) -> None:
        """Set up for a request that has about so many tokens."""
        self._input_tokens = input_tokens
        self._characters_per_token = characters_per_token
        self._begin()

    def _begin(self) -> None:
        self._taken_up = False
        self._heard = 0
        self._reported = Usage()
        self._final = False

    def add(self, delta: Delta) -> None:
        """Count one more delta."""
        if isinstance(delta, Restarted):
            self._begin()
            return
        self._taken_up = True
        match delta:
            case TextDelta(text) | ThinkingDelta(text):
                self._heard += weight(text)
            case CallDelta(_, characters):
                self._heard += characters
            case Metered(usage):
                self._reported = usage
            case Finished(_, usage) if usage != Usage():
                self._reported, self._final = usage, True
            case PartDone() | Finished():
                pass

    @property
    def used(self) -> Used | None:
        """What the present attempt has used so far; None if no provider has taken it up."""
        if not self._taken_up:
            return None
        if self._final:
            return Used(self._reported, estimated=False)
        heard = round(self._heard / self._characters_per_token)
        usage = structs.replace(
            self._reported,
            input_tokens=self._reported.input_tokens or self._input_tokens,
            output_tokens=max(self._reported.output_tokens, heard),
        )
        return Used(usage, estimated=True)

"""Settings of what watches over the agent's own health: circuit breakers and the loop guard."""

from typing import Annotated

from msgspec import Meta, Struct

_Calls = Annotated[int, Meta(ge=1, le=10_000)]
_Seconds = Annotated[float, Meta(gt=0, le=86_400)]
_Repeats = Annotated[int, Meta(ge=0, le=1_000)]


class BreakerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """When something that keeps failing is left alone, and for how long."""

    window_calls: _Calls = 20
    """How many of the last calls are looked at."""
    window_seconds: _Seconds = 600.0
    """Calls that are older are forgotten."""
    minimum_calls: _Calls = 3
    """With fewer calls nothing is concluded."""
    failure_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """The share of failures at which the breaker opens."""
    cooldown_seconds: _Seconds = 30.0
    """How long it then stays open; doubled each time that the probe fails."""
    max_cooldown_seconds: _Seconds = 600.0
    """The longest that it stays open."""
    probes: _Calls = 1
    """How many calls are let through afterwards, all of which must succeed."""


class LoopSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens when the same call gives the same result over and over, with nothing changed
    in between. Each number says at which time, the first one being 1; 0 is never."""

    note_at: _Repeats = 3
    """From here on the result tells the model that it repeats itself."""
    ask_at: _Repeats = 5
    """From here on a person is asked, whatever allows the call."""
    stop_at: _Repeats = 8
    """Here the turn ends."""

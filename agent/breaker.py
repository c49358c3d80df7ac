"""Circuit breakers: what keeps failing is left alone for a while, then tried again.

A breaker is *closed* while calls pass. When too many of the last ones failed it *opens*: callers go
on without, in the way that `DEGRADED` names. When its cooldown is over the next caller finds it
*half-open*: a few probes pass, and their success closes it, a failure opens it for twice as long.

There are no timers and no tasks; a breaker moves when somebody asks or answers. Every move is told
as a record, and the records of a log bring a session's breakers back (`recalled`, `restore`).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from ..config.guards import BreakerSettings
from .events import BreakerChanged, Event

StateName = Literal["closed", "open", "half-open"]

DEGRADED: Final[Mapping[str, str]] = {
    "provider": "model calls fail at once, and the run ends with words that say when to try again",
    "tool": "its calls are answered with why it is paused, and the model goes on without it",
    "mcp": "the server's tools are answered with why they are paused",
    "hook": "the hook is left out; what it would have blocked is asked instead",
    "reviewer": "the deterministic rules and the person decide without it",
}
"""What happens while a breaker is open, by the first word of its name: `provider PROVIDER/MODEL`,
`tool NAME`, `mcp SERVER`, `hook NAME`, `reviewer NAME`."""

_MEANWHILE = "; until it recovers "
"""Between the reason and what is degraded, in records."""


class Seen(Struct, frozen=True):
    """One call that ended."""

    at: float
    failed: bool


class Closed(Struct, frozen=True):
    """Calls pass."""

    window: tuple[Seen, ...] = ()
    """The last calls, oldest first."""


class Open(Struct, frozen=True):
    """No call passes."""

    until: float
    """When, on the breaker's clock, a probe may pass."""
    trips: int
    """How often in a row it has opened; from 1."""
    reason: str


class HalfOpen(Struct, frozen=True):
    """Probes pass."""

    trips: int
    reason: str
    """Why it had opened."""
    begun: int = 0
    """Probes let through."""
    passed: int = 0
    """Probes that succeeded."""
    patience: float = 0.0
    """When probes that have not answered are given up, so that one that was cancelled does not
    keep the breaker half-open for ever."""


State = Closed | Open | HalfOpen

Tell = Callable[[BreakerChanged], None]


class Breaker:
    """One circuit breaker. Ask `allows` before each call, and say afterwards how it ended."""

    def __init__(
        self, name: str, settings: BreakerSettings, clock: Callable[[], float], tell: Tell
    ) -> None:
        self.name = name
        self.state: State = Closed()
        self._settings = settings
        self._clock = clock
        self._tell = tell

    def allows(self) -> bool:
        """Whether a call may be made now. Who is told yes makes it, and says how it ended."""
        now = self._clock()
        match self.state:
            case Closed():
                return True
            case Open(until) if now < until:
                return False
            case Open(_, trips, reason):
                self._become(
                    self._probing(trips, reason, now), "its pause is over; trying it again"
                )
                return True
            case HalfOpen(trips, reason, begun, passed, patience):
                if now >= patience:
                    self.state = self._probing(trips, reason, now)
                elif begun < self._settings.probes:
                    self.state = HalfOpen(trips, reason, begun + 1, passed, patience)
                else:
                    return False
                return True

    def succeeded(self) -> None:
        """A call did what it should."""
        match self.state:
            case Closed():
                self.state = Closed(self._window(failed=False))
            case HalfOpen(trips, reason, begun, passed, patience):
                self.state = HalfOpen(trips, reason, begun, passed + 1, patience)
                if passed + 1 >= self._settings.probes:
                    self._become(Closed(), "it works again")
            case Open():
                pass  # begun before it opened; only probes speak for it now

    def failed(self, why: str) -> None:
        """A call failed, through no fault of what was asked."""
        match self.state:
            case Closed():
                window = self._window(failed=True)
                failures = sum(seen.failed for seen in window)
                if self._too_many(failures, len(window)):
                    self._open(1, f"{failures} of the last {len(window)} calls failed; {why}")
                else:
                    self.state = Closed(window)
            case HalfOpen(trips):
                self._open(trips + 1, f"it still fails; {why}")
            case Open():
                pass

    def withdrawn(self) -> None:
        """A call ended without saying anything about what it called: it was stopped."""
        match self.state:
            case HalfOpen(trips, reason, begun, passed, patience) if begun > passed:
                self.state = HalfOpen(trips, reason, begun - 1, passed, patience)
            case _:
                pass

    def reset(self) -> None:
        """A person takes it for working."""
        if isinstance(self.state, Closed):
            self.state = Closed()
        else:
            self._become(Closed(), "reset by a person")

    @property
    def paused(self) -> str:
        """Why nothing passes, and until when, in words; empty while calls pass."""
        match self.state:
            case Open(until, _, reason) if (left := until - self._clock()) > 0:
                return f"{reason}; it is tried again in {max(1, round(left))} s"
            case HalfOpen(_, reason):
                return f"{reason}; it is being tried again"
            case _:
                return ""

    def restore(self, past: "Past", seconds_ago: float) -> None:
        """Go on where a log left off; `seconds_ago` it was told. Nobody is told again."""
        match past.state:
            case "closed":
                self.state = Closed()
            case "open":
                left = max(0.0, self._cooldown(past.trips) - max(0.0, seconds_ago))
                self.state = Open(self._clock() + left, past.trips, past.reason)
            case "half-open":
                self.state = Open(self._clock(), past.trips, past.reason)

    def _window(self, *, failed: bool) -> tuple[Seen, ...]:
        """The last calls with one more."""
        now = self._clock()
        before = self.state.window if isinstance(self.state, Closed) else ()
        recent = [seen for seen in before if now - seen.at < self._settings.window_seconds]
        return (*recent, Seen(now, failed))[-self._settings.window_calls :]

    def _too_many(self, failures: int, calls: int) -> bool:
        minimum = min(self._settings.minimum_calls, self._settings.window_calls)
        return calls >= minimum and failures >= calls * self._settings.failure_share

    def _cooldown(self, trips: int) -> float:
        doubled = self._settings.cooldown_seconds * 2.0 ** min(trips - 1, 30)
        return min(doubled, self._settings.max_cooldown_seconds)

    def _probing(self, trips: int, reason: str, now: float) -> HalfOpen:
        """Half-open, with the first probe under way."""
        return HalfOpen(trips, reason, begun=1, patience=now + self._cooldown(trips))

    def _open(self, trips: int, reason: str) -> None:
        self._become(Open(self._clock() + self._cooldown(trips), trips, reason), reason)

    def _become(self, state: State, reason: str) -> None:
        self.state = state
        if isinstance(state, Open):
            reason += f"{_MEANWHILE}{degraded(self.name)}"
        self._tell(BreakerChanged(self.name, named(state), reason))


class Breakers:
    """Every breaker of a session, by name."""

    def __init__(
        self,
        settings: BreakerSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        tell: Tell | None = None,
    ) -> None:
        self._settings = settings or BreakerSettings()
        self._clock = clock
        self._tell = tell
        self._untold: list[BreakerChanged] = []
        self._breakers: dict[str, Breaker] = {}

    def of(self, name: str) -> Breaker:
        """The breaker of this name, closed if it is new."""
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = Breaker(name, self._settings, self._clock, self._changed)
            self._breakers[name] = breaker
        return breaker

    def watch(self, tell: Tell) -> None:
        """Tell every change here, beginning with those that nobody was told of. Must not raise."""
        self._tell = tell
        untold, self._untold = self._untold, []
        for changed in untold:
            tell(changed)

    def _changed(self, changed: BreakerChanged) -> None:
        if self._tell is None:
            self._untold.append(changed)
        else:
            self._tell(changed)

    def states(self) -> Mapping[str, State]:
        """Every breaker that was asked for, and how it stands."""
        return {name: breaker.state for name, breaker in self._breakers.items()}

    def reset(self, name: str) -> bool:
        """Close a breaker; False if there is none of this name."""
        if name not in self._breakers:
            return False
        self._breakers[name].reset()
        return True

    def restore(self, past: Mapping[str, "Past"], wall: Callable[[], float] = time.time) -> None:
        """Take over how the breakers stood when a log ended."""
        for name, one in past.items():
            self.of(name).restore(one, wall() - one.at)


class Past(Struct, frozen=True):
    """How a breaker stood, as a log tells."""

    state: StateName
    reason: str
    trips: int
    """How often in a row it had opened."""
    at: float
    """When it was told, in seconds of Unix time."""


def recalled(facts: Iterable[Event]) -> dict[str, Past]:
    """How the breakers stood when this log ended. Pure."""
    past: dict[str, Past] = {}
    for fact in facts:
        if isinstance(fact.body, BreakerChanged):
            changed = fact.body
            before = past.get(changed.name)
            trips = before.trips if before and changed.state != "closed" else 0
            past[changed.name] = Past(
                changed.state,
                before.reason
                if before and changed.state == "half-open"
                else changed.reason.partition(_MEANWHILE)[0],
                trips + (changed.state == "open"),
                datetime.fromisoformat(fact.ts).timestamp(),
            )
    return past


def named(state: State) -> StateName:
    """The state's name in records."""
    match state:
        case Closed():
            return "closed"
        case Open():
            return "open"
        case HalfOpen():
            return "half-open"


def degraded(name: str) -> str:
    """What happens while the breaker of this name is open, in words."""
    return DEGRADED.get(name.partition(" ")[0], "it is left out")

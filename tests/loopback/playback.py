"""Which turn answers which request, and what the request had to look like."""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from .script import (
    DELIVERED,
    AnyScript,
    Expect,
    Json,
    Script,
    ScriptFunction,
    Turn,
    WireName,
)
from .wires.wire import Ask, Wire, strings


class Mismatch(Exception):
    """The request is not the one that the script expected; the message says how."""


class Playback:
    """The progress of one script."""

    def __init__(self, script: AnyScript) -> None:
        self._turns: Sequence[Turn] = ()
        self._function: ScriptFunction | None = None
        self._pick: Callable[[int], int] = lambda spoken: self._position
        self._position = 0
        self._attempts: Counter[int] = Counter()
        if isinstance(script, Script):
            self._turns = script.turns
            if script.pick == "history":
                self._pick = lambda spoken: spoken
        elif isinstance(script, Sequence):
            self._turns = script
        else:
            self._function = script

    @property
    def unused(self) -> int:
        """Turns that no request has reached."""
        return sum(at not in self._attempts for at in range(len(self._turns)))

    def next(self, wire: Wire, name: WireName, ask: Ask) -> Turn:
        """The turn for the request, without its fault when that has happened often enough.

        Raises: Mismatch.
        """
        spoken = wire.spoken(ask.json)
        number = spoken if self._function else self._pick(spoken)
        turn = self._turn(number, name, ask.json)
        if turn.expect and (wrong := complaint(turn.expect, wire, name, ask)):
            raise Mismatch(f"turn {number}: {wrong}")
        self._attempts[number] += 1
        fault = turn.fault
        if fault and fault.times is not None and self._attempts[number] > fault.times:
            turn, fault = replace(turn, fault=None), None
        if fault is None or (fault.times is None and fault.kind in DELIVERED):
            self._position += 1
        return turn

    def _turn(self, number: int, name: WireName, request: Json) -> Turn:
        if self._function:
            try:
                return self._function(request, name)
            except Exception as error:  # whatever a test's function asserts is a failed expectation
                raise Mismatch(f"the script function raised {error!r}") from error
        if number >= len(self._turns):
            raise Mismatch(f"the script has {len(self._turns)} turns, turn {number} was asked for")
        return self._turns[number]


def complaint(expect: Expect, wire: Wire, name: WireName, ask: Ask) -> str | None:
    """What of the expectation the request does not fulfil."""
    if expect.wire not in (None, name):
        return f"expected the wire {expect.wire!r}, got {name!r}"
    if expect.model not in (None, ask.model):
        return f"expected the model {expect.model!r}, got {ask.model!r}"
    if expect.stream not in (None, ask.stream):
        return f"expected stream {expect.stream!r}, got {ask.stream!r}"
    if missing := sorted(set(expect.tools) - set(wire.tools(ask.json))):
        return f"expected the tools {missing!r}, declared are {wire.tools(ask.json)!r}"
    return _complaint_of_text(expect, wire, ask)


def _complaint_of_text(expect: Expect, wire: Wire, ask: Ask) -> str | None:
    last = "\n".join(strings(wire.tail(ask.json)))
    if expect.last_contains is not None and expect.last_contains not in last:
        return f"expected {expect.last_contains!r} in what was said last, got {last[:2000]!r}"
    everything = "\n".join(strings(ask.json))
    if expect.contains is not None and expect.contains not in everything:
        return f"expected {expect.contains!r} somewhere in the request"
    if expect.lacks is not None and expect.lacks in everything:
        return f"expected no {expect.lacks!r} anywhere in the request"
    return None

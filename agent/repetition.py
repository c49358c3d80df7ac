"""The loop guard: notices when the model does the same thing over and over and nothing comes of it.

A call repeats if tool, arguments *and* result are those of before *and* nothing has changed in
between: no tool reported a changed file, and nothing else was done that may change anything and was
not done just so before. A circle of up to three calls that change things and change them back
repeats as well. Waiting and polling do not repeat, however often.

Pure bookkeeping; what follows is graded by `LoopSettings`: words to the model with the result, a
question (`validators/loops.py`), the end of the turn.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ..config.guards import LoopSettings
from .errors import LoopError
from .events import ActionEnded
from .messages import Text
from .ports import Action

LONGEST_CIRCLE: Final = 3
"""Calls in the longest circle that is noticed although its calls change things."""

_PASSING: Final = re.compile(
    r"(?<!running for )\b\d+(?:\.\d+)?(?=\s?(?:ns|µs|us|ms|s|sec|secs|seconds|m|min)\b)"
    r"|\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"
    r"|\b0x[0-9a-fA-F]+\b"
    r"|(?<=/tmp/)[\w.-]+"
)
"""What differs each time and means nothing: durations, times of day, addresses, temporary names.
For how long something has been running is news, though."""


class _Step(Struct, frozen=True):
    """A call and what came of it, as digests."""

    call: int
    result: int


class _Streak(Struct, frozen=True):
    """The same call with the same result, in a workspace in which nothing has changed since."""

    result: int
    epoch: int
    times: int


class Repetition:
    """What one agent did, as far as it may be repeating itself. A new turn begins anew."""

    def __init__(self, settings: LoopSettings | None = None) -> None:
        self._settings = settings or LoopSettings()
        self._turn = 0
        self._begin(0)

    def _begin(self, turn: int) -> None:
        self._turn = turn
        self._epoch = 0
        """Number of the state of the workspace, as far as can be told."""
        self._streaks: dict[int, _Streak] = {}
        self._done: set[_Step] = set()
        self._trail: list[_Step] = []
        self._answer = ""
        self._answers = 0

    def _in(self, turn: int) -> None:
        if turn != self._turn:
            self._begin(turn)

    def times(self, action: Action, turn: int) -> int:
        """How often this very call gave the same result before, with nothing changed since.

        Raises:
            LoopError: so often that the turn is to end.
        """
        self._in(turn)
        if _waits(action):
            return 0
        call = _call(action)
        streak = self._streaks.get(call)
        times = streak.times if streak and streak.epoch == self._epoch else 0
        for period, length in self._circles():
            if self._trail[-period].call == call:
                times = max(times, length // period)
        if self._settings.stop_at and times + 1 >= self._settings.stop_at:
            raise LoopError(
                f"the model asked for the same call of {action.call.name} {times + 1} times, each "
                "time with the same result and nothing changed in between",
                hint="say what to do differently, or allow more by --set loops.stop_at=N",
            )
        return times

    def note(self, action: Action, ended: ActionEnded, turn: int) -> str:
        """Take in how a call ended. Answers with words to add to the result for the model; empty
        if it does not repeat itself."""
        self._in(turn)
        if _waits(action):
            return ""
        call = _call(action)
        before = self._streaks.get(call)
        # A refusal says nothing new of the world, and its words may count along.
        refused = ended.status == "denied"
        result = before.result if refused and before else _result(ended)
        step = _Step(call, result)
        if ended.changes or (action.mutates and not refused and step not in self._done):
            self._epoch += 1
        same = before is not None and (before.result, before.epoch) == (result, self._epoch)
        times = before.times + 1 if before and same else 1
        self._streaks[call] = _Streak(result, self._epoch, times)
        self._done.add(step)
        enough = LONGEST_CIRCLE * (self._settings.stop_at or self._settings.ask_at or 10)
        self._trail = [*self._trail, step][-enough:]
        for period, length in self._circles():
            times = max(times, (length - 1) // period + 1)
        return self._words(times)

    def _circles(self) -> Iterator[tuple[int, int]]:
        """The circles that the last steps went round at least twice: their number of steps, and
        for how many steps they have gone on."""
        trail = self._trail
        for period in range(1, LONGEST_CIRCLE + 1):
            length = period
            while length < len(trail) and trail[-length - 1] == trail[-length - 1 + period]:
                length += 1
            if period * 2 <= length:
                yield period, length

    def _words(self, times: int) -> str:
        if not self._settings.note_at or times < self._settings.note_at:
            return ""
        return (
            f"[kedge: this is the same call with the same result for the {_ordinal(times)} time, "
            "and nothing has changed in between. Doing it again will not help: think about what "
            "this result means, and try something else.]"
        )

    def answered(self, text: str, turn: int) -> None:
        """The model spoke and asked for nothing, yet is to go on.

        Raises:
            LoopError: it has said just that so often in a row that the turn is to end.
        """
        self._in(turn)
        self._answers = self._answers + 1 if text == self._answer else 1
        self._answer = text
        if self._settings.stop_at and self._answers >= self._settings.stop_at:
            raise LoopError(f"the model gave the same answer {self._answers} times in a row")


def _waits(action: Action) -> bool:
    """Whether it lets time pass, so that doing it again makes sense."""
    parts = (effect.command for effect in action.effects)
    return bool(action.arguments.get("wait_seconds")) or any(
        part is not None and part.words[:1] == ("sleep",) for part in parts
    )


def _call(action: Action) -> int:
    arguments = msgspec.json.encode(action.arguments, order="sorted", enc_hook=repr)
    return hash((action.call.name, arguments))


def _result(ended: ActionEnded) -> int:
    """What of a result means something."""
    content = tuple(
        _PASSING.sub("#", part.text) if isinstance(part, Text) else part.data
        for part in ended.content
    )
    return hash((ended.status, ended.exit_code, content))


def _ordinal(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"

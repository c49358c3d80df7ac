"""One decision path: folds the validators' verdicts on an action into one ruling.

Verdicts speak of effects. `deny` beats `ask` beats `allow`; an effect that nobody allows is asked
about. A modification replaces the arguments and everything is judged again from the start. A
validator that raises denies.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Struct, structs

from .effects import Effect
from .events import Considered
from .ports import ESCALATE, Action, Allow, Ask, Deny, Modify, Places, Ruling, Validator, Verdict
from .stages import Flag, Passage, Replace, Screen

MAX_MODIFICATIONS = 8
"""Judgements of one action before validators that keep modifying it are taken for broken."""

_STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}

Remake = Callable[[dict[str, object]], Action]
"""Makes the action anew from modified arguments: validated, with its effects."""


_Made = TypeVar("_Made")
_Subject = TypeVar("_Subject")


class Broken(Struct, frozen=True):
    """What a call that should have answered raised instead."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def attempted(call: Callable[[], _Made]) -> _Made | Broken:
    """The answer of something untrusted."""
    try:
        return call()
    except Exception as error:  # border: what is broken must not let anything through
        return Broken(type(error).__name__, str(error))


def _listed(check: Callable[[_Subject], Sequence[_Made]], subject: _Subject) -> tuple[_Made, ...]:
    return tuple(check(subject))


class Screened(Struct, frozen=True):
    """Words after all screens."""

    text: str
    flags: tuple[tuple[str, Flag], ...] = ()
    """With the name of the screen that raised each."""
    denied: str = ""
    """Why they may not go on at all."""


class Gate:
    """The validators and screens, in the order in which they are heard."""

    def __init__(
        self,
        validators: Sequence[Validator],
        screens: Sequence[Screen] = (),
        *,
        asks: bool = True,
        parent: "Gate | None" = None,
    ) -> None:
        """Without `asks`, as in mode full, what would be asked is allowed instead. Where there is
        a `parent`, the gate of the agent that this one works for, nothing passes that does not
        pass there as well."""
        self._validators = tuple(validators)
        self._screens = tuple(screens)
        self._asks = asks
        self._parent = parent

    def review(self, action: Action, remake: Remake) -> Ruling:
        """Judge an action. Never raises."""
        ruling = self._own(action, remake)
        if self._parent is None:
            return ruling
        above = self._parent.review(ruling.action, remake)
        considered = (*ruling.considered, *above.considered)
        decides = above if _STRICTNESS[above.outcome] >= _STRICTNESS[ruling.outcome] else ruling
        modified = ruling.modified or above.modified
        return structs.replace(
            decides, action=above.action, considered=considered, modified=modified
        )

    def _own(self, action: Action, remake: Remake) -> Ruling:
        heard: list[Considered] = []
        modified = False
        for _ in range(MAX_MODIFICATIONS):
            ruling = self._fold(action, heard)
            if isinstance(ruling, Ruling):
                ruling = structs.replace(ruling, considered=tuple(heard), modified=modified)
                return ruling if self._asks else _unasked(ruling)
            made = attempted(partial(remake, ruling.arguments))
            if isinstance(made, Broken):
                return _refused(f"the modified arguments do not fit: {made.text}", action, heard)
            action, modified = made, True
        return _refused(f"still being modified after {MAX_MODIFICATIONS} rounds", action, heard)

    def _fold(self, action: Action, heard: list[Considered]) -> Ruling | Modify:
        question: Ruling | None = None
        allowed: dict[int, tuple[str, Allow]] = {}
        for name, verdict in self._verdicts(action, heard):
            match verdict:
                case Modify():
                    return verdict
                case Deny(reason, places, rule):
                    return Ruling("deny", name, reason, action, places or (), rule)
                case Ask(reason, places, rule) if question is None:
                    question = Ruling(
                        "ask", name, reason, action, _all(places, action), rule, firm=True
                    )
                case Allow(_, places):
                    for place in _all(places, action):
                        allowed.setdefault(place, (name, verdict))
                case Ask():
                    pass
        if question is not None:
            return question
        open = tuple(place for place in range(len(action.effects)) if place not in allowed)
        heard.extend(_unheard(action, open))
        return _uncovered(action, open) if open else _allowed(action, allowed)

    def _verdicts(self, action: Action, heard: list[Considered]) -> Iterator[tuple[str, Verdict]]:
        for validator in self._validators:
            for verdict in _hear(validator, action):
                said = type(verdict).__name__.lower()
                if isinstance(verdict, Modify):
                    heard.append(Considered(validator.name, said, verdict.reason))
                else:
                    heard.append(
                        Considered(
                            validator.name, said, verdict.reason, verdict.rule, verdict.effects
                        )
                    )
                yield validator.name, verdict

    def screen(self, passage: Passage) -> Screened:
        """Judge words. Never raises."""
        flags: list[tuple[str, Flag]] = []
        for screen in self._screens:
            verdicts = attempted(partial(_listed, screen.check, passage))
            if isinstance(verdicts, Broken):
                reason = f"the screen {screen.name} failed: {verdicts}"
                return Screened("", tuple(flags), reason)
            for verdict in verdicts:
                match verdict:
                    case Replace(text):
                        passage = structs.replace(passage, text=text)
                    case Flag():
                        flags.append((screen.name, verdict))
                    case Deny(reason):
                        return Screened("", tuple(flags), reason)
                    case _:
                        reason = f"the screen {screen.name} failed: {verdict!r} is no verdict"
                        return Screened("", tuple(flags), reason)
        return Screened(passage.text, tuple(flags))


def _hear(validator: Validator, action: Action) -> Sequence[Verdict]:
    verdicts = attempted(partial(_listed, validator.check, action))
    if isinstance(verdicts, Broken):
        return (Deny(f"the validator failed: {verdicts}"),)
    for verdict in verdicts:
        match verdict:
            case Allow() | Ask() | Deny() | Modify():
                pass
            case _:
                return (Deny(f"the validator failed: {verdict!r} is no verdict"),)
    return verdicts


def _unheard(action: Action, open: Sequence[int]) -> Iterator[Considered]:
    """The voice of the gate itself on the effects that nobody spoke for: each reason once."""
    reasons: dict[str, list[int]] = {}
    for place in open:
        reasons.setdefault(nothing_allows(action.effects[place]), []).append(place)
    for reason, places in reasons.items():
        yield Considered("gate", "ask", reason, effects=tuple(places))


def _uncovered(action: Action, open: tuple[int, ...]) -> Ruling:
    """The ruling where nobody denies or asks, nor allows these effects."""
    reason = nothing_allows(action.effects[open[0]])
    # Only a person, or a rule of theirs, widens the sandbox: no reviewer answers for them.
    return Ruling("ask", "gate", reason, action, open, firm=action.call.name == ESCALATE)


def _allowed(action: Action, allowed: dict[int, tuple[str, Allow]]) -> Ruling:
    """The ruling where everything is allowed."""
    if not allowed:
        return Ruling("allow", "gate", "it touches nothing", action)
    voices = [allowed[place] for place in sorted(allowed)]
    names = ", ".join(dict.fromkeys(name for name, _ in voices))
    reasons = "; ".join(dict.fromkeys(verdict.reason for _, verdict in voices if verdict.reason))
    rule = next((verdict.rule for _, verdict in voices if verdict.rule), "")
    return Ruling("allow", names, reasons, action, (), rule)


def nothing_allows(effect: Effect) -> str:
    """Why an effect is asked about, in words."""
    if effect.command is not None:
        return f"`{effect.target}`: {effect.command.why}"
    doing = {"read": "reading", "write": "writing", "delete": "deleting", "run": "running"}
    return f"nothing allows {doing.get(effect.kind, 'connecting to')} {effect.target}"


def _unasked(ruling: Ruling) -> Ruling:
    if ruling.outcome != "ask":
        return ruling
    if ruling.action.call.name == ESCALATE:
        reason = "mode full never asks, and only a person or a rule widens the sandbox"
        return structs.replace(ruling, outcome="deny", by="mode", reason=reason)
    return structs.replace(
        ruling, outcome="allow", by="mode", reason=f"mode full never asks ({ruling.reason})"
    )


def _refused(reason: str, action: Action, heard: list[Considered]) -> Ruling:
    return Ruling("deny", "gate", reason, action, considered=tuple(heard), modified=True)


def _all(places: Places, action: Action) -> tuple[int, ...]:
    return tuple(range(len(action.effects))) if places is None else places

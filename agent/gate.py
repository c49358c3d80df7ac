"""One decision path: folds the validators' verdicts on an action into one ruling.

`deny` beats `ask` beats `allow`. A modification replaces the arguments and everything is judged
again from the start. A validator that raises denies. If nobody says anything, a person is asked.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct, structs

from .events import Considered
from .ports import Action, Allow, Ask, Deny, Modify, Validator, Verdict

MAX_MODIFICATIONS = 8
"""Judgements of one action before validators that keep modifying it are taken for broken."""

Remake = Callable[[dict[str, object]], Action]
"""Makes the action anew from modified arguments: validated, with its effects."""


class Ruling(Struct, frozen=True):
    """What the validators say together."""

    outcome: Literal["allow", "ask", "deny"]
    by: str
    reason: str
    action: Action
    """As modified."""
    rule: str = ""
    considered: tuple[Considered, ...] = ()
    modified: bool = False


class Gate:
    """The validators, in the order in which they are heard."""

    def __init__(self, validators: Sequence[Validator]) -> None:
        self._validators = tuple(validators)

    def review(self, action: Action, remake: Remake) -> Ruling:
        """Judge an action. Never raises."""
        heard: list[Considered] = []
        modified = False
        for _ in range(MAX_MODIFICATIONS):
            ruling = self._fold(action, heard)
            if isinstance(ruling, Ruling):
                return structs.replace(ruling, considered=tuple(heard), modified=modified)
            try:
                action = remake(ruling.arguments)
            except Exception as error:  # border: a validator's arguments are as untrusted as it is
                reason = f"the modified arguments do not fit: {error}"
                return Ruling(
                    "deny", "gate", reason, action, considered=tuple(heard), modified=modified
                )
            modified = True
        reason = f"still being modified after {MAX_MODIFICATIONS} rounds"
        return Ruling("deny", "gate", reason, action, considered=tuple(heard), modified=True)

    def _fold(self, action: Action, heard: list[Considered]) -> Ruling | Modify:
        ruling: Ruling | None = None
        for validator in self._validators:
            verdict = _hear(validator, action)
            if verdict is None:
                continue
            reason = verdict.reason
            heard.append(Considered(validator.name, type(verdict).__name__.lower(), reason))
            match verdict:
                case Modify():
                    return verdict
                case Deny():
                    return Ruling("deny", validator.name, reason, action, verdict.rule)
                case Ask() if ruling is None or ruling.outcome == "allow":
                    ruling = Ruling("ask", validator.name, reason, action)
                case Allow() if ruling is None:
                    ruling = Ruling("allow", validator.name, reason, action)
                case _:
                    pass
        return ruling or Ruling("ask", "gate", "nothing allows this", action)


def _hear(validator: Validator, action: Action) -> Verdict | None:
    try:
        verdict = validator.check(action)
    except Exception as error:  # border: a broken validator must not let anything through
        return Deny(f"the validator failed: {type(error).__name__}: {error}")
    match verdict:
        case None | Allow() | Ask() | Deny() | Modify():
            return verdict
        case _:
            return Deny(f"the validator failed: {verdict!r} is no verdict")

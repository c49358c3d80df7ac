"""How often a person's answer contradicted those who had judged before: the error rate of a judge.

An answer counts for every voice in the same decision, and for those of earlier decisions on the
same call in that session that no person was asked about: who was denied something and then got it
allowed by a person contradicts the denial.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from ..events import ActionProposed, Decision, Event


class Agreement(Struct, frozen=True):
    """One voice against what persons answered."""

    verdicts: int = 0
    """How often it allowed, asked or denied."""
    failures: int = 0
    """How often it could not be heard."""
    answered: int = 0
    """Verdicts that a person's answer followed."""
    overruled: int = 0
    """Of these, what it allowed and the person denied, or it denied and the person allowed."""
    needless: int = 0
    """Of these, where it asked and the person allowed."""

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.verdicts + other.verdicts,
            self.failures + other.failures,
            self.answered + other.answered,
            self.overruled + other.overruled,
            self.needless + other.needless,
        )

    @property
    def error_rate(self) -> float | None:
        """The share of answered verdicts that the person overruled; None before the first."""
        return self.overruled / self.answered if self.answered else None


class _Voice(Struct, frozen=True):
    name: str
    said: str


def agreement(events: Iterable[Event]) -> dict[str, Agreement]:
    """Every voice in the decisions of these sessions, by name. Pure."""
    found: dict[str, Agreement] = {}
    calls: dict[tuple[str, tuple[str, ...], str], bytes] = {}
    open: dict[bytes, list[_Voice]] = {}
    for event in events:
        match event.body:
            case ActionProposed(id, tool, arguments):
                call = msgspec.json.encode((event.session, tool, arguments), order="sorted")
                calls[event.session, event.path, id] = call
            case Decision(id) as decision:
                voices = _voices(decision)
                for voice in voices:
                    _count(found, voice.name, _heard(voice))
                call = calls.get((event.session, event.path, id), b"")
                waiting = [*open.pop(call, ()), *voices]
                if not decision.asked:
                    open[call] = waiting
                    continue
                for voice in waiting:
                    _count(found, voice.name, _judged(voice, decision))
            case _:
                pass
    return found


def _voices(decision: Decision) -> list[_Voice]:
    """Everybody's last word; a modified action is judged again."""
    last = {voice.by: voice.verdict for voice in decision.considered if voice.verdict != "modify"}
    return [_Voice(name, said) for name, said in last.items()]


def _count(found: dict[str, Agreement], name: str, more: Agreement) -> None:
    found[name] = found.get(name, Agreement()) + more


def _heard(voice: _Voice) -> Agreement:
    return Agreement(failures=1) if voice.said == "unavailable" else Agreement(verdicts=1)


def _judged(voice: _Voice, decision: Decision) -> Agreement:
    allowed = decision.outcome == "allow"
    match voice.said:
        case "allow":
            return Agreement(answered=1, overruled=int(not allowed))
        case "deny":
            return Agreement(answered=1, overruled=int(allowed))
        case "ask":
            return Agreement(answered=1, needless=int(allowed))
        case _:
            return Agreement()

"""The reviewer model: a model that judges each action by rules in prose.

It sees the rules, what the person said last, the end of the conversation as data, and the action
with its effects. Its answer counts only if it is just the JSON object that was asked for; anything
else, like an error of its provider or a spent budget, is its failure, which the settings answer.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from ...config.errors import KedgeError
from ...config.reviewer import ReviewerRules, ReviewerSettings
from ..effects import Effect
from ..messages import Message, Text
from ..ports import Action, Allow, Ask, Deny, OnFailure, Request, Reviewer, RiskClass, Ruling
from .excerpt import Excerpt, Said

MAX_CACHED: Final = 512
"""Judgements of a session that are remembered, the latest ones."""

_FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


class NoVerdict(KedgeError):
    """The model answered something else than a verdict."""


class _Answer(Struct, frozen=True, forbid_unknown_fields=True):
    verdict: Literal["allow", "ask", "deny"]
    reason: Annotated[str, Meta(min_length=1)]


class _Pending(Struct, frozen=True):
    tool: str
    arguments: dict[str, object]
    effects: tuple[Effect, ...]
    after: str
    """What a result tried shortly before, if it tried to give instructions."""


class _SoFar(Struct, frozen=True):
    outcome: str
    by: str
    reason: str


class _Case(Struct, frozen=True):
    """What is put before the model, whose instructions name these fields."""

    person: str
    conversation: Sequence[Said]
    action: _Pending
    rules_so_far: _SoFar


class ModelReviewer:
    """Judges what would do more than read."""

    def __init__(
        self,
        settings: ReviewerSettings,
        instructions: str,
        rules: ReviewerRules,
        ask: Callable[[Request], Awaitable[Message]],
        excerpt: Excerpt,
        session: str,
    ) -> None:
        """`ask` puts a request to the model and sees to its price and its record."""
        self._settings = settings
        self._system = f"{instructions}\n\n{_in_words(rules)}"
        self._ask = ask
        self._excerpt = excerpt
        self._session = session
        self._known: dict[bytes, _Answer] = {}

    @property
    def name(self) -> str:
        """See `Reviewer.name`."""
        return f"model {self._settings.model}"

    @property
    def timeout(self) -> float:
        """See `Reviewer.timeout`."""
        return self._settings.timeout_seconds

    @property
    def lifts(self) -> bool:
        """See `Reviewer.lifts`."""
        return self._settings.lifts

    def on_failure(self, risk: RiskClass) -> OnFailure:
        """See `Reviewer.on_failure`."""
        return self._settings.on_failure.at(risk)

    async def review(self, ruling: Ruling) -> Allow | Ask | Deny | None:
        """See `Reviewer.review`. The same call after the same words is judged once.

        Raises:
            NoVerdict: the answer is no verdict.
            KedgeError: the model could not be asked.
        """
        action = ruling.action
        if not action.mutates:
            return None
        key = self._key(action)
        answer = self._known.get(key)
        if answer is None:
            answer = _understood(await self._ask(self._request(ruling)))
            if len(self._known) >= MAX_CACHED:
                del self._known[next(iter(self._known))]
            self._known[key] = answer
        match answer.verdict:
            case "allow":
                return Allow(answer.reason)
            case "ask":
                return Ask(answer.reason)
            case "deny":
                return Deny(answer.reason)

    def _key(self, action: Action) -> bytes:
        return msgspec.json.encode((self._excerpt.person, _pending(action)), order="sorted")

    def _request(self, ruling: Ruling) -> Request:
        case = _Case(
            self._excerpt.person,
            self._excerpt.end(self._settings.excerpt_characters),
            _pending(ruling.action),
            _SoFar(ruling.outcome, ruling.by, ruling.reason),
        )
        # As JSON, so that nothing in it can pass for the end of the data.
        words = msgspec.json.format(msgspec.json.encode(case)).decode()
        return Request(
            system=self._system,
            messages=(Message("user", (Text(words),)),),
            tools=(),
            max_output_tokens=self._settings.max_output_tokens,
            effort="",
            session=f"{self._session}-reviewer",
        )


def _pending(action: Action) -> _Pending:
    return _Pending(action.call.name, action.arguments, action.effects, action.tainted)


def _understood(message: Message) -> _Answer:
    text = message.text.strip()
    fenced = _FENCED.fullmatch(text)
    try:
        return msgspec.json.decode(fenced[1] if fenced else text, type=_Answer)
    except msgspec.MsgspecError as error:
        raise NoVerdict(f"the reviewer answered {text[:200]!r}, which is no verdict") from error


def _in_words(rules: ReviewerRules) -> str:
    lists = (
        ("The environment", rules.environment),
        ("Allow", rules.allow),
        ("Soft deny", rules.soft_deny),
        ("Hard deny", rules.hard_deny),
    )
    return "\n\n".join(
        f"# {title}\n" + "\n".join(f"- {rule}" for rule in listed)
        for title, listed in lists
        if listed
    )


if TYPE_CHECKING:
    _: type[Reviewer] = ModelReviewer

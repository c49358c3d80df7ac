"""The gate's questions: printed one after the other, answered by numbers."""

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from ....agent.ports import Approval, No, Yes
from ...edited_rules import fit, listed
from ...questions import (
    answer_in_words,
    headline,
    refusal,
    voices_in_words,
)
from ..desk.desk import Desk
from ..desk.state import Asked
from .keyboard import Ask
from .questions import Batch, Wish, answer_of, gone, numbers, question_lines


class Host(Protocol):
    """Who has the lines."""

    desk: Desk

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        ...

    async def line(self, ask: Ask) -> str | None:
        """The line that a person types; None: they give none."""
        ...


class Gate:
    """Shows the oldest question that waits, and takes what is said to it."""

    def __init__(
        self, host: Host, grace: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Within `grace`, seconds, a line was meant for something else."""
        self._host = host
        self._grace = grace
        self._clock = clock
        self._shown: Asked | None = None
        self._answering = False
        """An answer was said, and is not taken in yet."""
        self._since = 0.0
        self._before = 0
        """Questions that were answered since there was none."""
        self._rules: tuple[str, ...] = ()
        self._answered: frozenset[int] = frozenset()
        self._told: frozenset[int] = frozenset()
        """Those that a person knows of."""

    @property
    def waits(self) -> bool:
        """Whether a question is open, and nothing was said to it that is still to be taken in."""
        return self._shown is not None and not self._answering

    def look(self) -> None:
        """Show what is asked now."""
        open_now = self._host.desk.state.questions
        first = open_now[0] if open_now else None
        if first is self._shown:
            self._announce(open_now[1:])
            return
        if self._shown is not None and self._shown.id not in self._answered:
            self._host.say("that question is answered, or asked no more")
        self._before = self._before + 1 if self._shown is not None and first is not None else 0
        self._shown = first
        if first is not None:
            self._rules = first.question.offers
            self._since = self._clock()
            self._show(first)

    def _announce(self, others: Sequence[Asked]) -> None:
        """Say what is asked besides, since the first one was shown."""
        for one in others:
            if one.id not in self._told:
                self._host.say(f"then: {headline(one.question)}; 7 says no to all of them")
        self._told |= {one.id for one in others}

    def _show(self, asked: Asked) -> None:
        batch = self._batch
        self._told |= {one.id for one in batch.others}
        self._host.say("\n".join(question_lines(asked, batch, self._rules)))

    @property
    def _batch(self) -> Batch:
        state = self._host.desk.state
        others = [one for one in state.questions if one is not self._shown]
        return Batch(self._before, others, state.to_come)

    def take(self, line: str) -> Coroutine[object, object, None] | None:
        """What a line says to the question; None if it is no answer."""
        asked = self._shown
        said = answer_of(line, self._rules) if asked else None
        if asked is None or said is None:
            return None
        if self._clock() - self._since < self._grace:
            return self._too_soon()
        # From here on, not when the work begins: no other line may be asked for in between.
        self._answering = True
        return self._take_in(asked, said)

    async def _take_in(self, asked: Asked, said: Yes | No | Wish) -> None:
        try:
            await self._answer(asked, said)
        finally:
            self._answering = False

    async def _too_soon(self) -> None:
        self._host.say("that came too soon to be meant for the question; say it again")

    async def _answer(self, asked: Asked, said: Yes | No | Wish) -> None:
        match said:
            case "edit":
                await self._edit(asked)
            case "why not":
                words = await self._host.line(Ask("what should it do instead: "))
                if words is not None:
                    self._give(asked, refusal(words.strip()))
            case "none":
                self._refuse_all()
            case "voices":
                voices = list(voices_in_words(asked.question))
                self._host.say("\n".join(voices) or "nobody else was heard on it")
            case answer:
                self._give(asked, answer)

    def _give(self, asked: Asked, answer: Yes | No) -> None:
        self._answered |= {asked.id}
        self._host.say(answer_in_words(answer))
        self._host.desk.answer(asked.id, Approval(answer, "person"))

    def _refuse_all(self) -> None:
        self._answered |= {one.id for one in self._host.desk.state.questions}
        several = self._batch.are_several
        self._host.say(answer_in_words(refusal()) + (", to all of them" if several else ""))
        self._host.desk.refuse_all(refusal())

    async def _edit(self, asked: Asked) -> None:
        ask = Ask("rules, with ; between them: ", "; ".join(self._rules))
        words = await self._host.line(ask)
        if asked is not self._shown:
            return
        if edited := listed(words or ""):
            found = fit(asked.question, edited)
            self._rules = self._rules if found.wrong else edited
            if told := found.wrong or found.wide:
                self._host.say(f"! {told}")
        self._show(asked)

    def remind(self) -> None:
        """Say that a question still waits."""
        self._host.say(f"a question waits: {numbers(self._rules, several=self._batch.are_several)}")

    def give_up(self) -> None:
        """Nobody can answer any more."""
        for asked in self._host.desk.state.questions:
            self._answered |= {asked.id}
            self._host.desk.answer(asked.id, gone())

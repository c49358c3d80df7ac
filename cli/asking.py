"""Asks a person line by line, on the terminal of a one-shot run."""

import asyncio
import contextlib
import os
import termios
import time
import tty
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager

from ..agent.events import Event
from ..agent.ports import Approval, No, Question, Yes
from .coming import Coming
from .counts import counted
from .edited_rules import fit, listed
from .questions import (
    ASKED_AGAIN,
    answer_in_words,
    arguments_in_words,
    command_lines,
    effects_in_words,
    headline,
    in_question,
    meaning,
    refusal,
)
from .terminal import Out, Style, harmless, visible
from .titles import title

GRACE_SECONDS = 0.5
"""Keys pressed so soon after a question appeared were meant for something else."""
MAX_PREVIEW_LINES = 60
_ESCAPE = "\x1b"
_LETTERS = {"y": "1", "n": "5"}
_Attributes = list[int | list[bytes | int]]
"""What `termios.tcgetattr` gives."""


class LineApprover:
    """Prints a question and reads a key. One question at a time; the others wait."""

    def __init__(
        self,
        out: Out,
        style: Style,
        keyboard: int,
        room: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keyboard` is the descriptor of a terminal; `room` keeps others from drawing there."""
        self._out = out
        self._style = style
        self._keyboard = keyboard
        self._room = room
        self._clock = clock
        self._turn = asyncio.Lock()
        self._waiting: dict[int, Question] = {}
        """By numbers in the order in which they were asked; the one that is shown is among them."""
        self._last = 0
        self._before = 0
        """Questions that were answered since there was none."""
        self._refused = 0
        """The number of the last one to which a no to all was said."""
        self._coming = Coming()
        self._refuses: Callable[[str], bool] = lambda call: False
        self._listens = False
        """Whether a key is waited for, below a question."""

    def show(self, event: Event) -> None:
        """See `Surface.show`: what is still to come is part of what is asked."""
        self._coming.add(event)

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`."""
        self._last += 1
        number = self._last
        self._waiting[number] = question
        if self._listens:
            self._out.say(f"{_then(question)} · 7 no to all\n")
        try:
            async with self._turn:
                # What is asked at the same time is counted, too.
                await asyncio.sleep(0)
                if number <= self._refused or self._refuses(question.action.call.id):
                    return Approval(refusal(), "person")
                return await self._ask(number)
        finally:
            del self._waiting[number]
            self._before = self._before + 1 if self._waiting else 0

    async def _ask(self, number: int) -> Approval:
        question = self._waiting[number]
        others = [_then(one) for other, one in self._waiting.items() if other != number]
        count = self._before + 1 + len(others)
        place = f"{self._before + 1} of {count} · " if count > 1 else ""
        others += (f"  to come: {title(one, '')}" for one in self._coming.calls.values())
        with self._room():
            self._out.say(question_text(question, self._style, place, others))
            with _keys(self._keyboard):
                answer = await self._answer(question)
            if answer is None:
                return Approval(No("the terminal that could answer is gone"), "unattended")
            self._out.say(f"  {answer_in_words(answer)}\n")
        return Approval(answer, "person")

    async def _answer(self, question: Question) -> Yes | No | None:
        """The answer; None if the terminal is gone."""
        shown = self._clock()
        rules = question.offers
        while key := await self._key():
            if self._clock() - shown < GRACE_SECONDS:
                continue
            if key == "e" and rules:
                rules = await self._edited(question, rules)
                self._out.say("  2 session · 3 project · 4 everywhere: ")
            elif key == "6":
                words = await self._line("  What should it do instead? ")
                return refusal(words)
            elif key == "7" and (len(self._waiting) > 1 or self._coming.calls):
                self._refused, self._refuses = self._last, self._coming.held()
                return refusal()
            elif (answer := meaning(_LETTERS.get(key, key), rules)) is not None:
                return answer
        return None

    async def _edited(self, question: Question, rules: tuple[str, ...]) -> tuple[str, ...]:
        """The rules as the person wants them, separated by `;`; an empty line leaves them."""
        asks = f"  Rules instead of {'; '.join(rules)}\n"
        while edited := listed(await self._line(f"{asks}  > ")):
            found = fit(question, edited)
            if not found.wrong:
                self._out.say(f"  {found.wide}\n" if found.wide else "")
                return edited
            asks = f"  {found.wrong}\n"
        return rules

    async def _key(self) -> str:
        """One key; empty when the terminal is gone."""
        self._listens = True
        try:
            await _readable(self._keyboard)
        finally:
            self._listens = False
        try:
            pressed = os.read(self._keyboard, 64).decode("utf-8", "replace")
        except OSError:
            return ""
        # Arrow and function keys arrive as several characters at once and mean nothing here.
        return "?" if pressed.startswith(_ESCAPE) and len(pressed) > 1 else pressed[:1].lower()

    async def _line(self, words: str) -> str:
        """A line, edited as the terminal does it."""
        with _lines(self._keyboard):
            # Only now: who sees this may type at once.
            self._out.say(f"\n{words}")
            await _readable(self._keyboard)
            try:
                return harmless(os.read(self._keyboard, 4096).decode("utf-8", "replace")).strip()
            except OSError:
                return ""


def question_text(
    question: Question, style: Style, number: str = "", others: Sequence[str] = ()
) -> str:
    """A question as it is printed behind its `number`, its answers below it; `others` are lines on
    what a no to all is said to as well."""
    every = " · 7 no to all" if others else ""
    lines = [
        style.strong(f"? {number}{headline(question)}"),
        *(f"  {line}" for line in _asked(question, style)),
        *(f"  {style.dim(line)}" for line in effects_in_words(question)),
        style.dim(f"  asked by {question.by}"),
        *map(style.dim, others),
    ]
    if question.offers:
        rules = visible("; ".join(question.offers))
        lines += [
            f"  2–4 save the rule: {style.hint(rules)}",
            "  1 once · 2 this session · 3 this project · 4 everywhere · e edit the rule · "
            f"5 no · 6 no, and say why{every}",
        ]
    else:
        lines.append(style.dim(f"  {ASKED_AGAIN}"))
        lines.append(f"  1 once · 5 no · 6 no, and say why{every}")
    return "\n".join(lines) + "\n"


def _then(question: Question) -> str:
    """A question that waits until another one is answered."""
    return f"  then: {headline(question)}"


def _asked(question: Question, style: Style) -> Iterator[str]:
    """What would happen: the command with its marked part, the diff, or the arguments."""
    command = command_lines(question)
    for line in command:
        yield "".join(
            style.marked(piece.text) if piece.marked else style.strong(piece.text) for piece in line
        )
    if not style.colour:
        yield from in_question(command)
    if question.preview and not command:
        lines = visible(question.preview).splitlines()
        yield from (_coloured(line, style) for line in lines[:MAX_PREVIEW_LINES])
        if len(lines) > MAX_PREVIEW_LINES:
            yield style.dim(f"… {counted(len(lines) - MAX_PREVIEW_LINES, 'line')} more")
    else:
        yield from arguments_in_words(question.action)


def _coloured(line: str, style: Style) -> str:
    if line.startswith("+"):
        return style.good(line)
    return style.bad(line) if line.startswith("-") else line


@contextlib.contextmanager
def _keys(keyboard: int) -> Generator[None]:
    """Keys one by one, unseen; signals stay as they are. What was typed before is thrown away."""
    # A terminal that is gone reads as its end, which is an answer.
    with contextlib.suppress(termios.error):
        before = termios.tcgetattr(keyboard)
        tty.setcbreak(keyboard, termios.TCSAFLUSH)
        with _restored(keyboard, before):
            yield
        return
    yield


@contextlib.contextmanager
def _lines(keyboard: int) -> Generator[None]:
    """Whole lines, seen while they are typed."""
    with contextlib.suppress(termios.error):
        before = termios.tcgetattr(keyboard)
        lines = termios.tcgetattr(keyboard)
        lines[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(keyboard, termios.TCSADRAIN, lines)
        with _restored(keyboard, before):
            yield
        return
    yield


@contextlib.contextmanager
def _restored(keyboard: int, before: _Attributes) -> Generator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, tell)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)

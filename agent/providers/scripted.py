"""A model's side replayed from a file: for the demo, for cassettes and for tests.

The script is JSON lines. The first line is the header, every further line one answer:

    {"scripted": 1, "model": "anthropic/claude-sonnet-5-5", "note": "who recorded this, and why"}
    {"expect": [{"role": "user", "contains": ["failing test"]}],
     "parts": [{"type": "text", "text": "I look."}, {"type": "tool_call", "id": "1", …}],
     "stop_reason": "tool_use", "usage": {"input_tokens": 900, "output_tokens": 40}}

Answer k is given to a conversation with k-1 assistant messages. It must be this script's own
conversation: the assistant messages are those of the script, and `expect` describes what came
since the last of them. Anything else ends in `ScriptDiverged`, which says where and how.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, structs

from ...config.errors import ConfigError
from ..deltas import Delta, Finished, Metered, PartDone, TextDelta, ThinkingDelta
from ..errors import ScriptDiverged
from ..messages import Message, Part, Role, StopReason, Text, Thinking, ToolResult, Usage
from ..ports import Request


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    scripted: Literal[1]
    """Version of the format."""
    model: str
    """The model that speaks, for the price table."""
    note: str = ""


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """One message of the conversation, described."""

    role: Role
    contains: tuple[str, ...] = ()
    """Strings that its text, results included, must hold."""
    lacks: tuple[str, ...] = ()
    """Strings that it must not hold."""


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of the model, and what it answers."""

    expect: tuple[Expected, ...]
    parts: tuple[Part, ...]
    stop_reason: StopReason = "end"
    usage: Usage = Usage()


class Script(Struct, frozen=True):
    """A recorded conversation, the model's side whole and the other described."""

    file: Path
    header: Header
    answers: tuple[Answer, ...]

    @classmethod
    def load(cls, file: Path) -> "Script":
        """Read a script.

        Raises:
            ConfigError: the file cannot be read or is no script; file and line are named.
        """
        try:
            lines = file.read_bytes().split(b"\n")
        except OSError as error:
            reason = f"the script cannot be read: {error.strerror}"
            raise ConfigError(reason, file=str(file)) from error
        header: Header | None = None
        answers: list[Answer] = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                if header is None:
                    header = msgspec.json.decode(line, type=Header)
                else:
                    answers.append(msgspec.json.decode(line, type=Answer))
            except msgspec.MsgspecError as error:
                raise ConfigError(str(error), file=str(file), line=number) from error
        if header is None:
            raise ConfigError("the script is empty", file=str(file))
        return cls(file, header, tuple(answers))


class ScriptedProvider:
    """Plays a script. Keeps no state: what to say follows from the conversation."""

    def __init__(self, script: Script, *, seconds_per_word: float = 0.0) -> None:
        self._script = script
        self._pace = seconds_per_word

    @property
    def name(self) -> str:
        """`scripted:` and the model whose words are replayed."""
        return f"scripted:{self._script.header.model}"

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """See `Provider.stream`.

        Raises:
            ScriptDiverged: the conversation is not the script's.
        """
        answer = self._answer(request.messages)
        yield Metered(structs.replace(answer.usage, output_tokens=0, reasoning_tokens=0))
        for part in answer.parts:
            if isinstance(part, Text | Thinking):
                delta = TextDelta if isinstance(part, Text) else ThinkingDelta
                for word in re.findall(r"\s*\S+|\s+", part.text):
                    yield delta(word)
                    await asyncio.sleep(self._pace)
            yield PartDone(part)
        yield Finished(answer.stop_reason, answer.usage, self._script.header.model)

    def _answer(self, messages: Sequence[Message]) -> Answer:
        said = [message for message in messages if message.role == "assistant"]
        answers = self._script.answers
        for place, (message, answer) in enumerate(zip(said, answers, strict=False), 1):
            if message.parts != answer.parts:
                raise self._diverged(place, "the conversation has another answer here")
        if len(said) >= len(answers):
            raise self._diverged(len(said) + 1, "the script is over, yet the model is asked again")
        answer = answers[len(said)]
        tail: list[Message] = []
        for message in reversed(messages):
            if message.role == "assistant":
                break
            tail.insert(0, message)
        self._compare(len(said) + 1, answer.expect, tail)
        return answer

    def _compare(self, place: int, expected: Sequence[Expected], tail: Sequence[Message]) -> None:
        roles = [message.role for message in tail]
        wished = [wanted.role for wanted in expected]
        if roles != wished:
            raise self._diverged(place, f"expected messages {wished}, found {roles}")
        for wanted, message in zip(expected, tail, strict=True):
            text = _words(message)
            for piece in wanted.contains:
                if piece not in text:
                    raise self._diverged(place, f"expected {piece!r} in: {_short(text)}")
            for piece in wanted.lacks:
                if piece in text:
                    raise self._diverged(place, f"did not expect {piece!r} in: {_short(text)}")

    def _diverged(self, place: int, how: str) -> ScriptDiverged:
        return ScriptDiverged(f"{self._script.file}: answer {place} does not fit: {how}")

    async def close(self) -> None:
        """Nothing to release."""


def _words(message: Message) -> str:
    pieces: list[str] = []
    for part in message.parts:
        if isinstance(part, Text):
            pieces.append(part.text)
        elif isinstance(part, ToolResult):
            pieces += [piece.text for piece in part.content if isinstance(piece, Text)]
    return "\n".join(pieces)


def _short(text: str) -> str:
    return repr(text if len(text) <= 400 else f"{text[:200]} … {text[-200:]}")

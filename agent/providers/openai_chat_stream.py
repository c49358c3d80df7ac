"""The OpenAI Chat Completions wire: answers.

https://developers.openai.com/api/docs/api-reference/chat-streaming : chunks of deltas; the terminal
is a chunk with `finish_reason`. Usage may come with it, after it, earlier, or not at all, and
`data: [DONE]` may be missing, so the answer is closed by the usage after the terminal, `[DONE]` or
the end of the stream, whichever is first.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from ..deltas import Delta, Finished, PartDone, TextDelta, ThinkingDelta
from ..errors import ProviderErrorKind
from ..messages import Opaque, Part, StopReason, Text, Thinking, Usage
from .openai_chat_calls import CallPiece, Calls
from .openai_errors import ErrorReader
from .openai_usage import InputDetails, OutputDetails

WIRE = "openai-chat"

_STOP_REASONS: dict[str, StopReason] = {
    "length": "max_tokens",
    "content_filter": "refusal",
    "sensitive": "refusal",  # Z.ai
    "model_length": "context_window",  # Mistral
    "model_context_window_exceeded": "context_window",  # Z.ai
}
"""Of all others, `stop` and `tool_calls` among them, the calls themselves tell more: compatible
servers say `stop` although calls are there."""

_FAILURES: dict[str, ProviderErrorKind] = {
    "error": "server",  # OpenRouter
    "network_error": "server",  # Z.ai
    "insufficient_system_resource": "overloaded",  # DeepSeek
}


class _Piece(Struct, frozen=True):
    """Mistral's reasoning models answer in lists of these."""

    text: str = ""
    thinking: "str | tuple[_Piece, ...]" = ""


class _Delta(Struct, frozen=True):
    content: str | tuple[_Piece, ...] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    """The same under another name: OpenRouter, Groq, Ollama, vLLM. Some send both."""
    refusal: str | None = None
    tool_calls: tuple[CallPiece, ...] | None = None


class _Usage(Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    cached_tokens: int | None = None
    """Moonshot."""
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek."""


class _Choice(Struct, frozen=True):
    delta: _Delta | None = None
    finish_reason: str | None = None
    usage: _Usage | None = None
    """Moonshot."""


class _Chunk(Struct, frozen=True):
    id: str | None = None
    object: str | None = None
    model: str | None = None
    choices: tuple[_Choice, ...] | None = None
    usage: _Usage | None = None
    error: Raw = Raw()


_chunks = msgspec.json.Decoder(_Chunk)


class ChatDecoder:
    """One response stream."""

    def __init__(self, errors: ErrorReader) -> None:
        self._errors = errors
        self._words: list[str] = []
        """Of the part being written."""
        self._thinking = False
        """Whether that part is reasoning."""
        self._calls = Calls()
        self._spoke = False
        self._refused = False
        self._usage = _Usage()
        self._model = ""
        self._id = ""
        self._terminal = ""
        """The `finish_reason`, once it is there."""
        self._closed = False

    def feed(self, event: str, data: bytes) -> Iterable[Delta]:
        """The deltas of one chunk."""
        if self._closed or not data:
            return ()
        if data == b"[DONE]":
            return tuple(self._close()) if self._terminal else ()
        try:
            chunk = _chunks.decode(data)
        except (ValueError, RecursionError) as error:
            raise self._errors.malformed(error, data) from error
        if event == "error" or chunk.object == "error" or bytes(chunk.error) not in (b"", b"null"):
            raise self._errors.streamed(data)
        return self._read(chunk)

    def end(self) -> Iterable[Delta]:
        """Nothing more comes; the answer's end if it was left open.

        Raises:
            ProviderError: `cut_off`, `empty`, or what the `finish_reason` says went wrong.
        """
        if not self._terminal:
            raise self._errors.cut_off()
        deltas = () if self._closed else tuple(self._close())
        if self._is_empty():
            raise self._errors.empty()
        return deltas

    def _read(self, chunk: _Chunk) -> Iterable[Delta]:
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        self._usage = chunk.usage or self._usage
        deltas: list[Delta] = []
        for choice in chunk.choices or ():
            if choice.delta:
                deltas += self._more(choice.delta)
            self._terminal = choice.finish_reason or self._terminal
            self._usage = choice.usage or self._usage
        if self._terminal and chunk.usage and not chunk.choices:
            deltas += self._close()
        return deltas

    def _more(self, delta: _Delta) -> Iterator[Delta]:
        if reasoning := delta.reasoning_content or delta.reasoning:
            yield from self._say(reasoning, thinking=True)
        match delta.content:
            case str(text) if text:
                yield from self._say(text, thinking=False)
            case tuple(pieces):
                yield from self._say_pieces(pieces)
            case _:
                pass
        if delta.refusal:
            self._refused = True
            yield from self._say(delta.refusal, thinking=False)
        if delta.tool_calls:
            yield from self._part_done()
            for piece in delta.tool_calls:
                yield self._calls.add(piece)

    def _say_pieces(self, pieces: Iterable[_Piece]) -> Iterator[Delta]:
        for piece in pieces:
            thought = piece.thinking
            if not isinstance(thought, str):
                thought = "".join([inner.text for inner in thought])
            if thought:
                yield from self._say(thought, thinking=True)
            if piece.text:
                yield from self._say(piece.text, thinking=False)

    def _say(self, text: str, *, thinking: bool) -> Iterator[Delta]:
        if thinking is not self._thinking:
            yield from self._part_done()
            self._thinking = thinking
        self._words.append(text)
        yield ThinkingDelta(text) if thinking else TextDelta(text)

    def _part_done(self) -> Iterator[PartDone]:
        if self._words:
            text = "".join(self._words)
            self._words.clear()
            self._spoke = self._spoke or not self._thinking
            yield PartDone(Thinking(text, wire=WIRE) if self._thinking else Text(text))

    def _close(self) -> Iterator[Delta]:
        if kind := _FAILURES.get(self._terminal):
            raise self._errors.failed(kind, self._terminal)
        self._closed = True
        yield from self._part_done()
        for finished in self._calls.finished(self._id):
            if finished.extra is not None:
                data = {"tool_call_id": finished.call.id, "extra_content": finished.extra}
                yield PartDone(Opaque(WIRE, data))
            yield PartDone(finished.call)
        if not self._is_empty():
            yield Finished(self._stop_reason(), _counted(self._usage), self._model, self._id)

    def _stop_reason(self) -> StopReason:
        if self._refused:
            return "refusal"
        return _STOP_REASONS.get(self._terminal) or ("tool_use" if self._calls else "end")

    def _is_empty(self) -> bool:
        """A refusal, or an answer that ran out of room, may well have no words."""
        return not self._spoke and self._stop_reason() == "end"


def extra_of(part: Part) -> tuple[str, object] | None:
    """The id of a call and what must go back beside it, if the part is that.

    Gemini signs its calls so (`extra_content.google.thought_signature`) and refuses a history
    without: https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    match part:
        case Opaque(wire, {"tool_call_id": str(id), "extra_content": extra}) if wire == WIRE:
            return id, extra
        case _:
            return None


def _counted(usage: _Usage) -> Usage:
    """xAI and Gemini leave reasoning out of `completion_tokens`; the total has it with all."""
    given = usage.prompt_tokens_details or InputDetails()
    made = usage.completion_tokens_details or OutputDetails()
    prompt = usage.prompt_tokens or 0
    cached = given.cached_tokens or usage.cached_tokens or usage.prompt_cache_hit_tokens
    return Usage(
        input_tokens=prompt,
        cached_tokens=cached or 0,
        cache_write_tokens=given.cache_write_tokens or 0,
        output_tokens=max(usage.completion_tokens or 0, (usage.total_tokens or 0) - prompt),
        reasoning_tokens=made.reasoning_tokens or 0,
    )

"""The Anthropic Messages wire.

https://platform.claude.com/docs/en/build-with-claude/streaming : `message_start`, blocks of
`content_block_start`, `…_delta`, `…_stop`, then `message_delta` and the terminal `message_stop`;
`ping` and `error` at any point. Kinds that we do not know are passed over, blocks that we do not
know are carried unchanged.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ...config.models import ModelProfile
from ...config.providers import ProviderTable
from ..deltas import CallDelta, Delta, Finished, Metered, PartDone, TextDelta, ThinkingDelta
from ..errors import ProviderError
from ..messages import Opaque, Part, StopReason, Text, Thinking, ToolCall, Usage
from ..ports import Request
from .anthropic_encode import WIRE, RequestEncoder
from .anthropic_errors import ErrorReader, SaidError

_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}


class _Usage(Struct, frozen=True):
    """Counts so far; `input_tokens` is what was neither read from the cache nor written to it."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: "_OutputDetails | None" = None


class _OutputDetails(Struct, frozen=True):
    thinking_tokens: int | None = None


class _Start(Struct, frozen=True):
    id: str = ""
    model: str = ""
    usage: _Usage | None = None


class _StopDetails(Struct, frozen=True):
    explanation: str | None = None


class _Delta(Struct, frozen=True):
    """What `content_block_delta` and `message_delta` carry."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_details: _StopDetails | None = None


class _Event(Struct, frozen=True):
    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: Raw | UnsetType = UNSET
    message: _Start | None = None
    usage: _Usage | None = None
    error: SaidError | None = None


class _Opening(Struct, frozen=True):
    """A block as `content_block_start` shows it."""

    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: Raw = Raw(b"{}")


_events = msgspec.json.Decoder(_Event)
_openings = msgspec.json.Decoder(_Opening)


class AnthropicWire:
    """Anthropic Messages for one model and one conversation."""

    name = WIRE
    path = "v1/messages"

    def __init__(self, table: ProviderTable, profile: ModelProfile) -> None:
        self._requests = RequestEncoder(profile, images=profile.takes_images(table.quirks))
        self._errors = ErrorReader(table.title or table.name)

    def encode(self, request: Request) -> bytes:
        """The JSON body. Deterministic; a longer history extends the bytes of a shorter one, the
        markers at its end apart."""
        return self._requests.encode(request)

    def decoder(self) -> "AnthropicDecoder":
        """For the next response stream."""
        return AnthropicDecoder(self._errors)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an HTTP error answer means."""
        return self._errors.answered(status, body)


class AnthropicDecoder:
    """One response stream."""

    def __init__(self, errors: ErrorReader) -> None:
        self._errors = errors
        self._open: dict[int, _OpenBlock] = {}
        self._said_something = False
        self._called = False
        self._model = ""
        self._id = ""
        self._usage = _Usage()
        self._stop_reason: str | None = None
        self._stopped = False

    def feed(self, event: str, data: bytes) -> Iterable[Delta]:
        """The deltas of one event. Its name is not looked at: the data carry it too."""
        try:
            said = _events.decode(data)
            match said.type:
                case "content_block_delta":
                    return self._more(said)
                case "content_block_start":
                    return self._begin(said)
                case "content_block_stop":
                    return self._complete(said.index)
                case "message_start" | "message_delta" | "message_stop":
                    return self._message(said)
                case "error":
                    raise self._errors.streamed(said.error)
                case _:
                    return ()
        except (ValueError, RecursionError) as error:
            raise self._errors.malformed(str(error), data) from error

    def end(self) -> Iterable[Delta]:
        """Nothing more comes.

        Raises:
            ProviderError: `cut_off` or `empty`.
        """
        if not self._stopped:
            raise self._errors.cut_off()
        if self._is_empty():
            raise self._errors.empty()
        return ()

    def _begin(self, said: _Event) -> Iterable[Delta]:
        if isinstance(said.content_block, UnsetType):
            raise self._errors.malformed("content_block_start without content_block")
        block = _OpenBlock(said.content_block)
        self._open[said.index] = block
        return block.begin()

    def _more(self, said: _Event) -> Iterable[Delta]:
        block = self._open.get(said.index)
        if block is None or said.delta is None:
            raise self._errors.malformed(f"a delta for block {said.index}, which is not open")
        return block.add(said.delta)

    def _complete(self, index: int) -> Iterable[Delta]:
        block = self._open.pop(index, None)
        part = block.part() if block else None
        if part is None:
            return ()
        self._called = self._called or isinstance(part, ToolCall)
        self._said_something = self._said_something or not isinstance(part, Thinking)
        return (PartDone(part),)

    def _message(self, said: _Event) -> Iterable[Delta]:
        if said.message:
            self._id, self._model = said.message.id, said.message.model
            self._count(said.message.usage)
        self._count(said.usage)
        if said.type == "message_stop":
            return tuple(self._finish())
        metered = Metered(_counted(self._usage))
        if said.delta is None or not said.delta.stop_reason:
            return (metered,)
        self._stop_reason = said.delta.stop_reason
        details = said.delta.stop_details
        return metered, *self._explain(details.explanation or "" if details else "")

    def _explain(self, words: str) -> Iterable[Delta]:
        """A refusal's reason stands in for the answer where there is none."""
        if not words or self._said_something:
            return ()
        self._said_something = True
        return TextDelta(words), PartDone(Text(words))

    def _count(self, usage: _Usage | None) -> None:
        """Later counts replace earlier ones; those left out stay."""
        if usage is None:
            return
        counts = msgspec.structs.asdict(usage).items()
        news = {name: count for name, count in counts if count is not None}
        self._usage = msgspec.structs.replace(self._usage, **news)

    def _finish(self) -> Iterator[Delta]:
        self._stopped = True
        for index in list(self._open):
            yield from self._complete(index)
        if not self._is_empty():
            yield Finished(self._reason(), _counted(self._usage), self._model, self._id)

    def _reason(self) -> StopReason:
        implied: StopReason = "tool_use" if self._called else "end"
        return _STOP_REASONS.get(self._stop_reason or "", implied)

    def _is_empty(self) -> bool:
        """A refusal, or an answer that ran out of room, may well have no words."""
        return not self._said_something and self._reason() in ("end", "tool_use")


class _OpenBlock:
    """A content block as far as it has arrived."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._start = _openings.decode(raw)
        self._text = [self._start.text or self._start.thinking]
        self._signature = self._start.signature or self._start.data
        self._json: list[str] = []

    def begin(self) -> Iterable[Delta]:
        """What the opening itself says: words as a rule come later, a call has its name."""
        match self._start:
            case _Opening(type="text", text=text) if text:
                return (TextDelta(text),)
            case _Opening(type="thinking", thinking=text) if text:
                return (ThinkingDelta(text),)
            case _Opening(type="tool_use", name=name):
                return (CallDelta(name, 0),)
            case _:
                return ()

    def add(self, delta: _Delta) -> Iterable[Delta]:
        match delta.type:
            case "text_delta":
                self._text.append(delta.text)
                return (TextDelta(delta.text),) if self._start.type == "text" else ()
            case "thinking_delta":
                self._text.append(delta.thinking)
                return (ThinkingDelta(delta.thinking),)
            case "input_json_delta":
                self._json.append(delta.partial_json)
                if self._start.type == "tool_use":
                    return (CallDelta(self._start.name, len(delta.partial_json)),)
                return ()
            case "signature_delta":
                self._signature += delta.signature
                return ()
            case _:
                return ()

    def part(self) -> Part | None:
        """The finished part; None if it is a text without words."""
        start = self._start
        match start.type:
            case "text":
                text = "".join(self._text)
                return Text(text) if text else None
            case "thinking":
                return Thinking("".join(self._text), self._signature, WIRE)
            case "redacted_thinking":
                return Thinking("", self._signature, WIRE, redacted=True)
            case "tool_use":
                arguments = "".join(self._json) or bytes(start.input).decode()
                return ToolCall(start.id, start.name, arguments)
            case _:
                return Opaque(WIRE, self._unknown())

    def _unknown(self) -> dict[str, object]:
        """The block as it was opened, with the words and input that were streamed into it."""
        block = msgspec.json.decode(self._raw, type=dict[str, object])
        if "text" in block:
            block["text"] = "".join(self._text)
        if self._json:
            block["input"] = msgspec.json.decode("".join(self._json))
        return block


def _counted(usage: _Usage) -> Usage:
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details or _OutputDetails()
    return Usage(
        input_tokens=(usage.input_tokens or 0) + read + written,
        cached_tokens=read,
        cache_write_tokens=written,
        output_tokens=usage.output_tokens or 0,
        reasoning_tokens=details.thinking_tokens or 0,
    )


if TYPE_CHECKING:
    from .wire import Wire

    _: type[Wire] = AnthropicWire

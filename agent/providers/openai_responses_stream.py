"""The OpenAI Responses wire: answers.

https://developers.openai.com/api/docs/api-reference/responses-streaming : items are opened by
`response.output_item.added`, streamed, and given whole by `response.output_item.done`; the terminal
is `response.completed`, `response.incomplete` or `response.failed`, or an `error` event anywhere.
Kinds of events that we do not know are passed over, kinds of items are carried unchanged.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from ..deltas import CallDelta, Delta, Finished, PartDone, TextDelta, ThinkingDelta
from ..messages import Opaque, Part, StopReason, Text, Thinking, ToolCall, Usage
from .openai_errors import ErrorReader
from .openai_usage import InputDetails, OutputDetails

WIRE = "openai-responses"

PARAGRAPH = "\n\n\n"
"""Stands between the parts of a reasoning summary, which have empty lines of their own."""

_PHASE = "message.phase"
"""Not a type of OpenAI's: our mark for the phase of the message whose text follows."""


class _Event(Struct, frozen=True):
    type: str = ""
    delta: str = ""
    output_index: int = 0
    summary_index: int = 0
    item: Raw = Raw()
    response: Raw = Raw()
    error: Raw = Raw()


class _Kind(Struct, frozen=True):
    type: str = ""


class _Content(Struct, frozen=True):
    """A piece of a message's content or of a reasoning item's summary."""

    text: str = ""
    refusal: str = ""


class _MessageItem(Struct, frozen=True):
    content: tuple[_Content, ...] = ()
    phase: str | None = None


class _ReasoningItem(Struct, frozen=True):
    id: str = ""
    summary: tuple[_Content, ...] = ()
    content: tuple[Raw, ...] | None = None
    encrypted_content: str | None = None


class _FunctionCall(Struct, frozen=True):
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class _Usage(Struct, frozen=True):
    input_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class _Incomplete(Struct, frozen=True):
    reason: str | None = None


class _Response(Struct, frozen=True):
    """What a terminal event tells. The opening ones are not read: they repeat the request."""

    id: str = ""
    model: str = ""
    error: Raw = Raw()
    incomplete_details: _Incomplete | None = None
    output: tuple[Raw, ...] | None = None
    usage: _Usage | None = None


_events = msgspec.json.Decoder(_Event)
_kinds = msgspec.json.Decoder(_Kind)
_messages = msgspec.json.Decoder(_MessageItem)
_reasonings = msgspec.json.Decoder(_ReasoningItem)
_calls = msgspec.json.Decoder(_FunctionCall)
_anything = msgspec.json.Decoder(dict[str, object])
_responses = msgspec.json.Decoder(_Response)


class ResponsesDecoder:
    """One response stream."""

    def __init__(self, errors: ErrorReader) -> None:
        self._errors = errors
        self._names: dict[int, str] = {}
        self._items_done = 0
        self._refused = False
        self._called = False
        self._said_something = False
        self._reason: StopReason | None = None
        """None until the terminal event."""

    def feed(self, event: str, data: bytes) -> Iterable[Delta]:
        """The deltas of one event. Its name is not looked at: the data carry it too."""
        if self._reason is not None or not data or data == b"[DONE]":
            return ()
        try:
            return self._understand(self._event(data), data)
        except (ValueError, RecursionError) as error:
            raise self._errors.malformed(error, data) from error

    def end(self) -> Iterable[Delta]:
        """Nothing more comes.

        Raises:
            ProviderError: `cut_off` or `empty`.
        """
        if self._reason is None:
            raise self._errors.cut_off()
        if self._is_empty():
            raise self._errors.empty()
        return ()

    def _event(self, data: bytes) -> _Event:
        try:
            return _events.decode(data)
        except msgspec.ValidationError:
            # Events that we do not know may give our fields other types.
            if _kinds.decode(data).type in _KNOWN:
                raise
            return _Event()

    def _understand(self, event: _Event, data: bytes) -> Iterable[Delta]:
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                return (TextDelta(event.delta),)
            case "response.function_call_arguments.delta":
                return (CallDelta(self._names.get(event.output_index, ""), len(event.delta)),)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return (ThinkingDelta(event.delta),)
            case "response.reasoning_summary_part.added":
                return (ThinkingDelta(PARAGRAPH),) if event.summary_index else ()
            case "response.output_item.added":
                return self._begin(event)
            case "response.output_item.done":
                return self._complete(event.item)
            case "response.completed" | "response.incomplete" | "response.failed":
                return tuple(self._finish(event))
            case "error":
                raise self._errors.streamed(data)
            case _:
                # Gateways put OpenAI's HTTP error into the stream as it is.
                if bytes(event.error) not in (b"", b"null"):
                    raise self._errors.streamed(data)
                return ()

    def _begin(self, event: _Event) -> Iterable[Delta]:
        if _kinds.decode(event.item).type != "function_call":
            return ()
        name = _calls.decode(event.item).name
        self._names[event.output_index] = name
        return (CallDelta(name, 0),)

    def _complete(self, item: Raw) -> tuple[PartDone, ...]:
        self._items_done += 1
        parts = tuple(self._parts(item))
        for part in parts:
            self._called = self._called or isinstance(part, ToolCall)
            silent = isinstance(part, Thinking) or phase_of(part) is not None
            self._said_something = self._said_something or not silent
        return tuple(PartDone(part) for part in parts)

    def _parts(self, raw: Raw) -> Iterator[Part]:
        match _kinds.decode(raw).type:
            case "message":
                message = _messages.decode(raw)
                text = "".join([piece.text or piece.refusal for piece in message.content])
                self._refused = self._refused or any(it.refusal for it in message.content)
                if text and message.phase:
                    yield Opaque(WIRE, {"type": _PHASE, "phase": message.phase})
                if text:
                    yield Text(text)
            case "function_call":
                call = _calls.decode(raw)
                yield ToolCall(call.call_id, call.name, call.arguments)
            case "reasoning":
                yield _thinking(raw)
            case _:
                yield Opaque(WIRE, _anything.decode(raw))

    def _finish(self, event: _Event) -> Iterator[Delta]:
        response = _responses.decode(event.response)
        if event.type == "response.failed":
            if bytes(response.error) in (b"", b"null"):
                raise self._errors.failed("server", event.type)
            raise self._errors.streamed(bytes(response.error))
        # What was still being written when the answer broke off comes here and nowhere else.
        for item in (response.output or ())[self._items_done :]:
            yield from self._complete(item)
        self._reason = self._stop_reason(event.type, response)
        if not self._is_empty():
            yield Finished(self._reason, _counted(response.usage), response.model, response.id)

    def _stop_reason(self, kind: str, response: _Response) -> StopReason:
        if kind == "response.incomplete":
            details = response.incomplete_details or _Incomplete()
            return "refusal" if details.reason == "content_filter" else "max_tokens"
        if self._refused:
            return "refusal"
        return "tool_use" if self._called else "end"

    def _is_empty(self) -> bool:
        """A refusal, or an answer that ran out of room, may well have no words."""
        return self._reason == "end" and not self._said_something


_KNOWN = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.function_call_arguments.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.reasoning_summary_part.added",
        "response.output_item.added",
        "response.output_item.done",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "error",
    }
)


def phase_of(part: Part) -> str | None:
    """The phase that the part marks, if it is such a mark.

    Models from gpt-5.3-codex on label their messages `commentary` or `final_answer` and do worse
    if the label does not come back (`ResponseOutputMessage.phase` of the openai package).
    """
    match part:
        case Opaque(wire, {"type": kind, "phase": str(phase)}) if (wire, kind) == (WIRE, _PHASE):
            return phase
        case _:
            return None


def _thinking(raw: Raw) -> Part:
    """A reasoning item; as it is where a `Thinking` would not bring all of it back."""
    item = _reasonings.decode(raw)
    pieces = [piece.text for piece in item.summary]
    text = PARAGRAPH.join(pieces)
    whole = not text or text.split(PARAGRAPH) == pieces
    if item.content or not whole:
        return Opaque(WIRE, _anything.decode(raw))
    return Thinking(text, item.encrypted_content or "", WIRE, item.id)


def _counted(usage: _Usage | None) -> Usage:
    usage = usage or _Usage()
    given = usage.input_tokens_details or InputDetails()
    made = usage.output_tokens_details or OutputDetails()
    return Usage(
        input_tokens=usage.input_tokens or 0,
        cached_tokens=given.cached_tokens or 0,
        cache_write_tokens=given.cache_write_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        reasoning_tokens=made.reasoning_tokens or 0,
    )

"""What the Responses wire makes of a stream, byte by byte as api.openai.com sends it."""

import re
from pathlib import Path

import msgspec
import pytest

from kedge.agent.deltas import (
    CallDelta,
    Delta,
    Draft,
    Finished,
    PartDone,
    TextDelta,
    ThinkingDelta,
)
from kedge.agent.errors import ProviderError, ProviderErrorKind
from kedge.agent.messages import Opaque, Text, Thinking, ToolCall, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sse import EventParser
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable

WIRE = OpenAIResponsesWire(
    ProviderTable(name="openai", title="OpenAI"),
    ModelProfile(provider="openai", name="gpt-6.1-sol", thinking="effort"),
)

# Comments of the stream's own grammar divide it.
_SPLIT = re.split(rb"(?m)^: (\w+)\n", Path(__file__).with_name("openai_responses.sse").read_bytes())
PIECES = dict(zip(_SPLIT[1::2], _SPLIT[2::2], strict=True))
OPENING, REASONING, MESSAGE, CALL, COMPLETED = PIECES.values()

TEXT = Text("Let me look.")


def decoded(stream: bytes) -> list[Delta]:
    decoder = WIRE.decoder()
    deltas: list[Delta] = []
    for event in EventParser().feed(stream):
        deltas += decoder.feed(event.name, event.data)
    return [*deltas, *decoder.end()]


def event(**fields: object) -> bytes:
    return b"data: " + msgspec.json.encode(fields) + b"\n\n"


def done(**item: object) -> bytes:
    return event(type="response.output_item.done", output_index=0, item=item)


def ended(kind: str = "completed", **response: object) -> bytes:
    return event(type=f"response.{kind}", response=response)


def failure(stream: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        decoded(stream)
    return caught.value


def parts(stream: bytes) -> list[object]:
    return [delta.part for delta in decoded(stream) if isinstance(delta, PartDone)]


def test_a_whole_answer_becomes_these_deltas() -> None:
    assert decoded(OPENING + REASONING + MESSAGE + CALL + COMPLETED) == [
        ThinkingDelta("**Look**\n\nfirst."),
        ThinkingDelta("\n\n\n"),
        ThinkingDelta("Then act."),
        PartDone(Thinking("**Look**\n\nfirst.\n\n\nThen act.", "ENC", "openai-responses", "rs_1")),
        TextDelta("Let me "),
        TextDelta("look."),
        PartDone(TEXT),
        CallDelta("read", 0),
        CallDelta("read", 8),
        CallDelta("read", 4),
        PartDone(ToolCall("call_1", "read", '{"path":"a"}')),
        Finished("tool_use", Usage(100, 60, 10, 30, 12), "gpt-6.1-sol-2026-09-01", "resp_1"),
    ]


def test_what_was_received_goes_back_as_it_came() -> None:
    stream = REASONING + done(
        type="message", content=[{"type": "output_text", "text": "Hm."}], phase="commentary"
    )
    draft = Draft()
    for delta in decoded(stream + done(type="compaction", id="c", x=[1]) + CALL + COMPLETED):
        draft.add(delta)
    request = Request("", (draft.message(),), (), 0, "", "")
    assert msgspec.json.decode(WIRE.encode(request))["input"] == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [
                {"type": "summary_text", "text": "**Look**\n\nfirst."},
                {"type": "summary_text", "text": "Then act."},
            ],
            "encrypted_content": "ENC",
        },
        {"type": "message", "role": "assistant", "content": "Hm.", "phase": "commentary"},
        {"type": "compaction", "id": "c", "x": [1]},
        {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": '{"path":"a"}'},
    ]


def test_each_message_keeps_its_own_phase() -> None:
    first = done(type="message", content=[{"text": "One."}], phase="commentary")
    second = done(type="message", content=[{"text": "Two."}], phase=None)
    draft = Draft()
    for delta in decoded(first + second + ended()):
        draft.add(delta)
    sent = msgspec.json.decode(WIRE.encode(Request("", (draft.message(),), (), 0, "", "")))["input"]
    assert sent == [
        {"type": "message", "role": "assistant", "content": "One.", "phase": "commentary"},
        {"type": "message", "role": "assistant", "content": "Two."},
    ]


def test_reasoning_that_a_summary_does_not_tell_whole_is_carried_as_it_is() -> None:
    item: dict[str, object] = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }
    delta = event(type="response.reasoning_text.delta", delta="hm")
    assert decoded(delta + done(**item) + MESSAGE + ended())[:2] == [
        ThinkingDelta("hm"),
        PartDone(Opaque("openai-responses", item)),
    ]


def test_a_refusal_is_words_and_a_reason_to_stop() -> None:
    stream = event(type="response.refusal.delta", delta="I will not.") + done(
        type="message", content=[{"type": "refusal", "refusal": "I will not."}]
    )
    assert decoded(stream + ended()) == [
        TextDelta("I will not."),
        PartDone(Text("I will not.")),
        Finished("refusal", Usage()),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [("max_output_tokens", "max_tokens"), ("content_filter", "refusal"), (None, "max_tokens")],
)
def test_an_incomplete_answer_says_why(reason: str | None, stop: str) -> None:
    deltas = decoded(MESSAGE + ended("incomplete", incomplete_details={"reason": reason}))
    assert isinstance(last := deltas[-1], Finished)
    assert last.stop_reason == stop


def test_a_call_that_was_cut_off_comes_with_the_terminal() -> None:
    cut = {"type": "function_call", "call_id": "c", "name": "write", "arguments": '{"te'}
    output = [{"type": "message"}, cut]
    stream = MESSAGE + ended("incomplete", output=output)
    assert parts(stream) == [TEXT, ToolCall("c", "write", '{"te')]


def test_items_that_were_not_streamed_are_taken_from_the_terminal() -> None:
    output = [{"type": "message", "content": [{"type": "output_text", "text": "Hello."}]}]
    assert decoded(ended(output=output, id="r", model="m")) == [
        PartDone(Text("Hello.")),
        Finished("end", Usage(), "m", "r"),
    ]


def test_nothing_is_read_after_the_terminal() -> None:
    stream = MESSAGE + ended() + MESSAGE + b"data: [DONE]\n\ndata: {\n\n"
    assert parts(stream) == [TEXT]


def test_events_that_nobody_knows_are_passed_over() -> None:
    weather = event(type="response.weather", delta={"sky": "clear"}, output_index="x")
    assert parts(weather + event(sky="clear") + MESSAGE + ended()) == [TEXT]


@pytest.mark.parametrize("stream", [b"", OPENING, OPENING + MESSAGE + CALL])
def test_a_stream_without_its_terminal_is_cut_off(stream: bytes) -> None:
    assert failure(stream).kind == "cut_off"


@pytest.mark.parametrize("stream", [b"", REASONING, done(type="message", content=[])])
def test_an_answer_without_words_or_calls_is_empty(stream: bytes) -> None:
    assert failure(stream + COMPLETED).kind == "empty"


def test_an_answer_that_ran_out_of_room_while_thinking_is_not_empty() -> None:
    assert isinstance(decoded(REASONING + ended("incomplete"))[-1], Finished)


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("rate_limit_exceeded", "rate_limit", True),
        ("server_error", "server", True),
        ("server_is_overloaded", "overloaded", True),
        ("context_length_exceeded", "context_length", False),
        ("insufficient_quota", "quota", False),
        ("invalid_prompt", "invalid", False),
        ("invalid_image", "invalid", False),
        ("something_new", "server", True),
    ],
)
@pytest.mark.parametrize("shape", ["failed", "error", "nested error", "bare"])
def test_a_failure_in_the_stream_is_of_its_code(
    code: str, kind: ProviderErrorKind, retryable: bool, shape: str
) -> None:
    fault = {"code": code, "message": "That went wrong."}
    stream = {
        "failed": ended("failed", error=fault),
        "error": event(type="error", param=None, **fault),
        "nested error": event(type="error", error=fault),
        "bare": event(error=fault),
    }[shape]
    error = failure(OPENING + stream)
    assert (error.kind, error.retryable) == (kind, retryable)
    assert "OpenAI: That went wrong" in str(error)


def test_a_failure_without_an_explanation_is_the_servers() -> None:
    error = failure(ended("failed", error=None))
    assert (error.kind, str(error)) == (
        "server",
        "OpenAI: the answer ended with 'response.failed'; try again later",
    )


def test_a_rate_limit_in_the_stream_says_how_long_to_wait() -> None:
    message = "Rate limit reached for gpt-6. Please try again in 1.5s."
    error = failure(event(type="error", code="rate_limit_exceeded", message=message))
    assert error.retry_after == 1.5


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"\xff",
        b"[" * 5000,
        b'{"type":"response.output_text.delta","delta":1}',
        b'{"type":"response.completed"}',
        b'{"type":"response.output_item.done"}',
        b'{"type":"response.output_item.done","item":{"type":"function_call","name":[]}}',
    ],
)
def test_what_is_not_of_the_wire_is_malformed(data: bytes) -> None:
    error = failure(b"data: " + data + b"\n\n")
    assert error.kind == "malformed"
    assert len(str(error)) < 1500

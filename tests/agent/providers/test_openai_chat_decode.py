"""What the Chat Completions wire makes of a stream, whoever sends it."""

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
from kedge.agent.messages import Opaque, Part, StopReason, Text, Thinking, ToolCall, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.sse import EventParser
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable

WIRE = OpenAIChatWire(
    ProviderTable(name="xai", title="xAI"), ModelProfile(provider="xai", name="grok-4.7")
)

OPENAI = Path(__file__).with_name("openai_chat.sse").read_bytes()


def decoded(stream: bytes) -> list[Delta]:
    decoder = WIRE.decoder()
    deltas: list[Delta] = []
    for event in EventParser().feed(stream):
        deltas += decoder.feed(event.name, event.data)
    return [*deltas, *decoder.end()]


def raw(**fields: object) -> bytes:
    return b"data: " + msgspec.json.encode(fields) + b"\n\n"


def chunk(finish: str | None = None, **delta: object) -> bytes:
    return raw(id="r", model="m", choices=[{"delta": delta, "finish_reason": finish}])


def call(*entries: dict[str, object]) -> bytes:
    return chunk(tool_calls=entries)


def function(name: str | None = None, arguments: object = None) -> dict[str, object]:
    return {"name": name, "arguments": arguments}


def parts(stream: bytes) -> list[Part]:
    return [delta.part for delta in decoded(stream) if isinstance(delta, PartDone)]


def finish(stream: bytes) -> Finished:
    assert isinstance(last := decoded(stream)[-1], Finished)
    return last


def failure(stream: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        decoded(stream)
    return caught.value


HELLO = chunk(content="hello")
STOP = chunk("stop")
DONE = b"data: [DONE]\n\n"


def test_a_whole_answer_becomes_these_deltas() -> None:
    assert decoded(OPENAI) == [
        TextDelta("Let me "),
        TextDelta("look."),
        PartDone(Text("Let me look.")),
        CallDelta("read", 0),
        CallDelta("read", 8),
        CallDelta("read", 4),
        PartDone(ToolCall("call_1", "read", '{"path":"a"}')),
        Finished("tool_use", Usage(100, 60, 10, 30, 12), "gpt-5.4-2026", "chatcmpl-1"),
    ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_from_the_words(field: str) -> None:
    stream = chunk(**{field: "hm "}, content=None) + chunk(**{field: "yes"}) + HELLO + STOP
    assert decoded(stream) == [
        ThinkingDelta("hm "),
        ThinkingDelta("yes"),
        PartDone(Thinking("hm yes", wire="openai-chat")),
        TextDelta("hello"),
        PartDone(Text("hello")),
        Finished("end", Usage(), "m", "r"),
    ]


def test_reasoning_sent_under_both_names_is_taken_once() -> None:
    stream = chunk(reasoning="hm", reasoning_content="hm") + HELLO + STOP
    assert parts(stream) == [Thinking("hm", wire="openai-chat"), Text("hello")]


def test_reasoning_in_lists_is_read() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    stream = chunk(content=[thinking]) + chunk(content=[{"type": "text", "text": "hello"}]) + STOP
    assert parts(stream) == [Thinking("hm", wire="openai-chat"), Text("hello")]


def test_a_refusal_is_words_and_a_reason_to_stop() -> None:
    stream = chunk(refusal="I will not.") + STOP
    assert parts(stream) == [Text("I will not.")]
    assert finish(stream).stop_reason == "refusal"


TWO = [ToolCall("a", "read", '{"x":1}'), ToolCall("b", "list", '{"y":2}')]


@pytest.mark.parametrize(
    "stream",
    [
        call({"index": 0, "id": "a", "function": function("read", "")})
        + call({"index": 1, "id": "b", "function": function("list", "")})
        + call({"index": 1, "function": function(None, '{"y":2}')})
        + call({"index": 0, "function": function(None, '{"x":1}')}),
        call({"id": "a", "function": function("read", '{"x"')})
        + call({"function": function(None, ":1}")})
        + call({"id": "b", "function": function("list", '{"y"')})
        + call({"function": function(None, ":2}")}),
        call({"id": "a", "function": function("read", '{"x":1}')})
        + call({"id": "b", "function": function("list", '{"y":2}')}),
        call(
            {"id": "a", "function": function("read", '{"x":1}')},
            {"id": "b", "function": function("list", '{"y":2}')},
        ),
        call({"index": 0, "id": "a", "function": function("read", '{"x":1}')})
        + call({"index": 0, "id": "b", "function": function("list", '{"y":2}')}),
        call({"index": 0, "id": "a", "function": function("read", '{"x"')})
        + call({"index": 0, "id": "a", "function": function("read", ":1}")})
        + call({"index": 1, "id": "b", "function": function("list", '{"y"')})
        + call({"index": 1, "id": "b", "function": function("list", ":2}")}),
        call({"index": 0, "id": "a", "function": function("read", '{"x"')})
        + call({"index": 0, "id": "noise", "function": function(None, ":1}")})
        + call({"index": 1, "id": "b", "function": function("list", '{"y":2}')}),
        call({"id": "a", "function": function(None, '{"x"')})
        + call({"id": "a", "function": function("read", ":1}")})
        + call({"id": "b", "function": function("list", '{"y":2}')}),
        call({"id": "a", "function": function("read", "")})
        + call({"index": 0, "function": function(None, '{"x":1}')})
        + call({"index": 1, "id": "b", "function": function("list", '{"y":2}')}),
        call({"id": "a", "function": function("read", {"x": 1})})
        + call({"id": "b", "function": function("list", {"y": 2})}),
        call({"id": "a", "function": function("read", '{"x":1}')})
        + call({"id": "b", "function": function("list", "")})
        + call({"id": "a", "function": function(None, "")})
        + call({"id": "b", "function": function(None, '{"y":2}')}),
    ],
    ids=[
        "by index, interleaved",
        "without index",
        "whole in one chunk",
        "all in one chunk",
        "index always 0",
        "id and name repeated",
        "a new id for every piece",
        "name late",
        "index late",
        "arguments as an object",
        "by id alone, interleaved",
    ],
)
@pytest.mark.parametrize("reason", ["tool_calls", "stop", "function_call"])
def test_two_calls_are_told_apart(stream: bytes, reason: str) -> None:
    whole = HELLO + stream + chunk(reason)
    assert parts(whole) == [Text("hello"), *TWO]
    assert finish(whole).stop_reason == "tool_use"


def test_calls_without_ids_get_their_own() -> None:
    stream = call(
        {"index": 0, "function": function("read", "{}")},
        {"index": 1, "function": function("read", "{}")},
    )
    assert parts(stream + STOP) == [
        ToolCall("call_r_0", "read", "{}"),
        ToolCall("call_r_1", "read", "{}"),
    ]


def test_calls_with_the_same_id_get_different_ones() -> None:
    stream = call(
        {"index": 0, "id": "x", "function": function("read", "{}")},
        {"index": 1, "id": "x", "function": function("read", "{}")},
    )
    assert [part.id for part in parts(stream + STOP) if isinstance(part, ToolCall)] == ["x", "x_1"]


def test_arguments_stay_as_the_model_wrote_them() -> None:
    stream = call({"index": 0, "id": "a", "function": function("now", "")})
    assert parts(stream + STOP) == [ToolCall("a", "now", "")]


def test_a_signed_call_goes_back_signed() -> None:
    extra = {"google": {"thought_signature": "S"}}
    stream = call({"id": "a", "function": function("read", "{}"), "extra_content": extra}) + STOP
    mark = Opaque("openai-chat", {"tool_call_id": "a", "extra_content": extra})
    assert parts(stream) == [mark, ToolCall("a", "read", "{}")]
    draft = Draft()
    for delta in decoded(stream):
        draft.add(delta)
    sent = msgspec.json.decode(WIRE.encode(Request("", (draft.message(),), (), 0, "", "")))
    assert sent["messages"][0]["tool_calls"][0]["extra_content"] == extra


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", "end"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("model_length", "context_window"),
        ("something_new", "end"),
    ],
)
def test_the_reason_to_stop_is_translated(reason: str, stop: StopReason) -> None:
    assert finish(HELLO + chunk(reason)).stop_reason == stop


@pytest.mark.parametrize(
    ("reason", "kind"), [("error", "server"), ("insufficient_system_resource", "overloaded")]
)
def test_a_reason_to_stop_may_be_a_failure(reason: str, kind: ProviderErrorKind) -> None:
    assert failure(HELLO + chunk(reason)).kind == kind


COUNTS = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


@pytest.mark.parametrize(
    "stream",
    [
        STOP + raw(choices=[], usage=COUNTS) + DONE,
        STOP + raw(choices=[], usage=COUNTS),
        raw(choices=[{"delta": {}, "finish_reason": "stop"}], usage=COUNTS) + DONE,
        raw(choices=[{"delta": {}, "finish_reason": "stop"}], usage=COUNTS),
        raw(choices=[{"delta": None, "finish_reason": "stop", "usage": COUNTS}]) + DONE,
        raw(choices=[{"delta": {}}], usage={"prompt_tokens": 1})
        + raw(choices=[{"delta": {}}], usage=COUNTS)
        + STOP,
        raw(choices=None, usage=COUNTS) + STOP + DONE,
    ],
    ids=[
        "after the end",
        "without [DONE]",
        "with the end",
        "with the end, without [DONE]",
        "in the choice",
        "growing",
        "before the end",
    ],
)
def test_usage_is_found_wherever_it_is(stream: bytes) -> None:
    assert finish(HELLO + stream).usage == Usage(5, output_tokens=7)


@pytest.mark.parametrize("tail", [b"", DONE])
def test_usage_may_be_missing(tail: bytes) -> None:
    assert finish(HELLO + STOP + tail).usage == Usage()


def test_the_answer_is_closed_by_the_usage_after_its_end() -> None:
    decoder = WIRE.decoder()
    deltas: list[Delta] = []
    for event in EventParser().feed(HELLO + STOP + raw(choices=[], usage=COUNTS)):
        deltas += decoder.feed(event.name, event.data)
    assert isinstance(deltas[-1], Finished)
    assert list(decoder.feed("", b"[DONE]")) == []
    assert list(decoder.end()) == []


def test_words_beside_the_reason_to_stop_are_not_lost() -> None:
    assert parts(HELLO + chunk("stop", content=" there")) == [Text("hello there")]


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 4,
                "total_tokens": 34,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(10, output_tokens=24, reasoning_tokens=20),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "cached_tokens": 6},
            Usage(10, 6, output_tokens=4),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "prompt_cache_hit_tokens": 6},
            Usage(10, 6, output_tokens=4),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": None, "prompt_tokens_details": None},
            Usage(10),
        ),
    ],
    ids=["xAI: reasoning beside the output", "Moonshot", "DeepSeek", "nulls"],
)
def test_usage_is_counted_in_one_way(usage: dict[str, object], counted: Usage) -> None:
    assert finish(HELLO + STOP + raw(choices=[], usage=usage)).usage == counted


@pytest.mark.parametrize("stream", [b"", HELLO, HELLO + DONE, HELLO + raw(choices=[])])
def test_a_stream_without_a_reason_to_stop_is_cut_off(stream: bytes) -> None:
    assert failure(stream).kind == "cut_off"


@pytest.mark.parametrize("before", [b"", chunk(reasoning="hm"), chunk(content="")])
@pytest.mark.parametrize("tail", [b"", DONE])
def test_an_answer_without_words_or_calls_is_empty(before: bytes, tail: bytes) -> None:
    assert failure(before + STOP + tail).kind == "empty"


def test_an_answer_that_ran_out_of_room_while_thinking_is_not_empty() -> None:
    assert finish(chunk(reasoning="hm") + chunk("length")).stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (raw(error={"message": "m", "type": "server_error", "code": None}), "server"),
        (raw(error={"message": "m", "code": "rate_limit_exceeded"}), "rate_limit"),
        (raw(error={"message": "Provider disconnected", "code": 502}, choices=[]), "server"),
        (raw(error={"message": "busy", "code": 503}), "overloaded"),
        (raw(error="out of memory"), "server"),
        (raw(object="error", message="This model's maximum context length is 9", code=400),
         "context_length"),
        (b"event: error\n" + raw(message="m"), "server"),
    ],
)  # fmt: skip
def test_an_error_in_the_stream_is_one(stream: bytes, kind: ProviderErrorKind) -> None:
    assert failure(HELLO + stream).kind == kind


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b"[" * 5000, b'{"choices":[{"delta":1}]}'])
def test_what_is_not_of_the_wire_is_malformed(data: bytes) -> None:
    assert failure(b"data: " + data + b"\n\n").kind == "malformed"

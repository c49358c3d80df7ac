"""The events of the Anthropic wire become deltas, and faults become errors."""

import json
from collections.abc import Sequence

import pytest

from kedge.agent.deltas import (
    CallDelta,
    Delta,
    Finished,
    Metered,
    PartDone,
    TextDelta,
    ThinkingDelta,
)
from kedge.agent.errors import ProviderError
from kedge.agent.messages import Opaque, StopReason, Text, Thinking, ToolCall, Usage
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable

WIRE = AnthropicWire(
    ProviderTable(name="anthropic", title="Anthropic", wire="anthropic"),
    ModelProfile(provider="anthropic", name="claude-opus-5-5"),
)
START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 5,
            "cache_read_input_tokens": 100,
            "output_tokens": 1,
        },
    },
}
STOP = {"type": "message_stop"}


def ending(reason: str | None = "end_turn", **usage: object) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def block(index: int, start: dict[str, object], *deltas: dict[str, object]) -> list[object]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(words: str, index: int = 0) -> list[object]:
    return block(index, {"type": "text", "text": ""}, {"type": "text_delta", "text": words})


def decoded(events: Sequence[object]) -> list[Delta]:
    decoder = WIRE.decoder()
    deltas = [delta for event in events for delta in decoder.feed("", json.dumps(event).encode())]
    return [*deltas, *decoder.end()]


def parts(deltas: list[Delta]) -> list[object]:
    return [delta.part for delta in deltas if isinstance(delta, PartDone)]


def failure(events: Sequence[object]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        decoded(events)
    return raised.value


def test_an_answer_comes_out_part_by_part() -> None:
    events = [
        START,
        {"type": "ping"},
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Let me "},
            {"type": "thinking_delta", "thinking": "see"},
            {"type": "signature_delta", "signature": "c2ln"},
        ),
        *text("Hello", 1),
        *block(
            2,
            {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"file_path": '},
            {"type": "input_json_delta", "partial_json": '"a.py"}'},
        ),
        ending("tool_use", output_tokens=40, output_tokens_details={"thinking_tokens": 7}),
        STOP,
    ]
    assert decoded(events) == [
        Metered(Usage(115, 100, 5, 1)),
        ThinkingDelta("Let me "),
        ThinkingDelta("see"),
        PartDone(Thinking("Let me see", "c2ln", "anthropic")),
        TextDelta("Hello"),
        PartDone(Text("Hello")),
        CallDelta("read", 0),
        CallDelta("read", 0),
        CallDelta("read", 14),
        CallDelta("read", 7),
        PartDone(ToolCall("toolu_1", "read", '{"file_path": "a.py"}')),
        Metered(Usage(115, 100, 5, 40, 7)),
        Finished("tool_use", Usage(115, 100, 5, 40, 7), "claude-opus-5-5", "msg_1"),
    ]


def test_later_counts_replace_earlier_ones_and_absent_ones_stay() -> None:
    late = ending(output_tokens=9, cache_read_input_tokens=0, input_tokens=20)
    finished = decoded([START, *text("hi"), ending(output_tokens=3), late, STOP])[-1]
    assert isinstance(finished, Finished)
    assert finished.usage == Usage(25, 0, 5, 9, 0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("end_turn", "end"),
        ("tool_use", "tool_use"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_window"),
        ("something_new", "end"),
        (None, "end"),
    ],
)
def test_stop_reasons_have_one_meaning(said: str | None, meant: StopReason) -> None:
    finished = decoded([START, *text("hi"), ending(said), STOP])[-1]
    assert isinstance(finished, Finished)
    assert finished.stop_reason == meant


def test_a_call_that_the_limit_cut_keeps_what_the_model_wrote() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}}
    cut = block(0, call, {"type": "input_json_delta", "partial_json": '{"file_path": "a'})
    deltas = decoded([START, *cut, ending("max_tokens"), STOP])
    assert parts(deltas) == [ToolCall("toolu_1", "write", '{"file_path": "a')]


def test_a_call_without_streamed_arguments_has_those_of_its_opening() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "todo", "input": {"items": []}}
    deltas = decoded([START, *block(0, call), ending("tool_use"), STOP])
    assert parts(deltas) == [ToolCall("toolu_1", "todo", '{"items": []}')]


def test_withheld_thinking_is_kept_as_data() -> None:
    deltas = decoded(
        [START, *block(0, {"type": "redacted_thinking", "data": "ZGF0"}), *text("hi", 1), STOP]
    )
    assert parts(deltas) == [Thinking("", "ZGF0", "anthropic", redacted=True), Text("hi")]


def test_blocks_of_unknown_kinds_are_carried_whole() -> None:
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{"url": "x"}]}
    asked = block(0, search, {"type": "input_json_delta", "partial_json": '{"query": "q"}'})
    deltas = decoded([START, *asked, *block(1, result), ending(), STOP])
    assert parts(deltas) == [
        Opaque("anthropic", {**search, "input": {"query": "q"}}),
        Opaque("anthropic", result),
    ]


def test_events_and_deltas_of_unknown_kinds_are_passed_over() -> None:
    odd = block(0, {"type": "text", "text": ""}, {"type": "hum_delta", "hum": "la"})
    odd[1:1] = [{"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta"}}]
    said = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}
    odd[1:1] = [said]
    assert parts(decoded([START, {"type": "message_weather"}, *odd, STOP])) == [Text("x")]


def test_blocks_left_open_are_closed_by_the_end() -> None:
    deltas = decoded([START, *text("hi")[:-1], ending(), STOP])
    assert parts(deltas) == [Text("hi")]


def test_a_refusal_without_words_says_why() -> None:
    refused = ending("refusal")
    refused["delta"] = {
        "stop_reason": "refusal",
        "stop_details": {"type": "refusal", "explanation": "Not this."},
    }
    assert decoded([START, refused, STOP])[2:4] == [
        TextDelta("Not this."),
        PartDone(Text("Not this.")),
    ]


def test_a_refusal_without_any_explanation_is_an_answer() -> None:
    *_, finished = decoded([START, ending("refusal"), STOP])
    assert isinstance(finished, Finished)
    assert finished.stop_reason == "refusal"


@pytest.mark.parametrize(
    "events", [[], [START], [START, *text("hi")], [START, *text("hi"), ending()]]
)
def test_a_stream_without_its_end_is_cut_off(events: list[object]) -> None:
    assert failure(events).kind == "cut_off"


@pytest.mark.parametrize(
    "nothing",
    [[], text(""), block(0, {"type": "thinking", "thinking": "hm", "signature": "c2ln"})],
)
def test_a_complete_answer_with_nothing_in_it_is_an_error(nothing: list[object]) -> None:
    assert failure([START, *nothing, ending(), STOP]).kind == "empty"


def test_an_answer_that_ran_out_of_room_while_thinking_is_an_answer() -> None:
    thought = block(0, {"type": "thinking", "thinking": "hm", "signature": "c2ln"})
    finished = decoded([START, *thought, ending("max_tokens"), STOP])[-1]
    assert isinstance(finished, Finished)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("malformed", b'{"type": "content_block_del'),
        ("malformed", b"<html>"),
        ("malformed", b'{"type": "content_block_delta", "index": "0"}'),
        ("malformed", b'{"type": "content_block_delta", "index": 3, "delta": {"type": "x"}}'),
        ("malformed", b'{"type": "content_block_start", "index": 0}'),
        ("overloaded", b'{"type": "error", "error": {"type": "overloaded_error", "message": "O"}}'),
        ("server", b'{"type": "error", "error": {"type": "api_error", "message": "I"}}'),
        ("rate_limit", b'{"type": "error", "error": {"type": "rate_limit_error"}}'),
        ("server", b'{"type": "error", "error": {"type": "brand_new_error"}}'),
        ("server", b'{"type": "error"}'),
        (
            "context_length",
            b'{"type": "error", "error": {"type": "invalid_request_error",'
            b' "message": "prompt is too long: 9 > 8"}}',
        ),
    ],
)
def test_bad_events_say_what_is_wrong(kind: str, data: bytes) -> None:
    with pytest.raises(ProviderError, match="^Anthropic: ") as raised:
        WIRE.decoder().feed("", data)
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"type": "authentication_error", "message": "invalid x-api-key"}, "credentials"),
        (403, {"type": "permission_error"}, "credentials"),
        (402, {"type": "billing_error"}, "quota"),
        (
            400,
            {"type": "invalid_request_error", "message": "Your credit balance is too low"},
            "quota",
        ),
        (404, {"type": "not_found_error", "message": "model: claude-x"}, "not_found"),
        (413, {"type": "request_too_large"}, "context_length"),
        (
            400,
            {"type": "invalid_request_error", "message": "prompt is too long: 200251 tokens"},
            "context_length",
        ),
        (
            400,
            {
                "type": "invalid_request_error",
                "message": "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            },
            "context_length",
        ),
        (400, {"type": "invalid_request_error", "message": "messages: required"}, "invalid"),
        (429, {"type": "rate_limit_error"}, "rate_limit"),
        (500, {"type": "api_error"}, "server"),
        (504, {"type": "timeout_error"}, "server"),
        (529, {"type": "overloaded_error"}, "overloaded"),
        (503, {"type": "not_yet_known"}, "overloaded"),
    ],
)
def test_error_answers_have_a_kind(status: int, body: dict[str, str], kind: str) -> None:
    answer = json.dumps({"type": "error", "error": body, "request_id": "req_7"}).encode()
    error = WIRE.error(status, {}, answer)
    assert (error.kind, error.status, error.request_id) == (kind, status, "req_7")


@pytest.mark.parametrize(
    ("status", "kind"), [(502, "server"), (529, "overloaded"), (401, "credentials")]
)
def test_error_answers_of_gateways_are_quoted(status: int, kind: str) -> None:
    error = WIRE.error(status, {}, b"<html>" + b"x" * 1000)
    assert error.kind == kind
    assert "<html>xxx" in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize("status", [400, 502])
@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"type": "x", "message": "\xff"}}',
        b'{"error": {"type": "x", "more": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}",
    ],
)
def test_error_answers_that_cannot_be_read_are_quoted(status: int, body: bytes) -> None:
    error = WIRE.error(status, {}, body)
    assert (error.status, "error" in str(error)) == (status, True)


def test_advice_that_the_provider_gives_itself_is_not_repeated() -> None:
    body = {"error": {"type": "overloaded_error", "message": "Overloaded. Try again later."}}
    error = WIRE.error(529, {}, json.dumps(body).encode())
    assert str(error) == "Anthropic: Overloaded. Try again later (overloaded_error)"


DEEP = b"[" * 20_000 + b"]" * 20_000


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "content_block_start", "content_block": {"type": "text", "text": "\xff"}}',
        b'{"type": "\xff"}',
        b'{"type": "ping", "more": ' + DEEP + b"}",
    ],
)
def test_an_event_that_no_reader_of_json_can_take_is_malformed(data: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        WIRE.decoder().feed("", data)
    assert raised.value.kind == "malformed"

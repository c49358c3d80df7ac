"""Every wire says what the script says, to the providers' own SDKs."""

from random import Random

import pytest

from loopback.framing import cut
from loopback.script import (
    WIRE_NAMES,
    Call,
    Fault,
    Quirk,
    Refusal,
    StopReason,
    Text,
    Thinking,
    Turn,
    Usage,
    WireName,
    turn,
)
from loopback.sdk import Heard, client, told
from loopback.server import LoopbackServer

WIRES = pytest.mark.parametrize("wire", WIRE_NAMES)
USAGE = Usage(1000, 700, 200, 300, 50)
WHOLE = turn(
    Thinking("Überlegen… 思考 🧠 about both files", "c2lnbmVk"),
    "Ich lese beide Dateien – gleich 📁.\r\nZwei Zeilen.",
    Call("read", '{"file_path": "grüße/ä.txt", "limit": 5}', "call_one"),
    Call("grep", {"pattern": "naïve 🐍", "-i": True}, "call_two"),
    usage=USAGE,
    delta=5,
)
TOOL_REASONS: dict[WireName, str] = {
    "anthropic": "tool_use",
    "responses": "completed",
    "chat": "tool_calls",
}


async def heard_from(wire: WireName, script: list[Turn], **more: object) -> Heard:
    heard = Heard()
    async with LoopbackServer(script) as server, client(wire) as sdk:
        await sdk.hear(heard, server.url, **more)
    assert server.failures == []
    return heard


def comparable(heard: Heard, wire: WireName) -> tuple[object, ...]:
    """What must equal the script; Chat has no place for signatures."""
    signature = "" if wire == "chat" else heard.signature
    return heard.text, heard.thinking, signature, heard.refusal, heard.calls


@WIRES
async def test_the_sdk_hears_the_script_however_the_bytes_are_cut(wire: WireName) -> None:
    async with client(wire) as sdk:
        for seed in (None, *range(20)):
            heard = Heard()
            crlf = seed is not None and seed % 2 == 1
            async with LoopbackServer([WHOLE], seed=seed, crlf=crlf) as server:
                await sdk.hear(heard, server.url)
            assert comparable(heard, wire) == comparable(told(WHOLE), wire), f"seed {seed}"
            assert (heard.reason, heard.usage) == (TOOL_REASONS[wire], USAGE), f"seed {seed}"
            assert heard.complete, f"seed {seed}"


@WIRES
async def test_the_answer_without_streaming_is_the_same(wire: WireName) -> None:
    async with LoopbackServer([WHOLE]) as server, client(wire) as sdk:
        answer = str(await sdk.ask(server.url))
    for words in ("Zwei Zeilen.", "call_one", "call_two", "grüße/ä.txt", "naïve 🐍", "思考"):
        assert words in answer


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("end", ("end_turn", "completed", "stop")),
        ("max_tokens", ("max_tokens", "max_output_tokens", "length")),
        ("stop_sequence", ("stop_sequence", "completed", "stop")),
        ("content_filter", ("refusal", "content_filter", "content_filter")),
        ("context_window", ("model_context_window_exceeded", "max_output_tokens", "length")),
        ("pause", ("pause_turn", "completed", "stop")),
    ],
)
async def test_stop_reasons_are_said_in_the_words_of_the_wire(
    reason: StopReason, words: tuple[str, str, str]
) -> None:
    heard = [await heard_from(wire, [turn("so far", stop=reason)]) for wire in WIRE_NAMES]
    assert tuple(one.reason for one in heard) == words


@WIRES
async def test_a_refusal_arrives_with_its_explanation(wire: WireName) -> None:
    heard = await heard_from(wire, [turn(Refusal("I will not do that."))])
    assert heard.refusal == "I will not do that."
    assert heard.reason == {"anthropic": "refusal", "responses": "completed", "chat": "stop"}[wire]


@WIRES
async def test_redacted_thinking_has_data_but_no_words(wire: WireName) -> None:
    heard = await heard_from(wire, [turn(Thinking("hidden", "ZGF0YQ", redacted=True), "done")])
    assert (heard.thinking, heard.text) == ("", "done")
    assert heard.signature == ("" if wire == "chat" else "ZGF0YQ")


async def test_encrypted_reasoning_is_sent_only_when_the_request_includes_it() -> None:
    heard = await heard_from("responses", [turn(Thinking("why", "c2VjcmV0"))], include=[])
    assert (heard.thinking, heard.signature) == ("why", "")


async def test_the_usage_chunk_is_sent_only_when_the_request_asks_for_it() -> None:
    heard = await heard_from("chat", [turn("hi")], stream_options={"include_usage": False})
    assert (heard.text, heard.usage) == ("hi", None)


@WIRES
async def test_broken_arguments_are_streamed_exactly_as_scripted(wire: WireName) -> None:
    heard = await heard_from(wire, [turn(Call("edit", '{"file_path": "a", oops', "call_x"))])
    assert heard.calls == [("call_x", "edit", '{"file_path": "a", oops')]


@WIRES
async def test_calls_without_a_scripted_id_get_different_ones(wire: WireName) -> None:
    heard = await heard_from(wire, [turn(Call("read"), Call("read"))])
    first, second = (ident for ident, _, _ in heard.calls)
    assert first != second
    assert first.startswith("toolu_" if wire == "anthropic" else "call_")


@WIRES
async def test_a_repeated_text_is_one_event_each_time(wire: WireName) -> None:
    plain = await heard_from(wire, [turn("tok ")])
    heard = await heard_from(wire, [turn(Text("tok ", repeat=2000))])
    assert heard.text == "tok " * 2000
    assert heard.events - plain.events == 1999


@pytest.mark.parametrize(
    ("wire", "quirk"),
    [
        ("chat", "no_done"),
        ("chat", "no_tool_index"),
        ("chat", "unknown_event"),
        ("responses", "no_event_names"),
        ("responses", "unknown_event"),
        ("anthropic", "unknown_event"),
    ],
)
async def test_quirks_that_the_sdk_bears_change_nothing(wire: WireName, quirk: Quirk) -> None:
    script = [turn("text", Call("read", "{}", "call_q"), quirks=frozenset({quirk}))]
    heard = await heard_from(wire, script)
    assert (heard.text, heard.calls) == ("text", [("call_q", "read", "{}")])
    assert heard.reason == TOOL_REASONS[wire]


async def test_the_anthropic_sdk_hears_nothing_without_event_names() -> None:
    heard = await heard_from("anthropic", [turn("text", quirks=frozenset({"no_event_names"}))])
    assert heard == Heard()


async def test_a_turn_may_be_served_slowly() -> None:
    heard = await heard_from("chat", [turn("slow", fault=Fault("slow", delay=0.001))])
    assert (heard.text, heard.reason) == ("slow", "stop")


def test_cutting_keeps_the_bytes_and_splits_events_in_every_way() -> None:
    events = [f"event: e\r\ndata: {number} ä🐍\r\n\r\n".encode() for number in range(40)]
    cuts = [list(cut(events, Random(seed))) for seed in range(20)]
    assert all(b"".join(chunks) == b"".join(events) for chunks in cuts)
    assert any(chunks == events for chunks in cuts)
    assert any(max(map(len, chunks)) <= 7 for chunks in cuts)
    assert any(len(chunks) < len(events) for chunks in cuts)
    assert any(chunk.endswith(b"\r") for chunks in cuts for chunk in chunks)

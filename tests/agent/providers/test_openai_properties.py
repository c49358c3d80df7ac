"""Laws of both OpenAI wires that hold for every conversation and every stream."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.deltas import Finished, PartDone
from kedge.agent.errors import ProviderError
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from kedge.agent.ports import Request
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sse import EventParser
from kedge.agent.providers.wire import Wire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks

TABLE = ProviderTable(
    name="acme",
    quirks=Quirks(
        prompt_cache_key=True,
        parallel_tool_calls=True,
        echo_reasoning=True,
        reasoning_field="reasoning",
    ),
)
PROFILE = ModelProfile(provider="acme", name="big-1", thinking="effort", images=True)
WIRES = (OpenAIResponsesWire, OpenAIChatWire)

words = st.text(st.characters(codec="utf-8"), max_size=12)
wires = st.sampled_from(["openai-responses", "openai-chat", "anthropic"])
said = st.builds(Text, words) | st.builds(Image, st.just("image/png"), st.just("aGk="))
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
made = (
    st.builds(Text, words)
    | st.builds(Thinking, words, words, wires, words)
    | st.builds(ToolCall, words, words, words)
    | st.builds(Opaque, wires, st.dictionaries(words, json, max_size=3))
)


def some(parts: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(parts, max_size=4).map(tuple)


messages = (
    st.builds(Message, st.just("user"), some(said))
    | st.builds(Message, st.just("assistant"), some(made))
    | st.builds(Message, st.just("tool"), some(st.builds(ToolResult, words, some(said))))
)


def request(history: Sequence[Message]) -> Request:
    tool = ToolSpec("read", "Reads.", {"type": "object", "properties": {}})
    return Request("Be brief.", history, (tool,), 4096, "high", "s-1")


@pytest.mark.parametrize("wire", WIRES)
@given(history=st.lists(messages, max_size=8))
def test_a_longer_history_extends_the_bytes_of_a_shorter_one(
    wire: type[OpenAIResponsesWire | OpenAIChatWire], history: list[Message]
) -> None:
    one = wire(TABLE, PROFILE)
    before = one.encode(request([])).removesuffix(b"]}")
    for end in range(1, len(history) + 1):
        body = one.encode(request(history[:end]))
        msgspec.json.decode(body)
        assert body.startswith(before)
        before = body.removesuffix(b"]}")


@pytest.mark.parametrize("wire", WIRES)
@given(history=st.lists(messages, max_size=6), other=st.lists(messages, max_size=6))
def test_what_a_wire_remembers_changes_no_byte(
    wire: type[OpenAIResponsesWire | OpenAIChatWire], history: list[Message], other: list[Message]
) -> None:
    used = wire(TABLE, PROFILE)
    used.encode(request(history))
    used.encode(request([*history[:2], *other]))
    assert used.encode(request(history)) == wire(TABLE, PROFILE).encode(request(history))


NAMES = st.sampled_from(
    [
        "type", "delta", "item", "response", "error", "output", "output_index", "summary_index",
        "summary", "content", "usage", "choices", "finish_reason", "tool_calls", "function",
        "index", "id", "name", "arguments", "message", "code", "extra_content", "reasoning",
        "incomplete_details", "reason", "text", "thinking", "object", "metadata", "raw",
    ]
)  # fmt: skip
KINDS = st.sampled_from(
    [
        "response.output_text.delta", "response.refusal.delta", "response.output_item.added",
        "response.output_item.done", "response.completed", "response.incomplete",
        "response.failed", "error", "message", "reasoning", "function_call",
        "response.function_call_arguments.delta", "stop", "tool_calls",
    ]
)  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | KINDS | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
events = st.lists(
    trees.map(msgspec.json.encode)
    | st.dictionaries(NAMES, trees, max_size=5).map(msgspec.json.encode)
    | st.binary(max_size=20)
    | st.just(b"[DONE]"),
    max_size=5,
)


@pytest.mark.parametrize("wire", WIRES)
@given(stream=events, name=st.sampled_from(["", "error", "response.completed"]))
def test_no_stream_raises_anything_but_a_provider_error(
    wire: type[OpenAIResponsesWire | OpenAIChatWire], stream: list[bytes], name: str
) -> None:
    decoder = wire(TABLE, PROFILE).decoder()
    try:
        deltas = [delta for data in stream for delta in decoder.feed(name, data)]
        deltas += decoder.end()
    except ProviderError:
        return
    assert [isinstance(delta, Finished) for delta in deltas].count(True) == 1
    assert isinstance(deltas[-1], Finished)


RECORDED = {
    wire: [event.data for event in EventParser().feed(Path(__file__).with_name(name).read_bytes())]
    for wire, name in zip(WIRES, ("openai_responses.sse", "openai_chat.sse"), strict=True)
}


@pytest.mark.parametrize("wire", WIRES)
@given(data=st.data())
def test_a_damaged_stream_raises_nothing_but_a_provider_error(
    wire: type[OpenAIResponsesWire | OpenAIChatWire], data: st.DataObject
) -> None:
    stream = list(RECORDED[wire])
    place = data.draw(st.integers(0, len(stream) - 1))
    if stream[place] != b"[DONE]":
        event = msgspec.json.decode(stream[place])
        damaged = event
        while isinstance(damaged, dict | list) and damaged:
            keys = sorted(damaged) if isinstance(damaged, dict) else list(range(len(damaged)))
            key = data.draw(st.sampled_from(keys))
            if (
                not damaged[key]
                or not isinstance(damaged[key], dict | list)
                or data.draw(st.booleans())
            ):
                damaged[key] = data.draw(trees)
                break
            damaged = damaged[key]
        stream[place] = msgspec.json.encode(event)
    decoder = wire(TABLE, PROFILE).decoder()
    try:
        deltas = [delta for event in stream for delta in decoder.feed("", event)]
        deltas += decoder.end()
    except ProviderError:
        return
    assert isinstance(deltas[-1], Finished)


@pytest.mark.parametrize("wire", WIRES)
@given(status=st.integers(200, 599), body=st.binary(max_size=30) | trees.map(msgspec.json.encode))
def test_every_error_answer_is_read(
    wire: type[OpenAIResponsesWire | OpenAIChatWire], status: int, body: bytes
) -> None:
    error = wire(TABLE, PROFILE).error(status, {}, body)
    assert isinstance(error, ProviderError)
    assert str(error).startswith("acme: ")


@given(text=st.text(st.characters(codec="utf-8"), min_size=1), cuts=st.lists(st.integers(0, 40)))
def test_words_arrive_whole_however_they_are_cut(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[at:to] for at, to in zip(edges, edges[1:], strict=False)]
    decoder = OpenAIChatWire(TABLE, PROFILE).decoder()
    for piece in pieces:
        list(decoder.feed("", msgspec.json.encode({"choices": [{"delta": {"content": piece}}]})))
    stop = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    list(decoder.feed("", msgspec.json.encode(stop)))
    assert PartDone(Text(text)) in list(decoder.end())


def test_both_are_wires() -> None:
    both: list[Wire] = [wire(TABLE, PROFILE) for wire in WIRES]
    assert [(wire.name, wire.path) for wire in both] == [
        ("openai-responses", "responses"),
        ("openai-chat", "chat/completions"),
    ]

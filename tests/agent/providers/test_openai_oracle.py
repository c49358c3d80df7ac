"""The openai package as witness: its types know our bodies, its events hold what we make of them.

It is imported within the tests: that takes a second.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from kedge.agent.deltas import Draft, Finished
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Image, Message, Text, Thinking, ToolCall, ToolResult
from kedge.agent.ports import Request
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sse import EventParser
from kedge.agent.providers.wire import Wire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks

TABLE = ProviderTable(
    name="openai",
    quirks=Quirks(
        max_tokens_field="max_completion_tokens", prompt_cache_key=True, parallel_tool_calls=True
    ),
)
PROFILE = ModelProfile(provider="openai", name="gpt-6.1-sol", thinking="effort", images=True)
PICTURE = Image("image/png", "aGk=")
SCHEMA: dict[str, object] = {"type": "object", "properties": {"path": {"type": "string"}}}
REQUEST = Request(
    "Be brief.",
    (
        Message("user", (Text("What is this?"), PICTURE)),
        Message(
            "assistant",
            (
                Thinking("First.\n\n\nSecond.", "ENC", "openai-responses", "rs_1"),
                Text("Let me look."),
                ToolCall("call_1", "read", '{"path":"a"}'),
                ToolCall("call_2", "read", ""),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("call_1", (Text("one"),)),
                ToolResult("call_2", (Text("two"), PICTURE), failed=True),
            ),
        ),
        Message("assistant", (Text("Done."),)),
        Message("user", (Text("Thanks."),)),
    ),
    (ToolSpec("read", "Reads.", SCHEMA),),
    4096,
    "high",
    "s-1",
)


def plain(value: object) -> object:
    """The value with what pydantic would check only on reading checked now."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, str | bytes | int | float | None):
        return value
    assert isinstance(value, list | tuple | Iterator)
    return [plain(inner) for inner in value]


def test_a_responses_body_is_of_the_packages_type() -> None:
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
    from pydantic import TypeAdapter

    body = msgspec.json.decode(OpenAIResponsesWire(TABLE, PROFILE).encode(REQUEST))
    # What the type does not know is dropped, so that nothing else may be there.
    assert plain(TypeAdapter(ResponseCreateParamsStreaming).validate_python(body)) == body


def test_a_chat_body_is_of_the_packages_type() -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
    from pydantic import TypeAdapter

    body = msgspec.json.decode(OpenAIChatWire(TABLE, PROFILE).encode(REQUEST))
    assert plain(TypeAdapter(CompletionCreateParamsStreaming).validate_python(body)) == body


def recorded(name: str) -> list[bytes]:
    stream = Path(__file__).with_name(name).read_bytes()
    return [event.data for event in EventParser().feed(stream)]


def folded(wire: Wire, events: list[bytes]) -> Draft:
    decoder = wire.decoder()
    draft = Draft()
    for data in events:
        for delta in decoder.feed("", data):
            draft.add(delta)
    for delta in decoder.end():
        draft.add(delta)
    return draft


def test_the_package_reads_the_same_from_a_responses_stream() -> None:
    from openai.types.responses import (
        ResponseCompletedEvent,
        ResponseFunctionToolCall,
        ResponseOutputItemDoneEvent,
        ResponseReasoningItem,
        ResponseStreamEvent,
        ResponseTextDeltaEvent,
    )
    from pydantic import TypeAdapter

    events = recorded("openai_responses.sse")
    draft = folded(OpenAIResponsesWire(TABLE, PROFILE), events)
    adapter = TypeAdapter[ResponseStreamEvent](ResponseStreamEvent)
    text, calls, reasoning = "", [], []
    for data in events:
        match adapter.validate_python(msgspec.json.decode(data)):
            case ResponseTextDeltaEvent(delta=delta):
                text += delta
            case ResponseOutputItemDoneEvent(item=ResponseFunctionToolCall() as call):
                calls.append(ToolCall(call.call_id, call.name, call.arguments))
            case ResponseOutputItemDoneEvent(item=ResponseReasoningItem() as item):
                reasoning.append((item.id, item.encrypted_content))
            case ResponseCompletedEvent(response=response):
                assert response.usage is not None
                total = response.usage.total_tokens
            case _:
                pass
    message = draft.message()
    assert (message.text, list(message.calls)) == (text, calls)
    thoughts = [part for part in message.parts if isinstance(part, Thinking)]
    assert [(part.id, part.signature) for part in thoughts] == reasoning
    assert isinstance(draft.finished, Finished)
    assert draft.finished.usage.input_tokens + draft.finished.usage.output_tokens == total


def test_the_package_reads_the_same_from_a_chat_stream() -> None:
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletionChunk

    events = recorded("openai_chat.sse")
    draft = folded(OpenAIChatWire(TABLE, PROFILE), events)
    state = ChatCompletionStreamState()
    for data in events:
        if data != b"[DONE]":
            state.handle_chunk(ChatCompletionChunk.model_validate_json(data))
    theirs = state.get_final_completion()
    told = theirs.choices[0].message
    assert draft.message().text == told.content
    assert [(call.id, call.name, call.arguments) for call in draft.message().calls] == [
        (call.id, call.function.name, call.function.arguments)
        for call in told.tool_calls or ()
        if call.type == "function"
    ]
    assert draft.finished is not None
    assert theirs.usage is not None
    assert draft.finished.usage.output_tokens == theirs.usage.completion_tokens
    assert draft.finished.response_id == theirs.id


@pytest.mark.parametrize("cut", range(1, 9))
def test_what_the_package_takes_for_a_whole_answer_is_cut_off_to_us(cut: int) -> None:
    from kedge.agent.errors import ProviderError

    for name, wire in (
        ("openai_responses.sse", OpenAIResponsesWire(TABLE, PROFILE)),
        ("openai_chat.sse", OpenAIChatWire(TABLE, PROFILE)),
    ):
        events = recorded(name)
        terminal = 1 if wire.name == "openai-responses" else 3
        with pytest.raises(ProviderError) as caught:
            folded(wire, events[: max(0, len(events) - terminal - cut + 1)])
        assert caught.value.kind == "cut_off"

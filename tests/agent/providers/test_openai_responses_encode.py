"""What the Responses wire puts into a request, written out."""

import msgspec
import pytest
from msgspec.structs import replace

from kedge.agent.events import ToolSpec
from kedge.agent.messages import (
    Image,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from kedge.agent.ports import Request
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks

TABLE = ProviderTable(
    name="openai",
    title="OpenAI",
    wire="openai-responses",
    quirks=Quirks(prompt_cache_key=True, parallel_tool_calls=True),
)
PROFILE = ModelProfile(provider="openai", name="gpt-6.1-sol", thinking="effort", images=True)
HELLO = Message("user", (Text("hello"),))
READ = ToolSpec("read", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}})
PICTURE = Image("image/png", "aGk=")


def request(*messages: Message, **fields: object) -> Request:
    plain = Request("Be brief.", messages or (HELLO,), (READ,), 4096, "high", "s-1")
    return replace(plain, **fields)


def body(
    given: Request, table: ProviderTable = TABLE, profile: ModelProfile = PROFILE
) -> dict[str, object]:
    encoded = OpenAIResponsesWire(table, profile).encode(given)
    return msgspec.json.decode(encoded, type=dict[str, object])


def items(*parts: Part, profile: ModelProfile = PROFILE) -> object:
    """The input items of one assistant message."""
    return body(request(Message("assistant", parts)), profile=profile)["input"]


def test_the_bytes_of_a_request_are_these() -> None:
    encoded = OpenAIResponsesWire(TABLE, PROFILE).encode(request())
    assert encoded == (
        b'{"model":"gpt-6.1-sol","stream":true,"store":false,'
        b'"include":["reasoning.encrypted_content"],'
        b'"reasoning":{"effort":"high","summary":"auto"},'
        b'"max_output_tokens":4096,"prompt_cache_key":"s-1","parallel_tool_calls":true,'
        b'"instructions":"Be brief.",'
        b'"tools":[{"type":"function","name":"read","description":"Reads.","parameters":'
        b'{"type":"object","properties":{"path":{"type":"string"}}},"strict":false}],'
        b'"input":[{"type":"message","content":[{"type":"input_text","text":"hello"}],'
        b'"role":"user"}]}'
    )


def test_what_is_not_set_is_left_out() -> None:
    bare = request(system="", tools=(), max_output_tokens=0, effort="", session="")
    plain = ModelProfile(provider="openai", name="gpt-4.1")
    assert body(bare, ProviderTable(name="openai"), plain) == {
        "model": "gpt-4.1",
        "stream": True,
        "store": False,
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hello"}],
            }
        ],
    }


def test_a_model_that_does_not_reason_is_asked_for_no_reasoning() -> None:
    sent = body(request(effort="high"), profile=replace(PROFILE, thinking="none"))
    assert "reasoning" not in sent
    assert "include" not in sent


@pytest.mark.parametrize(
    ("effort", "reasoning"),
    [
        ("", {"summary": "auto"}),
        ("none", {"effort": "none"}),
        ("minimal", {"effort": "minimal", "summary": "auto"}),
        ("max", {"effort": "max", "summary": "auto"}),
    ],
)
def test_effort_is_passed_on(effort: str, reasoning: object) -> None:
    assert body(request(effort=effort))["reasoning"] == reasoning


def test_parallel_calls_are_not_mentioned_without_tools() -> None:
    assert "parallel_tool_calls" not in body(request(tools=()))


def test_a_turn_goes_back_in_its_order() -> None:
    assert items(
        Thinking("First.\n\n\nSecond.", "ENC", "openai-responses", "rs_1"),
        Text("Let me look."),
        ToolCall("call_1", "read", '{"path":"a"}'),
        ToolCall("call_2", "read", ""),
    ) == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [
                {"type": "summary_text", "text": "First."},
                {"type": "summary_text", "text": "Second."},
            ],
            "encrypted_content": "ENC",
        },
        {"type": "message", "role": "assistant", "content": "Let me look."},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "read",
            "arguments": '{"path":"a"}',
        },
        {"type": "function_call", "call_id": "call_2", "name": "read", "arguments": ""},
    ]


def test_reasoning_without_a_summary_goes_back_without_one() -> None:
    sent = items(Thinking("", "ENC", "openai-responses", "rs_1"), Text("Done."))
    assert sent == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "ENC"},
        {"type": "message", "role": "assistant", "content": "Done."},
    ]


@pytest.mark.parametrize(
    "thinking",
    [
        Thinking("hm", "sig", "anthropic"),
        Thinking("hm", wire="openai-chat"),
        Thinking("hm", "", "openai-responses", "rs_1"),
    ],
    ids=["of Anthropic's wire", "of the chat wire", "without its encrypted content"],
)
def test_reasoning_that_cannot_be_proven_stays_here(thinking: Thinking) -> None:
    sent = items(thinking, Text("Done."))
    assert sent == [{"type": "message", "role": "assistant", "content": "Done."}]


def test_reasoning_that_nothing_follows_stays_here() -> None:
    assert items(Text("So."), Thinking("hm", "ENC", "openai-responses", "rs_1")) == [
        {"type": "message", "role": "assistant", "content": "So."}
    ]


def test_unknown_items_go_back_unchanged_and_only_to_this_wire() -> None:
    item: dict[str, object] = {"type": "compaction", "id": "cmp_1", "encrypted_content": "X"}
    sent = items(Opaque("openai-responses", item), Opaque("anthropic", {"type": "x"}), Text("Hi."))
    assert sent == [item, {"type": "message", "role": "assistant", "content": "Hi."}]


def test_results_are_strings_and_with_pictures_lists() -> None:
    results = Message(
        "tool",
        (
            ToolResult("call_1", (Text("one"), Text("two"))),
            ToolResult("call_2", (Text("a picture"), PICTURE), failed=True),
        ),
    )
    assert body(request(results))["input"] == [
        {"type": "function_call_output", "call_id": "call_1", "output": "one\n\ntwo"},
        {
            "type": "function_call_output",
            "call_id": "call_2",
            "output": [
                {"type": "input_text", "text": "a picture"},
                {
                    "type": "input_image",
                    "image_url": "data:image/png;base64,aGk=",
                    "detail": "auto",
                },
            ],
        },
    ]


def test_a_picture_of_the_user_is_sent() -> None:
    assert body(request(Message("user", (Text("What is this?"), PICTURE))))["input"] == [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {
                    "type": "input_image",
                    "image_url": "data:image/png;base64,aGk=",
                    "detail": "auto",
                },
            ],
        }
    ]


@pytest.mark.parametrize("blind", ["model", "endpoint"])
def test_pictures_that_cannot_be_shown_are_named(blind: str) -> None:
    table = replace(TABLE, quirks=Quirks(images=blind != "endpoint"))
    profile = replace(PROFILE, images=blind != "model")
    messages = (Message("user", (PICTURE,)), Message("tool", (ToolResult("c", (PICTURE,)),)))
    note = "[an image: this model cannot be shown images]"
    assert body(request(*messages), table, profile)["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": note}]},
        {"type": "function_call_output", "call_id": "c", "output": note},
    ]

"""What the Chat Completions wire puts into a request, written out."""

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
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks

FULL = Quirks(
    max_tokens_field="max_completion_tokens", prompt_cache_key=True, parallel_tool_calls=True
)
PROFILE = ModelProfile(provider="groq", name="gpt-oss", thinking="effort", images=True)
HELLO = Message("user", (Text("hello"),))
READ = ToolSpec("read", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}})
PICTURE = Image("image/png", "aGk=")
CALL = ToolCall("call_1", "read", '{"path":"a"}')
SENT_CALL = {
    "id": "call_1",
    "function": {"name": "read", "arguments": '{"path":"a"}'},
    "type": "function",
}


def request(*messages: Message, **fields: object) -> Request:
    plain = Request("Be brief.", messages or (HELLO,), (READ,), 4096, "high", "s-1")
    return replace(plain, **fields)


def body(
    given: Request, quirks: Quirks = FULL, profile: ModelProfile = PROFILE
) -> dict[str, object]:
    table = ProviderTable(name="groq", title="Groq", quirks=quirks)
    return msgspec.json.decode(OpenAIChatWire(table, profile).encode(given))


def sent(
    *parts: Part, role: str = "assistant", quirks: Quirks = FULL, profile: ModelProfile = PROFILE
) -> object:
    """What is sent for one message."""
    message = msgspec.convert({"role": role, "parts": []}, Message)
    return body(request(replace(message, parts=parts), system=""), quirks, profile)["messages"]


def test_the_bytes_of_a_request_are_these() -> None:
    wire = OpenAIChatWire(ProviderTable(name="groq", quirks=FULL), PROFILE)
    assert wire.encode(request()) == (
        b'{"model":"gpt-oss","stream":true,"stream_options":{"include_usage":true},'
        b'"max_completion_tokens":4096,"reasoning_effort":"high","prompt_cache_key":"s-1",'
        b'"parallel_tool_calls":true,"tools":[{"type":"function","function":{"name":"read",'
        b'"description":"Reads.","parameters":{"type":"object","properties":{"path":'
        b'{"type":"string"}}}}}],"messages":[{"role":"system","content":"Be brief."},'
        b'{"role":"user","content":"hello"}]}'
    )


def test_what_is_not_set_or_not_allowed_is_left_out() -> None:
    plain = replace(PROFILE, thinking="none")
    bare = request(system="", tools=(), max_output_tokens=0)
    assert body(bare, Quirks(stream_usage=False), plain) == {
        "model": "gpt-oss",
        "stream": True,
        "messages": [{"role": "user", "content": "hello"}],
    }


def test_the_older_name_of_the_longest_answer_is_used_where_the_endpoint_wants_it() -> None:
    older = body(request(), Quirks(max_tokens_field="max_tokens"))
    assert older["max_tokens"] == 4096
    assert "max_completion_tokens" not in older


def test_calls_go_back_beside_the_words() -> None:
    assert sent(Text("Let me "), Text("look."), CALL) == [
        {"role": "assistant", "content": "Let me look.", "tool_calls": [SENT_CALL]}
    ]


def test_calls_without_words_have_null_content() -> None:
    assert sent(CALL) == [{"role": "assistant", "content": None, "tool_calls": [SENT_CALL]}]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "{}"),
        (" \n", "{}"),
        ('{"path": "a"}', '{"path": "a"}'),
        ('{"path": "a', '{"malformed":"{\\"path\\": \\"a"}'),
        ("[1]", '{"malformed":"[1]"}'),
    ],
)
def test_arguments_that_are_no_object_do_not_spoil_the_history(arguments: str, told: str) -> None:
    assert sent(ToolCall("c", "read", arguments)) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c", "function": {"name": "read", "arguments": told}, "type": "function"}
            ],
        }
    ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_beside_calls_where_the_endpoint_wants_it(field: str) -> None:
    quirks = msgspec.convert({"echo_reasoning": True, "reasoning_field": field}, Quirks)
    own, foreign = Thinking("hm", wire="openai-chat"), Thinking("no", "sig", "anthropic")
    assert sent(own, foreign, CALL, quirks=quirks) == [
        {"role": "assistant", "content": None, field: "hm", "tool_calls": [SENT_CALL]}
    ]


def test_where_reasoning_goes_back_no_call_is_without_the_field() -> None:
    quirks = Quirks(echo_reasoning=True, reasoning_field="reasoning_content")
    assert sent(CALL, quirks=quirks) == [
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "",
            "tool_calls": [SENT_CALL],
        }
    ]


@pytest.mark.parametrize("echo", [False, True])
def test_reasoning_before_a_mere_answer_stays_here(echo: bool) -> None:
    quirks = Quirks(echo_reasoning=echo, reasoning_field="reasoning_content")
    assert sent(Thinking("hm", wire="openai-chat"), Text("Done."), quirks=quirks) == [
        {"role": "assistant", "content": "Done."}
    ]


def test_reasoning_stays_here_where_the_endpoint_does_not_want_it() -> None:
    quirks = Quirks(reasoning_field="reasoning_content")
    assert sent(Thinking("hm", wire="openai-chat"), CALL, quirks=quirks) == [
        {"role": "assistant", "content": None, "tool_calls": [SENT_CALL]}
    ]


def test_an_answer_of_which_nothing_can_be_said_here_is_left_out() -> None:
    assert sent(Thinking("hm", "sig", "anthropic")) == []


def test_a_signature_goes_back_beside_the_call_it_belongs_to() -> None:
    extra: dict[str, object] = {"google": {"thought_signature": "S"}}
    mark = Opaque("openai-chat", {"tool_call_id": "call_1", "extra_content": extra})
    foreign = Opaque("anthropic", {"tool_call_id": "call_1", "extra_content": {}})
    assert sent(mark, foreign, CALL) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{**SENT_CALL, "extra_content": extra}],
        }
    ]


def test_each_result_is_a_message() -> None:
    assert sent(
        ToolResult("call_1", (Text("one"), Text("two"))),
        ToolResult("call_2", (), failed=True),
        role="tool",
    ) == [
        {"role": "tool", "tool_call_id": "call_1", "content": "one\n\ntwo"},
        {"role": "tool", "tool_call_id": "call_2", "content": ""},
    ]


def test_pictures_of_results_follow_in_a_message_of_the_user() -> None:
    url = {"url": "data:image/png;base64,aGk="}
    assert sent(
        ToolResult("call_1", (Text("a.png"), PICTURE)),
        ToolResult("call_2", (PICTURE,)),
        role="tool",
    ) == [
        {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": "a.png\n\n[image 1: in the message after the tool results]",
        },
        {
            "role": "tool",
            "tool_call_id": "call_2",
            "content": "[image 2: in the message after the tool results]",
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[image 1 of the tool results]"},
                {"type": "image_url", "image_url": url},
                {"type": "text", "text": "[image 2 of the tool results]"},
                {"type": "image_url", "image_url": url},
            ],
        },
    ]


def test_a_picture_of_the_user_makes_the_content_a_list() -> None:
    assert sent(Text("What is this?"), PICTURE, role="user") == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ],
        }
    ]


@pytest.mark.parametrize("blind", ["model", "endpoint"])
def test_pictures_that_cannot_be_shown_are_named(blind: str) -> None:
    quirks = Quirks(images=blind != "endpoint")
    profile = replace(PROFILE, images=blind != "model")
    note = "[an image: this model cannot be shown images]"
    assert sent(PICTURE, role="user", quirks=quirks, profile=profile) == [
        {"role": "user", "content": note}
    ]
    result = ToolResult("c", (PICTURE,))
    assert sent(result, role="tool", quirks=quirks, profile=profile) == [
        {"role": "tool", "tool_call_id": "c", "content": note}
    ]

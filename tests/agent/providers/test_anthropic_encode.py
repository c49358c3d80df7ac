"""Requests of the Anthropic wire: what the API allows, and bytes that its cache knows again."""

import json
import time
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks

MARK = b',"cache_control":{"type":"ephemeral"}'
READ = ToolSpec("read", "Reads.", {"type": "object", "properties": {"file_path": {}}})
GREP = ToolSpec("grep", "Finds.", {"type": "object", "properties": {}})


Control = Literal["none", "adaptive", "budget", "effort"]


def wire(
    thinking: Control = "adaptive", *, images: bool = True, quirk: bool = True
) -> AnthropicWire:
    profile = ModelProfile(provider="anthropic", name="claude", thinking=thinking, images=images)
    quirks = Quirks(images=quirk)
    return AnthropicWire(ProviderTable(name="a", wire="anthropic", quirks=quirks), profile)


def request(*messages: Message, **changed: Any) -> Request:
    fields: dict[str, Any] = {
        "system": "Be good.",
        "messages": messages,
        "tools": (READ, GREP),
        "max_output_tokens": 32_000,
        "effort": "",
        "session": "s",
    }
    return Request(**(fields | changed))


def user(*parts: Part | str) -> Message:
    return Message("user", tuple(Text(p) if isinstance(p, str) else p for p in parts))


def said(*parts: Part | str) -> Message:
    return Message("assistant", tuple(Text(p) if isinstance(p, str) else p for p in parts))


def results(*ids: str) -> Message:
    return Message("tool", tuple(ToolResult(id, (Text(f"of {id}"),)) for id in ids))


def body(*messages: Message, **changed: Any) -> dict[str, Any]:
    return json.loads(wire().encode(request(*messages, **changed)))


def sent(*messages: Message) -> list[Any]:
    """The messages as the API receives them, markers aside."""
    return json.loads(wire().encode(request(*messages)).replace(MARK, b""))["messages"]


def test_a_request_is_laid_out_for_the_cache() -> None:
    assert wire().encode(request(user("Hi"))) == (
        b'{"model":"claude","max_tokens":32000,"stream":true,'
        b'"thinking":{"type":"adaptive","display":"summarized"},'
        b'"tools":[{"name":"read","description":"Reads.","input_schema":{"type":"object",'
        b'"properties":{"file_path":{}}}},{"name":"grep","description":"Finds.","input_schema":'
        b'{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}],'
        b'"system":[{"type":"text","text":"Be good.","cache_control":{"type":"ephemeral"}}],'
        b'"messages":[{"role":"user","content":[{"type":"text","text":"Hi",'
        b'"cache_control":{"type":"ephemeral"}}]}]}'
    )


def test_without_tools_and_system_there_are_no_such_fields() -> None:
    assert set(body(user("Hi"), tools=(), system="")) == {
        "model",
        "max_tokens",
        "stream",
        "thinking",
        "messages",
    }


@pytest.mark.parametrize(
    ("thinking", "effort", "expected"),
    [
        ("none", "high", (None, None)),
        ("adaptive", "", ({"type": "adaptive", "display": "summarized"}, None)),
        ("adaptive", "none", ({"type": "disabled"}, None)),
        (
            "adaptive",
            "minimal",
            ({"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
        ),
        ("adaptive", "max", ({"type": "adaptive", "display": "summarized"}, {"effort": "max"})),
        ("budget", "", (None, None)),
        ("budget", "none", (None, None)),
        ("budget", "low", ({"type": "enabled", "budget_tokens": 4096}, None)),
        ("budget", "xhigh", ({"type": "enabled", "budget_tokens": 30_976}, None)),
        ("budget", "max", ({"type": "enabled", "budget_tokens": 30_976}, None)),
        ("effort", "high", (None, {"effort": "high"})),
    ],
)
def test_effort_is_asked_for_as_the_model_knows_it(
    thinking: Control, effort: str, expected: tuple[object, object]
) -> None:
    asked = json.loads(wire(thinking).encode(request(user("Hi"), effort=effort)))
    assert (asked.get("thinking"), asked.get("output_config")) == expected


def test_there_is_no_thinking_budget_where_an_answer_has_no_room_besides() -> None:
    asked = json.loads(
        wire("budget").encode(request(user("Hi"), effort="high", max_output_tokens=2000))
    )
    assert "thinking" not in asked


def test_consecutive_messages_of_one_side_are_one() -> None:
    history = (
        user("Do"),
        said(ToolCall("a", "read", "{}"), ToolCall("b", "read", "{}")),
        results("a", "b"),
        user("And this"),
        user("and that"),
        said("Well"),
        said("yes"),
    )
    messages = sent(*history)
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant"]
    assert [block["type"] for block in messages[2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
        "text",
    ]


def test_thinking_goes_back_only_where_it_came_from_and_unchanged() -> None:
    messages = sent(
        user("Do"),
        said(
            Thinking("mine", "c2ln", "anthropic"),
            Thinking("", "ZGF0", "anthropic", redacted=True),
            Thinking("unsigned", "", "anthropic"),
            Thinking("theirs", "eHh4", "openai-responses"),
            "Done",
        ),
    )
    assert messages[1]["content"] == [
        {"type": "thinking", "thinking": "mine", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0"},
        {"type": "text", "text": "Done"},
    ]


def test_unknown_blocks_go_back_only_where_they_came_from() -> None:
    block = {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {"q": 1}}
    messages = sent(
        user("Do"), said(Opaque("anthropic", block), Opaque("openai-chat", {"x": 1}), "Done")
    )
    assert messages[1]["content"] == [block, {"type": "text", "text": "Done"}]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"b": 1,  "a": [1.50, "\\u00fc"]}', b'"input":{"b": 1,  "a": [1.50, "\\u00fc"]}}'),
        ('{"cut": "o', b'"input":{}}'),
        ("[1]", b'"input":{}}'),
        ("", b'"input":{}}'),
    ],
)
def test_arguments_go_back_as_the_model_wrote_them(arguments: str, expected: bytes) -> None:
    encoded = wire().encode(
        request(user("Do"), said(ToolCall("a", "read", arguments)), results("a"))
    )
    assert expected in encoded


def test_ids_and_names_of_other_wires_are_put_into_allowed_characters() -> None:
    messages = sent(
        user("Do"), said(ToolCall("functions.bash:0", "functions.bash", "{}")),
        results("functions.bash:0"),
    )  # fmt: skip
    call, result = messages[1]["content"][0], messages[2]["content"][0]
    assert (call["id"], call["name"]) == ("functions_bash_0", "functions_bash")
    assert result["tool_use_id"] == call["id"]


def test_results_carry_text_images_and_failure() -> None:
    image = Image("image/png", "aGk=")
    message = Message(
        "tool", (ToolResult("a", (Text("x"), image)), ToolResult("b", (Text("no"),), failed=True))
    )
    call = said(ToolCall("a", "read", "{}"), ToolCall("b", "read", "{}"))
    assert sent(user("Do"), call, message)[2]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [
                {"type": "text", "text": "x"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                },
            ],
        },
        {
            "type": "tool_result",
            "tool_use_id": "b",
            "is_error": True,
            "content": [{"type": "text", "text": "no"}],
        },
    ]


@pytest.mark.parametrize("blind", [{"images": False}, {"quirk": False}])
def test_a_blind_model_is_told_of_images(blind: dict[str, bool]) -> None:
    encoded = wire(**blind).encode(request(user("See", Image("image/png", "aGk="))))
    assert b"aGk=" not in encoded
    assert b"cannot be shown images" in encoded


def test_blank_text_is_left_out_everywhere() -> None:
    blank_result = Message("tool", (ToolResult("a", (Text(""),)),))
    messages = sent(
        user("Do", " \n"), said("", ToolCall("a", "read", "{}")), blank_result, user(""), said("ok")
    )
    assert messages[0]["content"] == [{"type": "text", "text": "Do"}]
    assert [block["type"] for block in messages[1]["content"]] == ["tool_use"]
    assert messages[2]["content"] == [{"type": "tool_result", "tool_use_id": "a"}]
    assert len(messages) == 4


def marked(messages: list[Any]) -> list[tuple[int, int]]:
    return [
        (at, number)
        for at, message in enumerate(messages)
        for number, block in enumerate(message["content"])
        if "cache_control" in block
    ]


def test_the_tail_is_marked_and_so_is_the_tail_of_the_request_before() -> None:
    history = (
        user("Do", "it"),
        said(ToolCall("a", "read", "{}"), ToolCall("b", "read", "{}")),
        results("a", "b"),
        said(ToolCall("c", "read", "{}")),
        results("c"),
    )
    assert marked(body(*history[:1])["messages"]) == [(0, 1)]
    assert marked(body(*history[:3])["messages"]) == [(0, 1), (2, 1)]
    assert marked(body(*history)["messages"]) == [(2, 1), (4, 0)]


def test_thinking_is_never_marked() -> None:
    paused = said("Well", Thinking("hm", "c2ln", "anthropic"))
    assert marked(body(user("Do"), paused)["messages"]) == [(0, 0), (1, 0)]


_TEXT = st.text(max_size=8)
_PARTS = st.lists(
    st.one_of(
        st.builds(Text, _TEXT),
        st.builds(Thinking, _TEXT, st.sampled_from(["", "c2ln"]), st.just("anthropic")),
        st.builds(ToolCall, st.just("a"), st.just("read"), st.sampled_from(["{}", '{"a'])),
    ),
    max_size=4,
).map(tuple)
_MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant", "tool"]), _PARTS), max_size=12
)


@given(_MESSAGES, st.data())
def test_a_longer_history_extends_the_bytes_of_a_shorter_one(
    messages: list[Message], data: st.DataObject
) -> None:
    shorter = data.draw(st.integers(0, len(messages)))
    one = wire()
    before = one.encode(request(*messages[:shorter])).replace(MARK, b"")
    after = one.encode(request(*messages)).replace(MARK, b"")
    # A message that is continued is closed later: by "]}" at most, besides the closing of all.
    assert after.startswith(before.removesuffix(b"]}").removesuffix(b"]}"))
    assert after == wire().encode(request(*messages)).replace(MARK, b"")


@given(_MESSAGES)
def test_never_more_than_four_markers(messages: list[Message]) -> None:
    assert wire().encode(request(*messages)).count(MARK) <= 4


def test_a_conversation_of_its_own_is_told_from_the_one_before() -> None:
    one = wire()
    one.encode(request(user("A"), said("a"), user("B")))
    other = (user("X"), said("x"))
    assert one.encode(request(*other)) == wire().encode(request(*other))


def test_a_long_history_is_encoded_once() -> None:
    one = wire()
    big = "x" * 20_000
    history: list[Message] = [user(big)]
    for turn in range(200):
        history += [said(big, ToolCall(f"c{turn}", "read", "{}")), results(f"c{turn}")]
    start = time.process_time()
    one.encode(request(*history))
    first = time.process_time() - start
    start = time.process_time()
    for _ in range(5):
        history += [said("ok"), user("more")]
        one.encode(request(*history))
    assert (time.process_time() - start) / 5 < first

"""A model's side from a file: what it plays, and how clearly it fails when it diverges."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kedge.agent.deltas import Draft, Finished, Metered, PartDone, TextDelta, ThinkingDelta
from kedge.agent.errors import ScriptDiverged
from kedge.agent.messages import Message, Text, Thinking, ToolCall, ToolResult, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.scripted import Answer, Expected, Header, Script, ScriptedProvider
from kedge.config.errors import ConfigError

HEADER = {"scripted": 1, "model": "anthropic/claude", "note": "made by hand"}
CALL = {"type": "tool_call", "id": "1", "name": "read", "arguments": "{}"}
FIRST = {
    "expect": [{"role": "user", "contains": ["failing test"], "lacks": ["secret"]}],
    "parts": [{"type": "thinking", "text": "Hm."}, {"type": "text", "text": "I look."}, CALL],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 900, "output_tokens": 40},
}
SECOND = {
    "expect": [{"role": "tool", "contains": ["assert"]}],
    "parts": [{"type": "text", "text": "Found it."}],
}

ASKED = Message("user", (Text("Fix the failing test."),))
SAID = Message("assistant", (Thinking("Hm."), Text("I look."), ToolCall("1", "read", "{}")))
READ = Message("tool", (ToolResult("1", (Text("assert 1 == 2"),)),))


@pytest.fixture
def script(tmp_path):
    def write(*lines) -> Script:
        file = tmp_path / "demo.jsonl"
        file.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
        return Script.load(file)

    return write


@pytest.fixture
def play(script):
    async def played(*messages, lines=(HEADER, FIRST, SECOND)):
        provider = ScriptedProvider(script(*lines))
        request = Request("", messages, (), 100, "", "s")
        return [delta async for delta in provider.stream(request)]

    return played


async def test_the_first_answer_is_streamed_word_by_word(play):
    assert await play(ASKED) == [
        Metered(Usage(900)),
        ThinkingDelta("Hm."),
        PartDone(Thinking("Hm.")),
        TextDelta("I"),
        TextDelta(" look."),
        PartDone(Text("I look.")),
        PartDone(ToolCall("1", "read", "{}")),
        Finished("tool_use", Usage(900, output_tokens=40), "anthropic/claude"),
    ]


async def test_the_next_answer_follows_from_the_conversation(play):
    draft = Draft()
    for delta in await play(ASKED, SAID, READ):
        draft.add(delta)
    assert draft.message() == Message("assistant", (Text("Found it."),))
    assert draft.finished.stop_reason == "end"


async def test_the_same_conversation_gets_the_same_answer_again(script):
    provider = ScriptedProvider(script(HEADER, FIRST, SECOND))
    request = Request("", (ASKED,), (), 100, "", "s")
    assert [d async for d in provider.stream(request)] == [
        d async for d in provider.stream(request)
    ]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (
            [Message("user", (Text("Hi."),))],
            "answer 1 does not fit: expected 'failing test' in: 'Hi.'",
        ),
        (
            [Message("user", (Text("failing test secret"),))],
            "answer 1 does not fit: did not expect 'secret' in: 'failing test secret'",
        ),
        (
            [ASKED, ASKED],
            "answer 1 does not fit: expected messages ['user'], found ['user', 'user']",
        ),
        (
            [ASKED, SAID, Message("user", (Text("wait"),))],
            "answer 2 does not fit: expected messages ['tool'], found ['user']",
        ),
        (
            [ASKED, SAID, Message("tool", (ToolResult("1", (Text("no such file"),), True),))],
            "answer 2 does not fit: expected 'assert' in: 'no such file'",
        ),
        (
            [ASKED, Message("assistant", (Text("I look."),)), READ],
            "answer 1 does not fit: the conversation has another answer here",
        ),
        (
            [ASKED, SAID, READ, Message("assistant", (Text("Found it."),)), ASKED],
            "answer 3 does not fit: the script is over, yet the model is asked again",
        ),
    ],
)  # fmt: skip
async def test_a_conversation_that_is_another_ends_with_where_and_how(
    play, tmp_path, messages, says
):
    with pytest.raises(ScriptDiverged) as caught:
        await play(*messages)
    assert str(caught.value) == f"{tmp_path / 'demo.jsonl'}: {says}"


async def test_a_long_text_is_cut_in_the_message(play):
    with pytest.raises(ScriptDiverged) as caught:
        await play(Message("user", (Text("a" * 1000 + "b" * 1000),)))
    assert len(str(caught.value)) < 700
    assert "aaa … bbb" in str(caught.value)


def test_it_says_that_it_is_a_script_and_of_whom(script):
    assert ScriptedProvider(script(HEADER)).name == "scripted:anthropic/claude"


def test_a_script_is_read_as_it_was_written(script, tmp_path):
    loaded = script(HEADER, FIRST, SECOND)
    assert loaded.header == Header(1, "anthropic/claude", "made by hand")
    assert loaded.answers[1] == Answer((Expected("tool", ("assert",)),), (Text("Found it."),))
    assert loaded.file == tmp_path / "demo.jsonl"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "demo.jsonl: the script is empty"),
        (["", "  "], "demo.jsonl: the script is empty"),
        ([{"scripted": 2, "model": "x"}], "demo.jsonl:1: Invalid enum value 2"),
        ([FIRST], "demo.jsonl:1: "),
        ([HEADER, FIRST, "{"], "demo.jsonl:3: "),
        (["", HEADER, "", FIRST, "", {"expect": []}], "demo.jsonl:6: Object missing"),
        ([HEADER, SECOND | {"expected": []}], "demo.jsonl:2: Object contains unknown field"),
        ([HEADER, {"expect": [], "parts": [{"type": "song"}]}], "demo.jsonl:2: Invalid value"),
    ],
)  # fmt: skip
def test_what_is_no_script_is_named_by_file_and_line(script, lines, says):
    with pytest.raises(ConfigError) as caught:
        script(*lines)
    assert says in str(caught.value)


def test_a_script_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ConfigError, match="nowhere.jsonl: the script cannot be read: No such"):
        Script.load(tmp_path / "nowhere.jsonl")


@given(st.text(st.characters(codec="utf-8")) | st.text("a \n", max_size=6))
@example(" \n")
async def test_the_streamed_words_are_the_text(text):
    script = Script(None, Header(1, "m"), (Answer((), (Text(text),)),))
    request = Request("", (), (), 100, "", "s")
    deltas = [delta async for delta in ScriptedProvider(script).stream(request)]
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == text

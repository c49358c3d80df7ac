"""Both OpenAI wires over real connections, and the openai package on the same script."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import pytest

from kedge.agent.deltas import Draft
from kedge.agent.errors import ProviderError, ProviderErrorKind
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Message, ToolCall, ToolResult
from kedge.agent.messages import Text as Words
from kedge.agent.messages import Usage as Counted
from kedge.agent.ports import Request
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings
from loopback.script import (
    Call,
    Fault,
    FaultKind,
    Quirk,
    Refusal,
    Thinking,
    Turn,
    Usage,
    turn,
)
from loopback.server import LoopbackServer

TABLE = ProviderTable(
    name="openai",
    title="OpenAI",
    quirks=Quirks(max_tokens_field="max_completion_tokens", parallel_tool_calls=True),
)
PROFILE = ModelProfile(provider="openai", name="gpt-6.1-sol", thinking="effort")
HELLO = Message("user", (Words("hello"),))
TOOLS = (ToolSpec("read", "Reads.", {"type": "object", "properties": {}}),)
WIRES = {"responses": OpenAIResponsesWire, "chat": OpenAIChatWire}

pytestmark = pytest.mark.parametrize("name", list(WIRES))


class Loopback(Protocol):
    """The fixture of tests/conftest.py, as far as it is used here."""

    async def __call__(
        self, script: Sequence[Turn], *, seed: int | None = None, crlf: bool = False
    ) -> LoopbackServer: ...


def request(*history: Message) -> Request:
    return Request("Be brief.", (HELLO, *history), TOOLS, 4096, "high", "s-1")


def provider(name: str, server: LoopbackServer) -> HttpProvider:
    key = Key("sk-loopback-key", "OPENAI_API_KEY")
    endpoint = Endpoint("openai/gpt-6.1-sol", TABLE, f"{server.url}/v1", key, HttpSettings())
    return HttpProvider(WIRES[name](TABLE, PROFILE), endpoint)


async def answer(one: HttpProvider, *history: Message) -> Draft:
    draft = Draft()
    async for delta in one.stream(request(*history)):
        draft.add(delta)
    return draft


async def failure(name: str, server: LoopbackServer) -> ProviderError:
    one = provider(name, server)
    with pytest.raises(ProviderError) as caught:
        await answer(one)
    await one.close()
    return caught.value


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("crlf", [False, True])
async def test_a_conversation_with_tools_goes_its_way(
    name: str, loopback: Loopback, seed: int | None, crlf: bool
) -> None:
    script = [
        turn(
            Thinking("I should look. «ü»"),
            "Let me look at both.",
            Call("read", {"path": "ä"}, id="call_a"),
            Call("read", {"path": "b"}, id="call_b"),
            usage=Usage(100, 60, 10, 30, 12),
        ),
        turn("Both are fine."),
    ]
    server = await loopback(script, seed=seed, crlf=crlf)
    one = provider(name, server)
    draft = await answer(one)
    first = draft.message()
    assert first.text == "Let me look at both."
    assert first.calls == (
        ToolCall("call_a", "read", '{"path":"ä"}'),
        ToolCall("call_b", "read", '{"path":"b"}'),
    )
    assert draft.finished is not None
    assert draft.finished.stop_reason == "tool_use"
    assert draft.finished.usage == Counted(100, 60, 10, 30, 12)
    results = tuple(ToolResult(call.id, (Words("fine"),)) for call in first.calls)
    second = await answer(one, first, Message("tool", results))
    assert second.message() == Message("assistant", (Words("Both are fine."),))
    shorter, longer = (sent.body for sent in server.requests)
    assert longer.startswith(shorter.removesuffix(b"]}"))
    await one.close()


@pytest.mark.parametrize(
    "quirk",
    [
        "no_usage",
        "no_event_names",
        "no_done",
        "no_tool_index",
        "unknown_event",
        "no_reasoning_content",
    ],
)
async def test_liberties_of_compatible_endpoints_change_nothing(
    name: str, loopback: Loopback, quirk: Quirk
) -> None:
    parts = (Thinking("hm"), "Look.", Call("read", '{"a":1}', id="a"), Call("read", "{}", id="b"))
    faithful, free = turn(*parts), turn(*parts, quirks=frozenset({quirk}))
    server = await loopback([faithful, free])
    one = provider(name, server)
    expected, given = (await answer(one)).message(), (await answer(one)).message()
    assert given.text == expected.text
    assert given.calls == expected.calls
    assert len(given.parts) == len(expected.parts) == 4
    await one.close()


async def test_a_refusal_is_told_as_one(name: str, loopback: Loopback) -> None:
    server = await loopback([turn(Refusal("I will not."))])
    one = provider(name, server)
    draft = await answer(one)
    assert draft.message().text == "I will not."
    assert draft.finished is not None
    assert draft.finished.stop_reason == "refusal"
    await one.close()


async def test_truncated_arguments_arrive_as_they_are(name: str, loopback: Loopback) -> None:
    fault = Fault("truncated_tool_json")
    server = await loopback([turn(Call("read", '{"path":"abcdef"}', id="a"), fault=fault)])
    one = provider(name, server)
    draft = await answer(one)
    assert draft.message().calls == (ToolCall("a", "read", '{"path":'),)
    assert draft.finished is not None
    assert draft.finished.stop_reason == "max_tokens"
    await one.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", status=400, code="context_length_exceeded"), "context_length"),
        (Fault("status", status=401), "credentials"),
        (Fault("status", status=404), "not_found"),
        (Fault("status", status=429), "rate_limit"),
        (Fault("status", status=429, code="insufficient_quota"), "quota"),
        (Fault("status", status=500), "server"),
        (Fault("status", status=502, body="<html>Bad gateway</html>"), "server"),
        (Fault("status", status=503), "overloaded"),
        (Fault("json_200_error", status=429), "rate_limit"),
        (Fault("error_event"), "server"),
        (Fault("failed_event", code="rate_limit_exceeded"), "rate_limit"),
        (Fault("clean_early_end", after=2), "cut_off"),
        (Fault("clean_early_end", after=-1), "cut_off"),
        (Fault("malformed_sse"), "malformed"),
        (Fault("empty_answer"), "empty"),
        (Fault("empty_200"), "cut_off"),
        (Fault("html_200"), "malformed"),
    ],
)  # fmt: skip
async def test_a_fault_is_of_its_kind(
    name: str, loopback: Loopback, fault: Fault, kind: ProviderErrorKind
) -> None:
    error = await failure(name, await loopback([turn("Hello, this is an answer.", fault=fault)]))
    assert error.kind == kind
    assert "sk-loopback-key" not in str(error)


@pytest.mark.parametrize("at", ["error_event", "failed_event"])
async def test_words_before_a_failure_were_streamed(
    name: str, loopback: Loopback, at: FaultKind
) -> None:
    server = await loopback([turn("Hello, this is an answer.", fault=Fault(at, after=-1))])
    one = provider(name, server)
    draft = Draft()
    with pytest.raises(ProviderError):
        async for delta in one.stream(request()):
            draft.add(delta)
    spoken = draft.spoken()
    assert spoken is not None
    assert spoken.text == "Hello, this is an answer."
    await one.close()


async def test_the_package_sends_and_reads_the_same(name: str, loopback: Loopback) -> None:
    # Takes a second to import.
    from openai import AsyncOpenAI

    script = turn("Look.", Call("read", {"path": "a"}, id="call_a"))
    server = await loopback([script, script])
    one = provider(name, server)
    ours = (await answer(one)).message()
    await one.close()
    body = msgspec.json.decode(server.requests[0].body, type=dict[str, object])
    text, arguments = "", ""
    async with AsyncOpenAI(api_key="sk-loopback-key", base_url=f"{server.url}/v1") as client:
        made = client.responses if name == "responses" else client.chat.completions
        async for event in await made.create(**body):
            said = event.to_dict()
            text += _word(said)
            arguments += _argument(said)
    assert server.requests[1].json == body
    assert (ours.text, ours.calls[0].arguments) == (text, arguments)


def _word(said: dict[str, object]) -> str:
    match said:
        case {"type": "response.output_text.delta", "delta": str(word)}:
            return word
        case {"choices": [{"delta": {"content": str(word)}}]}:
            return word
        case _:
            return ""


def _argument(said: dict[str, object]) -> str:
    match said:
        case {"type": "response.function_call_arguments.delta", "delta": str(piece)}:
            return piece
        case {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": str(piece)}}]}}]}:
            return piece
        case _:
            return ""

"""How long a request is, asked of the provider: what is sent, and that nothing hangs on it."""

from typing import Any

import pytest

from kedge.agent.counting import counted
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Message, Text, ToolCall, ToolResult
from kedge.agent.ports import Request
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.counting import answer
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.retrying import Retrying
from kedge.config.models import profile
from kedge.config.providers import table
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings, RetrySettings
from loopback.script import Fault

Loopback = Any
REQUEST = Request(
    "Be good.",
    (
        Message("user", (Text("Hi"),)),
        Message("assistant", (ToolCall("call_1", "read", '{"path":"a"}'),)),
        Message("tool", (ToolResult("call_1", (Text("content"),)),)),
    ),
    (ToolSpec("read", "Read.", {"type": "object"}),),
    1000,
    "high",
    "s",
)
HASTY = HttpSettings(connect_timeout_seconds=5, idle_timeout_seconds=0.05)
WIRES = {
    "anthropic": AnthropicWire,
    "openai-responses": OpenAIResponsesWire,
    "openai-chat": OpenAIChatWire,
}
PATHS = {
    "anthropic/claude-sonnet-5-5": "/v1/messages/count_tokens",
    "openai/gpt-6.1-sol": "/v1/responses/input_tokens",
}


def provider(url: str, model: str, http: HttpSettings | None = None) -> HttpProvider:
    name, _, short = model.partition("/")
    entry, known = table(name, {}), profile(name, short, {})
    base = url if entry.wire == "anthropic" else f"{url}/v1"
    endpoint = Endpoint(
        model, entry, base, Key("sk-key-of-a-test", "A_KEY"), http or HttpSettings()
    )
    return HttpProvider(WIRES[entry.wire](entry, known), endpoint)


@pytest.mark.parametrize("model", PATHS)
async def test_a_provider_that_counts_is_asked_with_what_counts(
    loopback: Loopback, model: str
) -> None:
    server = await loopback([], counts=1234)
    one = Retrying(provider(server.url, model), RetrySettings())
    assert await counted(one, REQUEST) == 1234
    await one.close()
    (asked,) = server.requests
    assert asked.path == PATHS[model]
    assert {"max_tokens", "max_output_tokens", "stream", "store"}.isdisjoint(asked.json)
    assert b"content" in asked.body and b"Be good." in asked.body


async def test_a_wire_without_such_an_endpoint_is_not_asked(loopback: Loopback) -> None:
    server = await loopback([])
    one = provider(server.url, "deepseek/x")
    assert await counted(one, REQUEST) is None
    assert server.requests == []


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Fault("status", status=404), False),
        (Fault("status", status=429), True),
        (Fault("status", status=503), True),
        (Fault("html_200"), True),
        (Fault("empty_200"), True),
        (Fault("close_before_headers"), True),
        (Fault("stall_before_headers"), True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else str(value),
)
async def test_where_it_cannot_be_had_nothing_is_lost_and_a_refusal_is_remembered(
    loopback: Loopback, fault: Fault, again: bool
) -> None:
    server = await loopback([], counts=fault)
    one = provider(server.url, "anthropic/claude-sonnet-5-5", HASTY)
    assert await counted(one, REQUEST) is None
    assert await counted(one, REQUEST) is None
    await one.close()
    assert len(server.requests) == (2 if again else 1)


async def test_where_nobody_listens_there_is_no_count() -> None:
    one = provider("http://127.0.0.1:9", "anthropic/claude-sonnet-5-5")
    assert await counted(one, REQUEST) is None
    await one.close()


@pytest.mark.parametrize("told", ["0", "-5", "1.5", '"9"', "null"])
def test_what_can_be_no_length_is_none(told: str) -> None:
    assert answer(b'{"input_tokens": %s}' % told.encode()) is None

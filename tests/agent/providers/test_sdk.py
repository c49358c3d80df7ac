"""The vendors' clients as oracle and as carriers: the same bytes' worth, the same deltas, the same
errors as the HTTP transport, and the clouds' own sign-in."""

import asyncio
import json
import subprocess
import sys
from typing import Any, Literal

import pytest

from kedge.agent.deltas import Delta, Finished, PartDone
from kedge.agent.errors import ProviderError
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Image, Message, Text, ToolCall, ToolResult, Usage
from kedge.agent.messages import Thinking as Thought
from kedge.agent.ports import Provider, Request
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sdk import SdkProvider
from kedge.agent.providers.wire import Wire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings
from loopback.script import Call, Fault, Thinking, turn
from loopback.script import Usage as Used

SECRET = "sk-a-very-secret-key"
WireName = Literal["anthropic", "openai-responses", "openai-chat"]
WIRES: tuple[WireName, ...] = ("anthropic", "openai-responses", "openai-chat")
PATIENT = HttpSettings(connect_timeout_seconds=5, idle_timeout_seconds=20)
HASTY = HttpSettings(connect_timeout_seconds=5, idle_timeout_seconds=0.05)
Loopback = Any

READ = ToolSpec(
    "read", "Reads.", {"type": "object", "properties": {"file_path": {"type": "string"}}}
)
HISTORY = (
    Message("user", (Text("Look – 🐍"), Image("image/png", "aGk="))),
    Message(
        "assistant",
        (
            Thought("hm", "c2ln", "anthropic"),
            Text("I look."),
            ToolCall("call_1", "read", '{"file_path":  "ä.py", "limit": 1.50}'),
            ToolCall("call_2", "read", '{"cut'),
        ),
    ),
    Message(
        "tool",
        (
            ToolResult("call_1", (Text("x = 1"),)),
            ToolResult("call_2", (Text("not JSON"),), failed=True),
        ),
    ),
)
REQUEST = Request("Be good.", HISTORY, (READ,), 4000, "high", "session-1")
WHOLE = turn(
    Thinking("Überlegen", "c2ln"),
    "Ich lese – gleich 📁.",
    Call("read", '{"file_path": "ä.txt"}', "call_3"),
    usage=Used(1000, 700, 200, 300, 50),
    delta=5,
)


def wire_of(table: ProviderTable) -> Wire:
    thinking: Literal["adaptive", "effort"] = "adaptive" if table.wire == "anthropic" else "effort"
    profile = ModelProfile(provider=table.name, name="model-1", thinking=thinking, images=True)
    match table.wire:
        case "anthropic":
            return AnthropicWire(table, profile)
        case "openai-responses":
            return OpenAIResponsesWire(table, profile)
        case "openai-chat":
            return OpenAIChatWire(table, profile)


def endpoint(
    wire: WireName,
    url: str,
    *,
    key: str | None = SECRET,
    http: HttpSettings = PATIENT,
    **table: Any,
) -> Endpoint:
    fields: dict[str, Any] = {"key_env": ("A_KEY",), "title": "The cloud"}
    if wire == "anthropic":
        fields["headers"] = {"anthropic-version": "2026-10-21"}
    settings = ProviderTable(name="cloud", wire=wire, transport="sdk", **(fields | table))
    return Endpoint("cloud/m", settings, url, None if key is None else Key(key, "A_KEY"), http)


def plain(wire: WireName, url: str) -> str:
    """The base URL as the provider's own would be."""
    return url if wire == "anthropic" else f"{url}/v1"


async def answered(provider: Provider, request: Request = REQUEST) -> list[Delta]:
    try:
        return [delta async for delta in provider.stream(request)]
    finally:
        await provider.close()


async def failure(provider: Provider) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await answered(provider)
    assert SECRET not in str(raised.value)
    return raised.value


def whole(deltas: list[Delta]) -> list[object]:
    """Parts and end: how words are spread over deltas is a matter of arrival."""
    return [delta for delta in deltas if isinstance(delta, PartDone | Finished)]


@pytest.mark.parametrize("wire", WIRES)
async def test_both_transports_send_the_same_and_hear_the_same(
    loopback: Loopback, wire: WireName
) -> None:
    heard: list[list[object]] = []
    sent: list[Any] = []
    for transport in (HttpProvider, SdkProvider):
        server = await loopback([WHOLE])
        at = endpoint(wire, plain(wire, server.url))
        heard.append(whole(await answered(transport(wire_of(at.table), at))))
        (request,) = server.requests
        sent.append((request.path, request.headers["authorization"], request.json))
    assert sent[0] == sent[1]
    assert heard[0] == heard[1]
    assert isinstance(heard[1][-1], Finished)
    assert heard[1][-1].usage == Usage(1000, 700, 200, 300, 50)


async def test_our_body_is_one_that_the_sdk_knows() -> None:
    from anthropic.types.message_create_params import MessageCreateParamsStreaming
    from pydantic import ConfigDict, TypeAdapter, with_config

    at = endpoint("anthropic", "http://127.0.0.1:9")
    body = json.loads(wire_of(at.table).encode(REQUEST))
    strict = with_config(ConfigDict(extra="forbid"))(MessageCreateParamsStreaming)
    TypeAdapter(strict).validate_python(body)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401),
        Fault("status", status=404),
        Fault("status", status=429, headers={"retry-after": "3"}),
        Fault("status", status=529, headers={"x-should-retry": "false"}),
        Fault("status", status=400, code="context_length_exceeded"),
        Fault("html_200"),
        Fault("empty_200"),
        Fault("close_before_headers"),
        Fault("reset_mid_stream"),
        Fault("clean_early_end"),
        Fault("error_event"),
        Fault("malformed_sse"),
        Fault("empty_answer", times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
async def test_both_transports_fail_alike(loopback: Loopback, wire: WireName, fault: Fault) -> None:
    server = await loopback([turn("hello, good day", fault=fault)], lenient=True)
    at = endpoint(wire, plain(wire, server.url))
    ours = await failure(HttpProvider(wire_of(at.table), at))
    theirs = await failure(SdkProvider(wire_of(at.table), at))
    assert (ours.kind, ours.status, ours.retryable, ours.retry_after) == (
        theirs.kind,
        theirs.status,
        theirs.retryable,
        theirs.retry_after,
    )
    assert len(server.requests) == 2


@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
async def test_silence_and_refusal_have_the_same_kinds(
    loopback: Loopback, refusing_url: str, wire: WireName
) -> None:
    for kind in ("stall", "stall_before_headers"):
        server = await loopback([turn("hello", fault=Fault(kind))])
        at = endpoint(wire, plain(wire, server.url), http=HASTY)
        assert (await failure(SdkProvider(wire_of(at.table), at))).kind == "timeout"
    at = endpoint(wire, plain(wire, refusing_url))
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, "refused" in str(error)) == ("connection", True)


async def test_a_closed_stream_closes_its_connection(loopback: Loopback) -> None:
    server = await loopback([turn("hello, good day", fault=Fault("stall", after=4))])
    at = endpoint("anthropic", server.url)
    provider = SdkProvider(wire_of(at.table), at)
    stream = provider.stream(REQUEST)
    await anext(stream)
    await stream.aclose()
    await server.wait_for(lambda: [end.outcome for end in server.ends] == ["client_left"])
    await provider.close()


def test_a_missing_key_is_told_like_over_http() -> None:
    at = endpoint("anthropic", "http://127.0.0.1:9", key=None)
    error = asyncio.run(failure(SdkProvider(wire_of(at.table), at)))
    assert (error.kind, "A_KEY" in str(error)) == ("credentials", True)


def test_no_vendor_is_imported_before_the_first_request() -> None:
    code = (
        "import sys, kedge.agent.providers.sdk, kedge.agent.providers.anthropic\n"
        "heavy = {'anthropic', 'openai', 'pydantic', 'botocore', 'google'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

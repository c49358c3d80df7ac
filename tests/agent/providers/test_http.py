"""The HTTP transport against real servers: what arrives, how it ends, and what went wrong."""

import asyncio
from email.utils import formatdate
from typing import Any, Literal

import pytest

from kedge.agent.deltas import (
    CallDelta,
    Delta,
    Finished,
    PartDone,
    TextDelta,
    ThinkingDelta,
)
from kedge.agent.errors import ProviderError
from kedge.agent.messages import Message, Text, ToolCall, Usage
from kedge.agent.messages import Thinking as Thought
from kedge.agent.ports import Request
from kedge.agent.providers import faults
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings
from loopback.script import Call, Fault, Quirk, Thinking, turn
from loopback.script import Usage as Used
from loopback.server import CERTIFICATE

SECRET = "sk-ant-very-secret-key"
PATIENT = HttpSettings(connect_timeout_seconds=5, idle_timeout_seconds=20)
HASTY = HttpSettings(connect_timeout_seconds=5, idle_timeout_seconds=0.05)
REQUEST = Request("Be good.", (Message("user", (Text("Hi"),)),), (), 1000, "", "s")
WHOLE = turn(
    Thinking("Überlegen… 🧠", "c2ln"),
    "Ich lese – gleich 📁.",
    Call("read", '{"file_path": "ä.txt"}', "call_1"),
    usage=Used(1000, 700, 200, 300, 50),
    delta=5,
)
WHOLE_PARTS = [
    Thought("Überlegen… 🧠", "c2ln", "anthropic"),
    Text("Ich lese – gleich 📁."),
    ToolCall("call_1", "read", '{"file_path": "ä.txt"}'),
]
Loopback = Any


def provider(
    url: str,
    *,
    key: str | None = SECRET,
    http: HttpSettings = PATIENT,
    **table: Any,
) -> HttpProvider:
    fields = {"auth": "bearer", "key_env": ("A_KEY",), "headers": {"anthropic-version": "1"}}
    settings = ProviderTable(
        name="anthropic", title="Anthropic", wire="anthropic", **(fields | table)
    )
    wire = AnthropicWire(settings, ModelProfile(provider="anthropic", name="claude"))
    found = None if key is None else Key(key, "A_KEY")
    return HttpProvider(wire, Endpoint("anthropic/claude", settings, url, found, http))


async def answered(one: HttpProvider) -> list[Delta]:
    try:
        return [delta async for delta in one.stream(REQUEST)]
    finally:
        await one.close()


async def failure(one: HttpProvider) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await answered(one)
    assert SECRET not in str(raised.value)
    return raised.value


def parts(deltas: list[Delta]) -> list[object]:
    return [delta.part for delta in deltas if isinstance(delta, PartDone)]


@pytest.mark.parametrize("seed", range(6))
async def test_an_answer_is_the_same_however_its_bytes_are_cut(
    loopback: Loopback, seed: int
) -> None:
    server = await loopback([WHOLE], seed=seed, crlf=seed % 2 == 1)
    deltas = await answered(provider(server.url))
    assert parts(deltas) == WHOLE_PARTS
    assert "".join(d.text for d in deltas if isinstance(d, TextDelta)) == WHOLE_PARTS[1].text
    assert "".join(d.text for d in deltas if isinstance(d, ThinkingDelta)) == "Überlegen… 🧠"
    assert any(isinstance(delta, CallDelta) for delta in deltas)
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert (finished.stop_reason, finished.usage) == ("tool_use", Usage(1000, 700, 200, 300, 50))
    assert sum(isinstance(delta, Finished) for delta in deltas) == 1


@pytest.mark.parametrize("quirk", ["no_event_names", "unknown_event"])
async def test_an_answer_is_understood_in_spite_of_quirks(loopback: Loopback, quirk: Quirk) -> None:
    server = await loopback([turn("hello", quirks=frozenset({quirk}))])
    assert parts(await answered(provider(server.url))) == [Text("hello")]


@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        (Fault("status", status=400), "invalid", False),
        (Fault("status", status=400, code="context_length_exceeded"), "context_length", False),
        (Fault("status", status=401), "credentials", False),
        (Fault("status", status=403), "credentials", False),
        (Fault("status", status=404), "not_found", False),
        (Fault("status", status=413), "context_length", False),
        (Fault("status", status=429), "rate_limit", True),
        (Fault("status", status=500), "server", True),
        (Fault("status", status=502, body="<html>Bad gateway</html>"), "server", True),
        (Fault("status", status=529), "overloaded", True),
        (Fault("html_200"), "malformed", True),
        (Fault("empty_200"), "cut_off", True),
        (Fault("json_200_error", status=529), "overloaded", True),
        (Fault("close_before_headers"), "connection", True),
        (Fault("reset_mid_stream"), "cut_off", True),
        (Fault("cut_chunked"), "cut_off", True),
        (Fault("clean_early_end"), "cut_off", True),
        (Fault("clean_early_end", after=-1), "cut_off", True),
        (Fault("error_event"), "overloaded", True),
        (Fault("error_event", code="api_error"), "server", True),
        (Fault("malformed_sse"), "malformed", True),
        (Fault("empty_answer"), "empty", True),
    ],
)
async def test_every_fault_has_its_error(
    loopback: Loopback, fault: Fault, kind: str, retryable: bool
) -> None:
    server = await loopback([turn("hello, good day", fault=fault)])
    error = await failure(provider(server.url))
    assert (error.kind, error.retryable) == (kind, retryable)
    assert "Anthropic" in str(error) or server.url in str(error)


@pytest.mark.parametrize("kind", ["stall", "stall_before_headers"])
async def test_silence_is_a_timeout(
    loopback: Loopback, kind: Literal["stall", "stall_before_headers"]
) -> None:
    server = await loopback([turn("hello", fault=Fault(kind))])
    error = await failure(provider(server.url, http=HASTY))
    assert (error.kind, error.retryable) == ("timeout", True)
    assert "0.05 s" in str(error)


async def test_a_call_cut_by_the_limit_arrives_as_far_as_it_was_written(loopback: Loopback) -> None:
    call = Call("write", '{"file_path": "a.txt"}', "call_1")
    server = await loopback([turn(call, fault=Fault("truncated_tool_json"))])
    deltas = await answered(provider(server.url))
    assert parts(deltas) == [ToolCall("call_1", "write", '{"file_path')]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].stop_reason == "max_tokens"


async def test_nobody_listening_is_a_connection_error(refusing_url: str) -> None:
    error = await failure(provider(refusing_url))
    assert (error.kind, error.retryable) == ("connection", True)
    assert refusing_url in str(error)
    assert "refused" in str(error)


async def test_an_untrusted_certificate_is_a_tls_error(loopback: Loopback) -> None:
    server = await loopback([turn("hello")], tls=True, allow_unused=True)
    error = await failure(provider(server.url))
    assert (error.kind, error.retryable) == ("tls", False)
    assert "SSL_CERT_FILE" in str(error)


async def test_the_authority_in_ssl_cert_file_is_trusted(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    server = await loopback([turn("hello")], tls=True)
    one = provider(server.url)
    one.warm()
    one.warm()
    assert parts(await answered(one)) == [Text("hello")]


async def test_an_unreadable_ssl_cert_file_is_named(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    error = await failure(provider("https://127.0.0.1:9"))
    assert error.kind == "tls"
    assert "SSL_CERT_FILE" in str(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "ftp://127.0.0.1"])
async def test_what_is_no_address_is_a_matter_of_configuration(url: str) -> None:
    error = await failure(provider(url))
    assert (error.kind, error.retryable) == ("not_found", False)
    assert "base_url" in str(error)


@pytest.mark.parametrize(
    ("headers", "wait", "retryable"),
    [
        ({"Retry-After": "7"}, 7.0, True),
        ({"retry-after-ms": "1500", "Retry-After": "7"}, 1.5, True),
        ({"x-should-retry": "false"}, None, False),
        ({"x-should-retry": "true"}, None, True),
    ],
)
async def test_the_answer_says_when_to_try_again(
    loopback: Loopback, headers: dict[str, str], wait: float | None, retryable: bool
) -> None:
    server = await loopback([turn("x", fault=Fault("status", status=529, headers=headers))])
    error = await failure(provider(server.url))
    assert (error.retry_after, error.retryable) == (wait, retryable)
    assert error.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": formatdate(1_000_060, usegmt=True)}, 60.0),
        ({"retry-after": formatdate(999_000, usegmt=True)}, 0.0),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(given: dict[str, str], seconds: float | None) -> None:
    assert faults.retry_after(given, now=1_000_000) == seconds


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ("bearer", {"authorization": f"Bearer {SECRET}"}),
        ("x-api-key", {"x-api-key": SECRET}),
        ("both", {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET}),
        ("api-key", {"api-key": SECRET}),
        ("none", {}),
    ],
)
async def test_the_key_goes_where_the_provider_wants_it(
    loopback: Loopback, auth: str, names: dict[str, str]
) -> None:
    server = await loopback([turn("hello")], auth=False)
    await answered(provider(server.url, auth=auth, headers={"anthropic-version": "1", "x-a": "b"}))
    headers = server.requests[0].headers
    sent = {
        name: headers[name] for name in ("authorization", "x-api-key", "api-key") if name in headers
    }
    assert sent == names
    assert headers["x-a"] == "b"


async def test_a_missing_key_is_told_before_anything_is_sent(loopback: Loopback) -> None:
    server = await loopback([turn("hello")], allow_unused=True)
    error = await failure(provider(server.url, key=None))
    assert (error.kind, error.exit_code) == ("credentials", 4)
    assert "A_KEY" in str(error)
    assert server.requests == []


async def test_a_server_of_ones_own_needs_no_key(loopback: Loopback) -> None:
    server = await loopback([turn("hello")], auth=False)
    assert parts(await answered(provider(server.url, key=None, key_env=()))) == [Text("hello")]


@pytest.mark.parametrize("key", ["sk-ant-geheim\nx", "sk-ant-schlüssel"])
async def test_a_key_that_no_header_can_carry_is_not_quoted(loopback: Loopback, key: str) -> None:
    server = await loopback([turn("hello")], allow_unused=True)
    error = await failure(provider(server.url, key=key))
    assert error.kind == "credentials"
    assert "sk-ant" not in str(error)
    assert "A_KEY" in str(error)


async def test_a_refused_key_is_named_by_its_variable_and_never_shown(loopback: Loopback) -> None:
    fault = Fault("status", status=401, message=f"no such key: {SECRET}")
    server = await loopback([turn("hello", fault=fault)])
    error = await failure(provider(server.url))
    assert "no such key: [key]" in str(error)
    assert "A_KEY" in str(error)


async def test_a_closed_stream_closes_its_connection(loopback: Loopback) -> None:
    server = await loopback([turn("hello, good day", fault=Fault("stall", after=4))])
    one = provider(server.url)
    stream = one.stream(REQUEST)
    while not isinstance(await anext(stream), TextDelta):
        pass
    await stream.aclose()
    await server.wait_for(lambda: [end.outcome for end in server.ends] == ["client_left"])
    await one.close()


@pytest.mark.parametrize("kind", ["stall", "stall_before_headers"])
async def test_a_cancelled_stream_closes_its_connection(
    loopback: Loopback, kind: Literal["stall", "stall_before_headers"]
) -> None:
    server = await loopback([turn("hello", fault=Fault(kind))])
    one = provider(server.url)
    task = asyncio.create_task(answered(one))
    await server.wait_for(lambda: server.stalled == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.wait_for(lambda: [end.outcome for end in server.ends] == ["client_left"])


async def test_the_query_of_a_base_url_stays_at_the_end(loopback: Loopback) -> None:
    server = await loopback([turn("hello")])
    await answered(provider(f"{server.url}/anthropic?tenant=1"))
    assert (server.requests[0].path, server.requests[0].query) == (
        "/anthropic/v1/messages",
        "tenant=1",
    )


async def test_a_proxy_that_cannot_be_used_is_told(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    error = await failure(provider("http://127.0.0.1:9"))
    assert (error.kind, error.retryable) == ("connection", False)
    assert "gopher" in str(error)

"""The clouds through their vendors' clients: addresses, sign-in, framing, and what is missing."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from struct import pack
from typing import Any, Literal
from zlib import crc32

import pytest

from kedge.agent.deltas import Delta, Finished, PartDone
from kedge.agent.errors import ProviderError
from kedge.agent.messages import Message, Text, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sdk import SdkProvider
from kedge.agent.providers.wire import Wire
from kedge.config.errors import ConfigError
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings
from loopback.script import turn

SECRET = "sk-a-very-secret-key"
WireName = Literal["anthropic", "openai-responses", "openai-chat"]
Loopback = Any
REQUEST = Request("Be good.", (Message("user", (Text("Hi"),)),), (), 4000, "", "session-1")


def wire_of(table: ProviderTable) -> Wire:
    profile = ModelProfile(provider=table.name, name="model-1")
    match table.wire:
        case "anthropic":
            return AnthropicWire(table, profile)
        case "openai-responses":
            return OpenAIResponsesWire(table, profile)
        case "openai-chat":
            return OpenAIChatWire(table, profile)


def endpoint(wire: WireName, url: str, *, key: str | None = SECRET, **table: Any) -> Endpoint:
    fields: dict[str, Any] = {"key_env": ("A_KEY",), "title": "The cloud"}
    settings = ProviderTable(name="cloud", wire=wire, transport="sdk", **(fields | table))
    found = None if key is None else Key(key, "A_KEY")
    return Endpoint("cloud/m", settings, url, found, HttpSettings(connect_timeout_seconds=5))


async def answered(provider: SdkProvider) -> list[Delta]:
    try:
        return [delta async for delta in provider.stream(REQUEST)]
    finally:
        await provider.close()


async def failure(provider: SdkProvider) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await answered(provider)
    assert SECRET not in str(raised.value)
    return raised.value


def whole(deltas: list[Delta]) -> list[object]:
    """Parts and end: how words are spread over deltas is a matter of arrival."""
    return [delta for delta in deltas if isinstance(delta, PartDone | Finished)]


@pytest.mark.parametrize("wire", ["openai-responses", "openai-chat"])
async def test_azure_is_reached_by_its_client(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, wire: WireName
) -> None:
    monkeypatch.setenv("OPENAI_API_VERSION", "2026-01-01")
    server = await loopback([turn("hello")])
    at = endpoint(wire, server.url, sdk="azure", auth="api-key")
    deltas = await answered(SdkProvider(wire_of(at.table), at))
    assert whole(deltas)[0] == PartDone(Text("hello"))
    (request,) = server.requests
    paths = {
        "openai-responses": "/openai/responses",
        "openai-chat": "/openai/deployments/model-1/chat/completions",
    }
    assert (request.path, request.query) == (paths[wire], "api-version=2026-01-01")
    assert request.headers["api-key"] == SECRET


async def test_azure_without_its_version_says_which_variable_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)
    at = endpoint("openai-responses", "http://127.0.0.1:9", sdk="azure", auth="api-key")
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, "OPENAI_API_VERSION" in str(error)) == ("credentials", True)


class Got:
    """A request as a raw server received it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().split("\r\n")
        self.path = first.split(" ")[1]
        pairs = (line.partition(":") for line in lines if line)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = body


@asynccontextmanager
async def cloud(answer: Callable[[Got], bytes]) -> AsyncIterator[tuple[str, list[Got]]]:
    """A server that answers each request with bytes and closes."""
    got: list[Got] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request = Got(head, b"")
        request.body = await reader.readexactly(int(request.headers.get("content-length", "0")))
        got.append(request)
        writer.write(answer(request))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got


def ok(kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 3}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hällo"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
HELLO = [PartDone(Text("hällo")), Finished("end", Usage(3, output_tokens=2), "m", "msg_1")]
SSE = b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in EVENTS)


def aws_frame(payload: bytes, **headers: str) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html"""
    told = b""
    for name, value in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        told += bytes([len(key)]) + key + b"\x07" + pack(">H", len(value)) + value.encode()
    prelude = pack(">II", 16 + len(told) + len(payload), len(told))
    message = prelude + pack(">I", crc32(prelude)) + told + payload
    return message + pack(">I", crc32(message))


def aws_event(event: dict[str, Any]) -> bytes:
    inner = base64.b64encode(json.dumps(event).encode()).decode()
    payload = json.dumps({"bytes": inner}).encode()
    return aws_frame(
        payload, event_type="chunk", content_type="application/json", message_type="event"
    )


async def test_foundry_is_reached_by_its_client() -> None:
    async with cloud(lambda got: ok("text/event-stream", SSE)) as (url, got):
        at = endpoint("anthropic", f"{url}/anthropic", sdk="foundry", headers={"x-team": "a"})
        deltas = await answered(SdkProvider(wire_of(at.table), at))
    assert whole(deltas) == HELLO
    (request,) = got
    assert request.path == "/anthropic/v1/messages"
    assert (request.headers["api-key"], request.headers["x-team"]) == (SECRET, "a")
    assert json.loads(request.body) == json.loads(wire_of(at.table).encode(REQUEST))


@pytest.mark.parametrize(
    ("key", "missing"),
    [(None, "ANTHROPIC_FOUNDRY_API_KEY"), (SECRET, "ANTHROPIC_FOUNDRY_RESOURCE")],
)
async def test_foundry_says_which_variable_is_missing(
    monkeypatch: pytest.MonkeyPatch, key: str | None, missing: str
) -> None:
    for name in ("API_KEY", "RESOURCE", "BASE_URL"):
        monkeypatch.delenv(f"ANTHROPIC_FOUNDRY_{name}", raising=False)
    at = endpoint("anthropic", "", key=key, sdk="foundry")
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, missing in str(error)) == ("credentials", True)


AWS = "application/vnd.amazon.eventstream"


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_is_signed_and_its_framing_understood() -> None:
    stream = b"".join(aws_event(event) for event in EVENTS)
    async with cloud(lambda got: ok(AWS, stream)) as (url, got):
        at = endpoint("anthropic", url, key=None, sdk="bedrock", headers={})
        deltas = await answered(SdkProvider(wire_of(at.table), at))
    assert whole(deltas) == HELLO
    assert got[0].path == "/model/model-1/invoke-with-response-stream"
    assert got[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    sent = json.loads(got[0].body)
    ours = json.loads(wire_of(at.table).encode(REQUEST))
    assert sent.pop("anthropic_version")
    assert {name: value for name, value in ours.items() if name not in ("model", "stream")} == sent


@pytest.mark.usefixtures("aws_keys")
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (
            aws_frame(
                b'{"message": "slow down"}',
                exception_type="throttlingException",
                content_type="application/json",
                message_type="exception",
            ),
            "rate_limit",
        ),
        (b"", "cut_off"),
        (aws_event(EVENTS[2])[:-1] + b"\0", "malformed"),
    ],
)
async def test_bedrock_streams_fail_in_the_usual_kinds(ending: bytes, kind: str) -> None:
    stream = b"".join(aws_event(event) for event in EVENTS[:3]) + ending
    async with cloud(lambda got: ok(AWS, stream)) as (url, _):
        at = endpoint("anthropic", url, key=None, sdk="bedrock")
        error = await failure(SdkProvider(wire_of(at.table), at))
    assert error.kind == kind


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_without_a_region_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_REGION")
    at = endpoint("anthropic", "http://127.0.0.1:9", key=None, sdk="bedrock")
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, "AWS_REGION" in str(error)) == ("credentials", True)


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # A region of its own: the SDK remembers the sign-in of each.
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    at = endpoint("anthropic", "http://127.0.0.1:9", key=None, sdk="bedrock")
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, "The cloud" in str(error)) == ("credentials", True)


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_takes_openai_models_through_openais_client(loopback: Loopback) -> None:
    server = await loopback([turn("hello")])
    at = endpoint("openai-responses", f"{server.url}/openai/v1", sdk="bedrock")
    deltas = await answered(SdkProvider(wire_of(at.table), at))
    assert whole(deltas)[0] == PartDone(Text("hello"))
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def service_account(token_uri: str) -> dict[str, str]:
    """A key file, as Google's console writes it."""
    pytest.importorskip("google.auth")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "client_email": "kedge@project-1.iam",
        "private_key": pem.decode(),
        "token_uri": token_uri,
    }


async def test_vertex_signs_in_with_googles_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(got: Got) -> bytes:
        if got.path == "/token":
            return ok("application/json", b'{"access_token": "ya29.token", "expires_in": 3600}')
        return ok("text/event-stream", SSE)

    async with cloud(answer) as (url, got):
        (tmp_path / "google.json").write_text(json.dumps(service_account(f"{url}/token")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "google.json"))
        monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "project-1")
        monkeypatch.setenv("CLOUD_ML_REGION", "europe-west1")
        at = endpoint("anthropic", f"{url}/v1", key=None, sdk="vertex", headers={}, key_env=())
        deltas = await answered(SdkProvider(wire_of(at.table), at))
    assert whole(deltas) == HELLO
    sent = got[-1]
    assert sent.path == (
        "/v1/projects/project-1/locations/europe-west1/publishers/anthropic/models/"
        "model-1:streamRawPredict"
    )
    assert sent.headers["authorization"] == "Bearer ya29.token"
    assert json.loads(sent.body)["anthropic_version"]


async def test_vertex_without_credentials_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("google.auth")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUD_ML_REGION", "europe-west1")
    at = endpoint("anthropic", "http://127.0.0.1:9", key=None, sdk="vertex", key_env=())
    error = await failure(SdkProvider(wire_of(at.table), at))
    assert (error.kind, "The cloud" in str(error)) == ("credentials", True)


@pytest.mark.parametrize(
    ("sdk", "package"), [("bedrock", "boto3"), ("vertex", "google.auth"), ("vertex", "requests")]
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, sdk: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    at = endpoint("anthropic", "", key=None, sdk=sdk)
    with pytest.raises(ConfigError, match=package) as raised:
        SdkProvider(wire_of(at.table), at)
    assert raised.value.hint == f"pip install 'kedge[{sdk}]'"

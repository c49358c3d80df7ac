"""The server around the wires: keys, paths, records, scripts, and its three ways to run."""

import asyncio
import socket
import ssl
from pathlib import Path

import httpx2
import pytest

from loopback.fixtures import Loopback, SpawnedLoopback, ThreadedLoopback
from loopback.script import (
    WIRE_NAMES,
    Call,
    Expect,
    Fault,
    Json,
    Script,
    Text,
    Thinking,
    Turn,
    WireName,
    dump_script,
    load_script,
    turn,
)
from loopback.sdk import MODELS, Heard, client
from loopback.server import CERTIFICATE, LoopbackServer
from loopback.threaded import running_server

WIRES = pytest.mark.parametrize("wire", WIRE_NAMES)
PATHS: dict[WireName, str] = {
    "anthropic": "/v1/messages",
    "responses": "/v1/responses",
    "chat": "/v1/chat/completions",
}
VERSION = {"anthropic-version": "2026-10-21"}
KEY = {"authorization": "Bearer key"}


def request(wire: WireName, *said: str) -> Json:
    """A request in which user and model have said the given things in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": words} for at, words in enumerate(said)]
    history = {"input": messages} if wire == "responses" else {"messages": messages}
    return {"model": MODELS[wire], "max_tokens": 10, **history}


async def post(
    server: LoopbackServer, wire: WireName, body: Json, headers: dict[str, str] = KEY
) -> httpx2.Response:
    headers = headers | (VERSION if wire == "anthropic" else {})
    async with httpx2.AsyncClient() as http:
        return await http.post(server.url + PATHS[wire], json=body, headers=headers)


@WIRES
@pytest.mark.parametrize("headers", [{}, {"x-api-key": "bad"}, {"authorization": "Bearer bad"}])
async def test_a_missing_or_bad_key_is_refused_in_the_providers_words(
    loopback: Loopback, wire: WireName, headers: dict[str, str]
) -> None:
    server = await loopback([])
    answer = await post(server, wire, request(wire, "hello"), headers)
    assert answer.status_code == 401
    kind = "authentication_error" if wire == "anthropic" else "invalid_request_error"
    assert answer.json()["error"]["type"] == kind


@WIRES
@pytest.mark.parametrize("headers", [{"x-api-key": "k"}, {"api-key": "k"}, KEY])
async def test_a_key_may_come_in_any_header(
    loopback: Loopback, wire: WireName, headers: dict[str, str]
) -> None:
    server = await loopback([turn("in")])
    assert (await post(server, wire, request(wire, "hello"), headers)).status_code == 200


async def test_a_local_server_needs_no_key(loopback: Loopback) -> None:
    server = await loopback([turn("in")], auth=False)
    assert (await post(server, "chat", request("chat", "hello"), {})).status_code == 200


async def test_unknown_paths_are_404_in_the_shape_of_the_asker(loopback: Loopback) -> None:
    server = await loopback([])
    async with httpx2.AsyncClient(headers=KEY) as http:
        theirs = await http.post(f"{server.url}/v1/v1/messages", headers=VERSION, json={})
        ours = await http.post(f"{server.url}/v1/nothing", json={})
    assert (theirs.status_code, theirs.json()["error"]["type"]) == (404, "not_found_error")
    assert ours.json()["error"]["message"] == "Invalid URL (POST /v1/nothing)"


async def test_azures_paths_reach_the_same_wires(loopback: Loopback) -> None:
    from openai import AsyncAzureOpenAI

    server = await loopback([turn("from a deployment"), turn("from v1")])
    async with AsyncAzureOpenAI(
        api_key="k", azure_endpoint=server.url, api_version="2026-01-01"
    ) as azure:
        completion = await azure.chat.completions.create(
            model="my-deployment", messages=[{"role": "user", "content": "hi"}]
        )
    assert completion.choices[0].message.content == "from a deployment"
    assert server.requests[0].path == "/openai/deployments/my-deployment/chat/completions"
    assert server.requests[0].query == "api-version=2026-01-01"
    async with httpx2.AsyncClient(headers={"api-key": "k"}) as http:
        url = f"{server.url}/openai/v1/responses"
        answer = await http.post(url, json=request("responses", "hi"))
    assert "from v1" in answer.text


async def test_models_are_listed_for_both_sdks(loopback: Loopback) -> None:
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

    server = await loopback([])
    async with AsyncAnthropic(api_key="k", base_url=server.url) as anthropic:
        theirs = [model.id async for model in anthropic.models.list()]
    async with AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1") as openai:
        ours = [model.id async for model in openai.models.list()]
    assert theirs == ours == ["claude-sonnet-5-5", "gpt-6.1-sol"]


async def test_requests_are_recorded_as_they_came(loopback: Loopback) -> None:
    server = await loopback([turn("ok")])
    body = b'{"model": "m",  "messages": [{"role": "user", "content": "\xc3\xa4"}]}'
    async with httpx2.AsyncClient(headers=KEY) as http:
        await http.post(f"{server.url}/v1/chat/completions?a=b", content=body)
    await server.wait_for(lambda: bool(server.ends))
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.query) == ("POST", "/v1/chat/completions", "a=b")
    assert (seen.body, seen.json["model"], seen.wire) == (body, "m", "chat")
    assert seen.headers["authorization"] == "Bearer key"
    assert 0 < seen.at <= server.ends[0].at


async def test_chunked_bodies_and_many_requests_on_one_connection_work(loopback: Loopback) -> None:
    server = await loopback([turn("one"), turn("two")])
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\n"
    for _ in range(2):
        halves = b"".join(b"%x\r\n%b\r\n" % (len(it), it) for it in (body[:9], body[9:]))
        writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n" + halves + b"0\r\n\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()
    assert [seen.body for seen in server.requests] == [body, body]


@pytest.mark.parametrize(
    "expect",
    [
        Expect(last_contains="magic word"),
        Expect(contains="magic word"),
        Expect(lacks="hello"),
        Expect(tools=("read",)),
        Expect(model="other"),
        Expect(stream=True),
        Expect(wire="chat"),
    ],
)
async def test_a_failed_expectation_is_a_500_and_a_failure(expect: Expect) -> None:
    async with LoopbackServer([turn("ok", expect=expect)]) as server:
        answer = await post(server, "anthropic", request("anthropic", "hello"))
    assert answer.status_code == 500
    assert len(server.failures) == 1
    assert server.failures[0] in answer.json()["error"]["message"]


@WIRES
async def test_expectations_look_at_what_was_said_last(loopback: Loopback, wire: WireName) -> None:
    server = await loopback([turn("ok", expect=Expect(wire=wire, last_contains="third"))])
    body = request(wire, "first", "second", "third")
    assert (await post(server, wire, body)).status_code == 200


async def test_a_request_beyond_the_script_is_a_failure() -> None:
    async with LoopbackServer([turn("only")]) as server:
        for status in (200, 500):
            answer = await post(server, "chat", request("chat", "hi"))
            assert answer.status_code == status
    assert server.failures == ["request 1, the script has 1 turns, turn 1 was asked for"]


@WIRES
async def test_a_script_may_be_a_function_of_the_request(wire: WireName) -> None:
    def script(body: Json, name: WireName) -> Turn:
        return turn(f"{name} asked {body['model']}")

    async with LoopbackServer(script) as server:
        answer = await post(server, wire, request(wire, "hi"))
    assert f"{wire} asked {MODELS[wire]}" in answer.text


@WIRES
async def test_turns_picked_by_history_serve_any_number_of_runs(
    loopback: Loopback, wire: WireName
) -> None:
    server = await loopback(Script((turn("answer 0"), turn("answer 1")), pick="history"))
    for said, expected in ((1, 0), (3, 1), (1, 0)):
        answer = await post(server, wire, request(wire, *"abc"[:said]))
        assert f"answer {expected}" in answer.text


@pytest.mark.parametrize(
    ("wire", "history", "words"),
    [
        (
            "anthropic",
            [{"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1"}]}],
            "`tool_use` ids were found without `tool_result` blocks",
        ),
        (
            "anthropic",
            [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}],
            "unexpected `tool_use_id`",
        ),
        ("responses", [{"type": "function_call", "call_id": "c"}], "No tool output found"),
        ("responses", [{"type": "function_call_output", "call_id": "c"}], "No tool call found"),
        ("chat", [{"role": "assistant", "tool_calls": [{"id": "c"}]}], "must be followed by tool"),
        ("chat", [{"role": "tool", "tool_call_id": "c"}], "must be a response to a preceeding"),
    ],
)
async def test_a_history_that_the_provider_refuses_is_refused(
    wire: WireName, history: list[Json], words: str
) -> None:
    field = "input" if wire == "responses" else "messages"
    async with LoopbackServer([turn("ok")]) as server:
        answer = await post(server, wire, request(wire) | {field: history})
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert words in server.failures[0]


async def test_a_self_signed_certificate_is_not_trusted_unless_it_is_made_so() -> None:
    async with LoopbackServer([turn("sealed")], tls=True) as server:
        async with httpx2.AsyncClient() as http:
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get(server.url)
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        async with httpx2.AsyncClient(verify=trusting, headers=KEY) as http:
            url = server.url + PATHS["chat"]
            assert "sealed" in (await http.post(url, json=request("chat", "hi"))).text


async def test_nobody_listens_at_the_refusing_url(refusing_url: str) -> None:
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(refusing_url)


def test_blocking_code_is_served_from_a_thread(threaded_loopback: ThreadedLoopback) -> None:
    server = threaded_loopback([turn("threaded", fault=Fault("stall", times=1))])
    server.release()
    answer = httpx2.post(server.url + PATHS["chat"], json=request("chat", "hi"), headers=KEY)
    server.wait_for(lambda: bool(server.ends))
    assert "threaded" in answer.text
    assert [end.outcome for end in server.ends] == ["served"]


def test_a_running_server_stops_although_an_answer_stalls() -> None:
    stalling = turn("x", fault=Fault("stall_before_headers"))
    with running_server([stalling]) as server, pytest.raises(httpx2.ReadTimeout):
        url = server.url + PATHS["chat"]
        httpx2.post(url, json=request("chat", "hi"), headers=KEY, timeout=0.2)


async def test_a_process_serves_the_script_and_logs_the_requests(
    spawned_loopback: SpawnedLoopback,
) -> None:
    parts = (Thinking("hm"), Text("tok ", repeat=20_000), Call("read", {"file_path": "a"}, "c"))
    server = spawned_loopback(Script((Turn(parts),), seed=7), "--seed", "3")
    heard = Heard()
    async with client("chat", seconds=30) as sdk:
        await sdk.hear(heard, server.url)
    assert (heard.text, len(heard.calls)) == ("tok " * 20_000, 1)
    log = server.wait_for(lambda log: bool(log.ends))
    assert [seen.path for seen in log.requests] == ["/v1/chat/completions"]
    assert log.requests[0].json["model"] == MODELS["chat"]
    assert [end.outcome for end in log.ends] == ["served"]


def test_a_script_survives_its_file(tmp_path: Path) -> None:
    script = Script(
        (
            turn("a", Thinking("b"), Call("c", "{"), expect=Expect(last_contains="d")),
            turn(fault=Fault("status", status=429, headers={"retry-after": "1"}), delta=3),
        ),
        pick="history",
        seed=1,
    )
    dump_script(script, tmp_path / "script.json")
    assert load_script(tmp_path / "script.json") == script
    (tmp_path / "list.json").write_text('[{"parts": [{"type": "text", "text": "hi"}]}]')
    assert load_script(tmp_path / "list.json") == Script((turn("hi"),))


def test_the_network_is_out_of_reach() -> None:
    with pytest.raises(pytest.fail.Exception), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(pytest.fail.Exception):
        socket.getaddrinfo("example.org", 443)

"""Every fault, on every wire, does to the real SDKs what is known of them."""

import asyncio
import importlib
import json
from typing import Protocol, cast

import httpx2
import pytest

from loopback.script import WIRE_NAMES, Call, Fault, FaultKind, WireName, turn
from loopback.sdk import Heard, client
from loopback.server import LoopbackServer

WIRES = pytest.mark.parametrize("wire", WIRE_NAMES)
GOOD = turn("one two three four five six seven", Call("read", '{"file_path": "a.py"}', "call_f"))


async def hear(wire: WireName, fault: Fault, *, retries: int = 0, seconds: float = 5.0) -> Heard:
    """The answer under the fault; what was heard before an error is lost with it."""
    heard = Heard()
    async with (
        LoopbackServer([turn(*GOOD.parts, fault=fault)]) as server,
        client(wire, retries=retries, seconds=seconds) as sdk,
    ):
        await sdk.hear(heard, server.url)
    return heard


def sdk_error(wire: WireName, name: str) -> type[Exception]:
    """The exception class of the wire's SDK."""
    sdk = importlib.import_module("anthropic" if wire == "anthropic" else "openai")
    return cast(type[Exception], getattr(sdk, name))  # Looked up by name: both SDKs have it.


class Shown(Protocol):
    """What the errors of both SDKs tell of themselves."""

    status_code: int
    request_id: str | None
    type: str | None
    code: str | None
    response: httpx2.Response


def shown(error: Exception) -> Shown:
    """The error as what both SDKs make it."""
    return cast(Shown, error)  # The SDKs share no class.


@WIRES
@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (413, "APIStatusError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (502, "InternalServerError"),
        (503, "APIStatusError"),
        (529, "APIStatusError"),
    ],
)
async def test_a_status_is_the_sdks_error_of_that_name(
    wire: WireName, status: int, name: str
) -> None:
    with pytest.raises(sdk_error(wire, name)) as caught:
        await hear(wire, Fault("status", status=status))
    assert getattr(caught.value, "status_code") == status  # noqa: B009
    assert shown(caught.value).request_id
    assert getattr(caught.value, "type") is not None  # noqa: B009


@pytest.mark.parametrize(
    ("wire", "fault", "words"),
    [
        (
            "anthropic",
            Fault("status", status=400, code="context_length_exceeded"),
            ("invalid_request_error", "prompt is too long"),
        ),
        (
            "responses",
            Fault("status", status=400, code="context_length_exceeded"),
            ("context_length_exceeded", "maximum context length", '"param":"input"'),
        ),
        (
            "chat",
            Fault("status", status=400, code="context_length_exceeded"),
            ("context_length_exceeded", "maximum context length", '"param":"messages"'),
        ),
        (
            "chat",
            Fault("status", status=429, code="insufficient_quota"),
            ("insufficient_quota", "exceeded your current quota"),
        ),
        ("anthropic", Fault("status", status=529), ("overloaded_error", "Overloaded")),
        ("chat", Fault("status", status=502, body="<html>Bad Gateway</html>"), ("Bad Gateway",)),
    ],
)
async def test_error_bodies_carry_the_providers_words(
    wire: WireName, fault: Fault, words: tuple[str, ...]
) -> None:
    with pytest.raises(sdk_error(wire, "APIStatusError")) as caught:
        await hear(wire, fault)
    response = shown(caught.value).response
    for word in words:
        assert word in response.text


@WIRES
async def test_a_fault_for_the_first_attempts_gives_way_to_the_good_answer(wire: WireName) -> None:
    fault = Fault("status", times=2, status=529, headers={"retry-after-ms": "1"})
    script = [turn("good", fault=fault), turn("next")]
    async with LoopbackServer(script) as server, client(wire, retries=2) as sdk:
        first, second = Heard(), Heard()
        await sdk.hear(first, server.url)
        await sdk.hear(second, server.url)
    assert (first.text, second.text, len(server.requests)) == ("good", "next", 4)


@WIRES
async def test_x_should_retry_overrides_the_rule(wire: WireName) -> None:
    never = Fault("status", times=1, status=500, headers={"x-should-retry": "false"})
    with pytest.raises(sdk_error(wire, "InternalServerError")):
        await hear(wire, never, retries=2)
    again = {"x-should-retry": "true", "retry-after-ms": "1"}
    heard = await hear(wire, Fault("status", times=1, status=400, headers=again), retries=1)
    assert heard.complete


@WIRES
@pytest.mark.parametrize("kind", ["html_200", "empty_200", "json_200_error"])
async def test_a_200_without_a_stream_is_an_empty_success_to_the_sdk(
    wire: WireName, kind: FaultKind
) -> None:
    assert await hear(wire, Fault(kind)) == Heard()


@WIRES
async def test_a_close_before_the_headers_is_a_connection_error(wire: WireName) -> None:
    with pytest.raises(sdk_error(wire, "APIConnectionError")):
        await hear(wire, Fault("close_before_headers"))


@WIRES
async def test_a_connection_closed_once_is_tried_again(wire: WireName) -> None:
    heard = await hear(wire, Fault("close_before_headers", times=1), retries=1)
    assert heard.complete


@WIRES
@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("reset_mid_stream", httpx2.ReadError),
        ("cut_chunked", httpx2.RemoteProtocolError),
        ("stall", httpx2.ReadTimeout),
    ],
)
async def test_a_broken_stream_raises_what_broke_it(
    wire: WireName, kind: FaultKind, cause: type[Exception]
) -> None:
    heard = Heard()
    broken = turn(*GOOD.parts, fault=Fault(kind, after=4))
    async with LoopbackServer([broken]) as server, client(wire, seconds=0.3) as sdk:
        with pytest.raises(Exception) as caught:
            await sdk.hear(heard, server.url)
    assert isinstance(caught.value if wire == "anthropic" else caught.value.__cause__, cause)
    assert (heard.events, heard.complete) == (4, False)


@WIRES
async def test_no_headers_are_a_timeout_to_the_sdk(wire: WireName) -> None:
    with pytest.raises(sdk_error(wire, "APITimeoutError")):
        await hear(wire, Fault("stall_before_headers"), seconds=0.3)


@WIRES
@pytest.mark.parametrize("after", [0, 3, -1])
async def test_a_clean_early_end_is_a_success_without_a_terminal(
    wire: WireName, after: int
) -> None:
    heard = await hear(wire, Fault("clean_early_end", after=after))
    assert not heard.complete
    if after >= 0:
        assert heard.events == after
    else:
        assert heard.calls == [("call_f", "read", '{"file_path": "a.py"}')]


@pytest.mark.parametrize(("wire", "kind"), [("anthropic", "error_event"), ("chat", "error_event")])
async def test_an_error_event_is_an_error_of_the_sdk(wire: WireName, kind: FaultKind) -> None:
    with pytest.raises(sdk_error(wire, "APIError")) as caught:
        await hear(wire, Fault(kind, code="overloaded_error", message="Too much"))
    assert "Too much" in str(caught.value)
    if wire == "anthropic":
        assert getattr(caught.value, "status_code") == 200  # noqa: B009
        assert getattr(caught.value, "type") == "overloaded_error"  # noqa: B009
    else:
        assert getattr(caught.value, "code") == "overloaded_error"  # noqa: B009


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("error_event", "error server_error"), ("failed_event", "failed server_error")],
)
async def test_a_failed_response_is_an_ordinary_event(kind: FaultKind, reason: str) -> None:
    heard = await hear("responses", Fault(kind))
    assert (heard.reason, heard.complete, heard.events) == (reason, False, 4)


@WIRES
async def test_malformed_data_does_not_decode(wire: WireName) -> None:
    with pytest.raises(json.JSONDecodeError):
        await hear(wire, Fault("malformed_sse"))


@WIRES
async def test_truncated_arguments_end_as_a_success_at_the_token_limit(wire: WireName) -> None:
    heard = await hear(wire, Fault("truncated_tool_json"))
    full = '{"file_path": "a.py"}'
    assert heard.calls == [("call_f", "read", full[: len(full) // 2])]
    assert heard.reason in ("max_tokens", "max_output_tokens", "length")
    assert heard.complete


@WIRES
async def test_an_empty_answer_is_complete(wire: WireName) -> None:
    heard = await hear(wire, Fault("empty_answer"))
    assert (heard.text, heard.calls, heard.complete) == ("", [], True)


async def test_a_delivered_fault_happens_once_and_the_script_goes_on() -> None:
    script = [turn("x", fault=Fault("empty_answer")), turn("next")]
    async with LoopbackServer(script) as server, client("chat") as sdk:
        first, second = Heard(), Heard()
        await sdk.hear(first, server.url)
        await sdk.hear(second, server.url)
    assert (first.text, second.text) == ("", "next")


@WIRES
async def test_a_stall_ends_when_released(wire: WireName) -> None:
    heard = Heard()
    stalled = turn(*GOOD.parts, fault=Fault("stall"))
    async with LoopbackServer([stalled]) as server, client(wire) as sdk:
        hearing = asyncio.create_task(sdk.hear(heard, server.url))
        await server.wait_for(lambda: server.stalled == 1)
        assert not hearing.done()
        server.release()
        await hearing
    assert heard.complete
    assert [end.outcome for end in server.ends] == ["served"]


@WIRES
async def test_the_server_notices_when_the_client_goes_away(wire: WireName) -> None:
    stalled = turn(*GOOD.parts, fault=Fault("stall"))
    async with LoopbackServer([stalled]) as server, client(wire) as sdk:
        hearing = asyncio.create_task(sdk.hear(Heard(), server.url))
        await server.wait_for(lambda: server.stalled == 1)
        hearing.cancel()
        await server.wait_for(lambda: bool(server.ends))
    assert [end.outcome for end in server.ends] == ["client_left"]


@WIRES
@pytest.mark.parametrize("kind", ["reset_mid_stream", "cut_chunked", "malformed_sse"])
async def test_faults_also_break_answers_that_are_not_streamed(
    wire: WireName, kind: FaultKind
) -> None:
    broken = turn(*GOOD.parts, fault=Fault(kind))
    async with LoopbackServer([broken]) as server, client(wire) as sdk:
        with pytest.raises(Exception) as caught:
            await sdk.ask(server.url)
    expected = (httpx2.HTTPError, json.JSONDecodeError, sdk_error(wire, "APIError"))
    assert isinstance(caught.value, expected)

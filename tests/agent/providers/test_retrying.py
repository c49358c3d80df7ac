"""Failed attempts are repeated where it helps, announced, bounded, and never after the end."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from kedge.agent.deltas import Delta, Draft, Finished, PartDone, Restarted, Shown, TextDelta
from kedge.agent.errors import ProviderError, ProviderErrorKind
from kedge.agent.messages import Message, Text, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.agent.providers.retrying import Retrying
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.settings import HttpSettings, RetrySettings
from loopback.script import Fault, turn

REQUEST = Request("", (Message("user", (Text("Hi"),)),), (), 1000, "", "s")
DONE = Finished("end", Usage())
SETTINGS = RetrySettings(
    attempts=4, base_seconds=1.0, max_seconds=3.0, retry_after_max_seconds=60.0
)
Step = Delta | ProviderError


class Script:
    """A provider that says what it is told, attempt by attempt."""

    name = "test/script"

    def __init__(self, *attempts: Sequence[Step]) -> None:
        self.attempts = list(attempts)
        self.closed = False

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        for step in self.attempts.pop(0):
            if isinstance(step, ProviderError):
                raise step
            yield step

    async def close(self) -> None:
        self.closed = True


class Clock:
    """Sleeps without sleeping."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def failed(
    kind: ProviderErrorKind = "overloaded", retry_after: float | None = None
) -> ProviderError:
    return ProviderError(kind, f"it was {kind}", retry_after=retry_after)


async def told(
    script: Script, clock: Clock, settings: RetrySettings = SETTINGS, chance: float = 0.0
) -> list[Delta]:
    retrying = Retrying(script, settings, sleep=clock.sleep, chance=lambda: chance)
    return [delta async for delta in retrying.stream(REQUEST)]


async def test_an_answer_passes_unchanged() -> None:
    deltas = [TextDelta("a"), PartDone(Text("a")), DONE]
    assert await told(Script(deltas), Clock()) == deltas


async def test_a_failure_in_mid_stream_begins_anew() -> None:
    clock = Clock()
    script = Script([TextDelta("a"), failed("cut_off")], [TextDelta("ab"), DONE])
    assert await told(script, clock) == [
        TextDelta("a"),
        Restarted(2, 1.0, "it was cut_off"),
        TextDelta("ab"),
        DONE,
    ]
    assert clock.waits == [1.0]


async def test_waits_double_up_to_a_limit() -> None:
    clock = Clock()
    await told(Script([failed()], [failed()], [failed()], [DONE]), clock)
    assert clock.waits == [1.0, 2.0, 3.0]


async def test_chance_shortens_a_wait_by_a_quarter_at_most() -> None:
    clock = Clock()
    await told(Script([failed()], [DONE]), clock, chance=1.0)
    assert clock.waits == [0.75]


async def test_attempts_are_bounded_and_counted() -> None:
    clock = Clock()
    script = Script(*[[failed()]] * 4)
    with pytest.raises(
        ProviderError, match="it was overloaded; giving up after 4 attempts"
    ) as raised:
        await told(script, clock)
    assert (raised.value.kind, len(clock.waits), script.attempts) == ("overloaded", 3, [])


async def test_what_repeating_cannot_cure_is_raised_at_once() -> None:
    clock = Clock()
    script = Script([failed("credentials")], [DONE])
    with pytest.raises(ProviderError, match="^it was credentials$"):
        await told(script, clock)
    assert clock.waits == []


async def test_a_later_failure_that_is_final_says_how_many_attempts_there_were() -> None:
    with pytest.raises(ProviderError, match="it was invalid; after 2 attempts"):
        await told(Script([failed()], [failed("invalid")]), Clock())


async def test_the_providers_wish_is_kept_to_the_second() -> None:
    clock = Clock()
    script = Script([failed("rate_limit", retry_after=42.0)], [DONE])
    deltas = await told(script, clock, chance=1.0)
    assert deltas[0] == Restarted(2, 42.0, "it was rate_limit")
    assert clock.waits == [42.0]


async def test_too_long_a_wish_ends_it_at_once() -> None:
    clock = Clock()
    script = Script([failed("rate_limit", retry_after=61.0)], [DONE])
    with pytest.raises(ProviderError, match=r"wait 61 s.*retry_after_max_seconds = 60"):
        await told(script, clock)
    assert clock.waits == []


async def test_an_empty_answer_is_repeated_once() -> None:
    clock = Clock()
    with pytest.raises(ProviderError, match="giving up after 2 attempts") as raised:
        await told(Script([failed("empty")], [failed("empty")], [DONE]), clock)
    assert (raised.value.kind, len(clock.waits)) == ("empty", 1)


async def test_nothing_follows_the_end() -> None:
    clock = Clock()
    script = Script([TextDelta("a"), DONE, failed()], [DONE])
    assert await told(script, clock) == [TextDelta("a"), DONE]
    assert clock.waits == []


async def test_a_single_attempt_is_no_repetition() -> None:
    with pytest.raises(ProviderError, match="^it was overloaded; giving up$"):
        await told(Script([failed()]), Clock(), RetrySettings(attempts=1))


async def test_cancelling_a_wait_ends_it() -> None:
    waiting = asyncio.Event()

    async def forever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    script = Script([failed()], [DONE])
    retrying = Retrying(script, SETTINGS, sleep=forever)

    async def consume() -> list[Delta]:
        return [delta async for delta in retrying.stream(REQUEST)]

    task = asyncio.create_task(consume())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(script.attempts) == 1


async def test_closing_reaches_the_provider_within() -> None:
    script = Script([])
    retrying = Retrying(script, SETTINGS)
    await retrying.close()
    assert script.closed
    assert retrying.name == "test/script"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset_mid_stream", times=2, after=4),
        Fault("cut_chunked", times=2, after=4),
        Fault("clean_early_end", times=2, after=5),
        Fault("error_event", times=2, after=4),
        Fault("malformed_sse", times=2, after=4),
        Fault("status", times=2, status=529, headers={"retry-after-ms": "20"}),
        Fault("close_before_headers", times=2),
        Fault("stall", times=2, after=4),
        Fault("empty_answer", times=1),
    ],
    ids=lambda fault: fault.kind,
)
async def test_over_a_real_server_the_answer_is_whole_and_shown_once(
    loopback: Any, fault: Fault
) -> None:
    server = await loopback([turn("hello, good day to you", fault=fault, delta=4)], auth=False)
    table = ProviderTable(
        name="a", wire="anthropic", auth="none", headers={"anthropic-version": "1"}
    )
    wire = AnthropicWire(table, ModelProfile(provider="a", name="m"))
    http = HttpSettings(idle_timeout_seconds=0.1 if fault.kind == "stall" else 20.0)
    server_provider = HttpProvider(wire, Endpoint("a/m", table, server.url, None, http))
    retrying = Retrying(server_provider, SETTINGS, sleep=Clock().sleep)
    draft, shown, screen, restarts = Draft(), Shown(), "", 0
    async for delta in retrying.stream(REQUEST):
        draft.add(delta)
        match delta:
            case TextDelta(text):
                fresh, void = shown.text(text)
                screen = fresh if void else screen + fresh
            case Restarted():
                restarts += 1
                shown.restart()
            case _:
                pass
    await retrying.close()
    assert draft.message() == Message("assistant", (Text("hello, good day to you"),))
    assert draft.finished is not None
    assert screen == "hello, good day to you"
    assert restarts == fault.times

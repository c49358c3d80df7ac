"""A provider that keeps failing is not asked for a while, and says so."""

import asyncio
from contextlib import aclosing

import pytest

from kedge.agent.breaker import Breaker, Closed, Open
from kedge.agent.errors import ProviderError
from kedge.agent.guarded import Guarded
from kedge.agent.messages import Message, Text
from kedge.agent.ports import Request
from kedge.config.guards import BreakerSettings

REQUEST = Request("", (Message("user", (Text("Hi"),)),), (), 1000, "", "s")
SETTINGS = BreakerSettings(minimum_calls=2, cooldown_seconds=30.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def behind(core, *answers, clock=None):
    told = []
    model = core.Model(*answers)
    breaker = Breaker("provider test/model", SETTINGS, clock or Clock(), told.append)
    return Guarded(model, breaker), model, breaker, told


async def answer(guarded):
    return [delta async for delta in guarded.stream(REQUEST)]


DOWN = ProviderError("overloaded", "it is overloaded")


async def test_answers_pass_unchanged(core):
    said = core.says("Hello.")
    guarded, model, breaker, _ = behind(core, said)
    assert tuple(await answer(guarded)) == said
    assert (guarded.name, len(breaker.state.window)) == ("test/model", 1)
    await guarded.close()
    assert model.closed


async def test_after_failures_it_is_not_asked_and_the_words_say_why_and_until_when(core):
    clock = Clock()
    guarded, model, _, told = behind(core, [DOWN], [DOWN], core.says("Back."), clock=clock)
    for _ in range(2):
        with pytest.raises(ProviderError, match="it is overloaded"):
            await answer(guarded)
    with pytest.raises(ProviderError) as paused:
        await answer(guarded)
    assert (paused.value.kind, paused.value.exit_code, paused.value.retryable) == (
        "paused", 75, True,
    )  # fmt: skip
    assert str(paused.value) == (
        "test/model is left alone for now: 2 of the last 2 calls failed; it is overloaded; "
        "it is tried again in 30 s"
    )
    assert len(model.requests) == 2
    clock.now = 30.0
    assert await answer(guarded)
    assert [changed.state for changed in told] == ["open", "half-open", "closed"]


@pytest.mark.parametrize("kind", ["credentials", "quota", "not_found", "invalid", "context_length"])
async def test_what_is_wrong_with_the_request_says_nothing_about_the_provider(core, kind):
    wrong = ProviderError(kind, "no")
    guarded, _, breaker, _ = behind(core, *[[wrong]] * 5)
    for _ in range(5):
        with pytest.raises(ProviderError):
            await answer(guarded)
    assert breaker.state == Closed()


async def test_a_stopped_answer_counts_neither_way(core):
    guarded, _, breaker, _ = behind(core, [*core.says("one two three")])
    async with aclosing(guarded.stream(REQUEST)) as deltas:
        await anext(deltas)
    assert breaker.state == Closed()


async def test_a_stopped_probe_leaves_room_for_the_next(core):
    clock = Clock()
    forever = asyncio.Event()
    guarded, _, breaker, _ = behind(
        core, [DOWN], [DOWN], [forever.wait()], core.says("Back."), clock=clock
    )
    for _ in range(2):
        with pytest.raises(ProviderError):
            await answer(guarded)
    assert isinstance(breaker.state, Open)
    clock.now = 30.0
    probe = asyncio.create_task(answer(guarded))
    await core.until(lambda: not isinstance(breaker.state, Open))
    probe.cancel()
    await asyncio.wait([probe])
    assert await answer(guarded)
    assert breaker.state == Closed()

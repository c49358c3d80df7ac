"""A turn that broke off, whatever broke it, is gone on with when the person says so."""

from pathlib import Path

import pytest
from tui.seen_app import HELLO, Script, Seen, Stage, bash, text

from kedge.cli.tui.view.blocks import Answer, Card, Ended

WAITS = "touch begun; until test -e go; do sleep 0.05; done"
INTERRUPTED: Script = [
    (["user"], [bash(WAITS)]),
    (["tool"], [text("I went on.")]),
]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def ends(seen: Seen) -> list[str]:
    return [one.status for one in seen.app.transcript.view.blocks if isinstance(one, Ended)]


async def interrupted(stage: Stage, seen: Seen) -> None:
    """The turn runs, and is stopped."""
    await seen.until((stage.work / "begun").exists)
    await seen.pilot.press("escape")
    await seen.until(lambda: seen.app.state.unfinished)


def placeholder(seen: Seen) -> str:
    return str(seen.app.composer.placeholder)


async def test_after_an_interrupt_enter_on_an_empty_prompt_goes_on(stage: Stage) -> None:
    async with stage.app(INTERRUPTED, "work") as seen:
        await interrupted(stage, seen)
        assert "enter goes on with it" in placeholder(seen)
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.texts(Answer) == ["I went on."])
        await seen.until(lambda: ends(seen) == ["interrupted", "done"])
        await seen.until(lambda: placeholder(seen).startswith("Ask for something"))


@pytest.mark.parametrize("name", ["continue", "go-on"])
async def test_a_command_goes_on(stage: Stage, name: str) -> None:
    async with stage.app(INTERRUPTED, "work") as seen:
        await interrupted(stage, seen)
        await seen.send(f"/{name}")
        await seen.until(lambda: seen.texts(Answer) == ["I went on."])


async def test_other_words_are_heard_instead(stage: Stage) -> None:
    script: Script = [INTERRUPTED[0], (["tool", "user"], [text("Something else.")])]
    async with stage.app(script, "work") as seen:
        await interrupted(stage, seen)
        await seen.send("do something else")
        await seen.until(lambda: seen.texts(Answer) == ["Something else."])
        await seen.until(lambda: not seen.app.state.unfinished)


async def test_with_nothing_to_go_on_with_enter_does_nothing(stage: Stage) -> None:
    async with stage.app(HELLO, "hi") as seen:
        await seen.until(lambda: ends(seen) == ["done"])
        await seen.pilot.press("enter")
        await seen.pilot.pause()
        assert not seen.app.desk.state.working


async def test_after_a_spent_limit_one_can_go_on(stage: Stage) -> None:
    async with stage.app(INTERRUPTED, "work", max_turns=1) as seen:
        (stage.work / "go").touch()
        await seen.until(lambda: ends(seen))
        assert ends(seen) == ["turn_limit"]
        await seen.until(lambda: "goes on" in placeholder(seen))
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.texts(Answer) == ["I went on."])


async def test_after_a_fault_of_the_provider_one_can_go_on(stage: Stage) -> None:
    async with stage.app([(["user"], [bash("true")])], "work") as seen:
        # The script has no second answer: to the session that is a provider that fails.
        await seen.until(lambda: len(ends(seen)) == 1)
        assert ends(seen) != ["done"]
        await seen.until(lambda: "goes on" in placeholder(seen))
        await seen.pilot.press("enter")
        await seen.until(lambda: len(ends(seen)) == 2)


async def test_the_turn_of_a_process_that_was_killed_is_gone_on_with(stage: Stage) -> None:
    async with stage.app(INTERRUPTED, "work") as seen:
        await seen.until((stage.work / "begun").exists)
        (log,) = (stage.home.state_dir / "sessions").rglob("*.jsonl")
        # What a killed process leaves: no more than what had been written by then.
        left = log.read_bytes()
    log.write_bytes(left)
    async with stage.app(INTERRUPTED, None, **{"continue": True}) as seen:
        await seen.until(lambda: "goes on" in placeholder(seen))
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.texts(Answer) == ["I went on."])
        (card,) = (one for one in seen.app.transcript.view.blocks if isinstance(one, Card))
        assert card.status == "unknown"


async def test_what_waited_is_sent_with_enter_when_a_turn_was_stopped(stage: Stage) -> None:
    script: Script = [*INTERRUPTED, (["user"], [text("Both.")])]
    async with stage.app(script, "work") as seen:
        await seen.until((stage.work / "begun").exists)
        seen.app.composer.put("and then this")
        await seen.pilot.press("alt+enter")
        await seen.until(lambda: seen.app.state.queue)
        # It is not given back where something else is written.
        await seen.pilot.press("x", "escape")
        await seen.until(lambda: seen.app.state.unfinished)
        await seen.pilot.press("backspace", "enter")
        await seen.until(lambda: seen.texts(Answer)[-1:] == ["Both."])


async def test_what_waited_is_given_back_and_sent_instead_of_going_on(stage: Stage) -> None:
    script: Script = [INTERRUPTED[0], (["tool", "user"], [text("Something else.")])]
    async with stage.app(script, "work") as seen:
        await seen.until((stage.work / "begun").exists)
        seen.app.composer.put("and then this")
        await seen.pilot.press("alt+enter")
        await seen.until(lambda: seen.app.state.queue)
        await seen.pilot.press("escape")
        await seen.until(lambda: seen.app.state.unfinished)
        assert seen.app.composer.text == "and then this"
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.texts(Answer) == ["Something else."])

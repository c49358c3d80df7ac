"""How hard it thinks, once chosen, is kept as the model is."""

import tomllib
from pathlib import Path

import pytest
from tui.seen_app import HELLO, Seen, Stage

from kedge.cli.tui.screens.pickers import EffortPicker


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, ANTHROPIC_API_KEY="sk-none")


def kept(stage: Stage) -> object:
    """What the person's settings say of the model."""
    file = stage.home.config_dir / "config.toml"
    return tomllib.loads(file.read_text())["model"] if file.exists() else {}


async def chooses(seen: Seen, words: str, effort: str) -> None:
    await seen.send(words)
    await seen.until(lambda: seen.app.look().effort == effort)
    await seen.until(lambda: f"the effort is {effort or 'provider default'}" in seen.told)


async def test_a_chosen_effort_holds_for_later_starts(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await chooses(seen, "/effort high", "high")
        await seen.until(lambda: "the effort is high; kept in" in seen.told)
    assert kept(stage) == {"effort": "high"}
    async with stage.app(HELLO) as seen:
        await seen.ready()
        assert seen.app.look().effort == "high"
        await chooses(seen, "/effort default", "")
        await seen.until(lambda: kept(stage) == {"effort": ""})


async def test_one_for_now_is_kept_nowhere_and_holds_in_the_next_session(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await chooses(seen, "/effort low --now", "low")
        await seen.said("the effort is low, until you leave")
        before = seen.app.look().session
        await seen.send("/new")
        await seen.until(lambda: seen.app.look().session not in ("", before))
        assert seen.app.look().effort == "low"
    assert kept(stage) == {}


async def test_the_picker_keeps_it_too_and_ctrl_g_does_not(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/effort")
        await seen.on(EffortPicker)
        await seen.pilot.press(*"max", "ctrl+g")
        await seen.until(lambda: "the effort is max, until you leave" in seen.told)
        assert kept(stage) == {}
        await seen.send("/effort")
        await seen.on(EffortPicker)
        await seen.pilot.press("up", "enter")
        await seen.until(lambda: kept(stage) == {"effort": "xhigh"})


@pytest.mark.parametrize("lasts", [True, False])
async def test_with_a_model_it_is_kept_as_that_is(stage: Stage, *, lasts: bool) -> None:
    model = "anthropic/claude-sonnet-5-5"
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await chooses(seen, f"/model {model} high{'' if lasts else ' --now'}", "high")
        assert seen.app.look().model == model
    assert kept(stage) == ({"name": model, "effort": "high"} if lasts else {})

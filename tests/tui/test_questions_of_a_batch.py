"""Several questions: listed, answered in any order, refused together; and on a small screen."""

import json
from pathlib import Path

import pytest
from textual.widgets import Static
from tui.seen_app import Part, Script, Seen, Stage, text

from kedge.cli.tui.asking.choices import Choices
from kedge.cli.tui.asking.panel import AskPanel
from kedge.cli.tui.screens.page import PageScreen
from kedge.cli.tui.view.blocks import Answer, Card
from kedge.config.grants import Grants

ASKS = ("rules.ask=['read(*)', 'grep(*)']",)
"""Whoever reads, too, has to ask."""


def call(id: str, tool: str, **arguments: object) -> Part:
    return {"type": "tool_call", "id": id, "name": tool, "arguments": json.dumps(arguments)}


READ = call("r", "read", file_path="a.py")
GREP = call("g", "grep", pattern="def")
BASH = call("b", "bash", command="touch made", description="make")
WRITE = call("w", "write", file_path="b.py", content="b = 1\n")


def script(*calls: Part) -> Script:
    said = text("\n\n".join(f"line {number}" for number in range(40)))
    return [(["user"], [said, *calls]), (["tool"], [text("Over.")])]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    (made.work / "a.py").write_text("def f():\n    return 1\n")
    return made


def words(seen: Seen, id: str) -> str:
    line = seen.app.query_one(id, Static)
    return str(line.visual) if line.display else ""


def statuses(seen: Seen) -> dict[str, str]:
    blocks = seen.app.transcript.view.blocks
    return {one.tool: one.status for one in blocks if isinstance(one, Card)}


async def asked(seen: Seen, count: int) -> None:
    await seen.until(lambda: len(seen.app.state.questions) == count)
    await seen.until(lambda: seen.app.query_one(AskPanel).has_focus)
    await seen.pilot.pause()


async def test_what_waits_and_what_is_to_come_is_listed(stage: Stage) -> None:
    calls = script(READ, GREP, BASH, WRITE)
    async with stage.app(calls, "go", mode="ask", set=ASKS) as seen:
        await asked(seen, 3)
        listed = words(seen, "#ask-others").splitlines()
        assert [line.split()[:2] for line in listed] == [
            ["also", "grep"], ["also", "bash"], ["then", "write"],
        ]  # fmt: skip
        assert words(seen, "#ask-place").startswith("1 of up to 4")
        await seen.pilot.press("tab", "1", "enter")
        await asked(seen, 2)
        await seen.pilot.press("5")
        await asked(seen, 1)
        assert statuses(seen)["grep"] not in ("ok", "denied")
        await seen.pilot.press("1")
        # Nothing had begun before; now the last of them is asked about.
        await seen.until(lambda: [one.question.action.call.id for one in seen.app.state.questions]
                         == ["w"])  # fmt: skip
        assert words(seen, "#ask-others") == ""
        await seen.until(lambda: seen.app.query_one(AskPanel).display)
        await seen.pilot.press("1")
        await seen.until(lambda: seen.texts(Answer)[-1:] == ["Over."])
        assert (stage.work / "b.py").exists()


async def test_one_key_refuses_all_that_wait_and_the_rest_of_the_batch(stage: Stage) -> None:
    calls = script(READ, BASH, WRITE)
    async with stage.app(calls, "go", mode="ask", set=ASKS) as seen:
        await asked(seen, 2)
        await seen.pilot.press("7")
        await seen.until(lambda: seen.texts(Answer)[-1:] == ["Over."])
        assert statuses(seen) == {"read": "denied", "bash": "denied", "write": "denied"}
        assert not (stage.work / "made").exists()


async def test_what_was_refused_for_a_batch_is_asked_again_in_the_next(stage: Stage) -> None:
    again = [*script(BASH, WRITE)[:1], (["tool"], [WRITE]), (["tool"], [text("Over.")])]
    async with stage.app(again, "go", mode="ask") as seen:
        await asked(seen, 1)
        await seen.pilot.press("7")
        await seen.until(lambda: seen.app.state.questions and len(seen.texts(Answer)) == 1
                         and seen.app.state.questions[0].id > 1)  # fmt: skip
        await seen.until(lambda: seen.app.query_one(AskPanel).has_focus)
        await seen.pilot.press("1")
        await seen.until(lambda: seen.texts(Answer)[-1:] == ["Over."])
        assert (stage.work / "b.py").exists()


def all_in_sight(seen: Seen) -> bool:
    """What was said, what is asked, its answers and the prompt."""
    transcript, composer = seen.app.transcript, seen.app.composer
    return (
        transcript.size.height >= 1
        and seen.app.query_one("#ask-body").size.height >= 1
        and transcript.region.bottom <= seen.app.query_one(AskPanel).region.y
        and seen.app.query_one(Choices).region.bottom <= composer.region.y
        and composer.region.bottom <= seen.app.size.height
    )


@pytest.mark.parametrize("size", [(40, 12), (40, 16), (80, 24)])
async def test_on_a_small_screen_the_answers_stay_in_sight_and_all_can_be_read(
    stage: Stage, size: tuple[int, int]
) -> None:
    long = call("b", "bash", command=" && ".join(f"echo {n} > f{n}" for n in range(40)))
    async with stage.app(script(long, WRITE), "go", mode="ask") as seen:
        await seen.pilot.resize_terminal(*size)
        await asked(seen, 1)
        for key in ("o", "o", "o"):
            await seen.until(lambda: all_in_sight(seen))
            await seen.pilot.press(key)
        await seen.until(lambda: all_in_sight(seen))
        body = seen.app.query_one("#ask-body")
        assert body.max_scroll_y > 0
        while body.scroll_y < body.max_scroll_y:
            await seen.pilot.press("j")
        before = seen.app.transcript.scroll_y
        await seen.pilot.press("pageup")
        await seen.until(lambda: seen.app.transcript.scroll_y < before)


async def test_on_a_small_screen_nothing_is_stored_before_it_was_read(stage: Stage) -> None:
    asks = call("b", "bash", command="npm run build && make install")
    async with stage.app(script(asks), "go", mode="ask") as seen:
        await seen.pilot.resize_terminal(40, 12)
        await asked(seen, 1)
        await seen.pilot.press("2", "enter")
        await seen.pilot.pause()
        assert "read all" in words(seen, "#ask-hint")
        await seen.pilot.press("2", "enter")
        assert len(seen.app.state.questions) == 1
        for _ in range(20):
            await seen.pilot.press("j")
        await seen.pilot.press("2", "enter")
        await seen.until(lambda: not seen.app.state.questions)


async def test_a_grant_that_is_revoked_holds_no_longer_in_the_session_that_runs(
    stage: Stage,
) -> None:
    make = call("m", "bash", command="make install")
    turns: Script = [
        turn for _ in range(3) for turn in ((["user"], [make]), (["tool"], [text("Over.")]))
    ]
    async with stage.app(turns, "go", mode="ask") as seen:
        await asked(seen, 1)
        await seen.pilot.press("3")
        await seen.until(lambda: seen.texts(Answer) == ["Over."] and seen.rests)
        await seen.send("once more")
        await seen.until(lambda: len(seen.texts(Answer)) == 2 and seen.rests)
        await seen.send("/rules")
        await seen.on(PageScreen)
        assert "1 rule from your answers; /grants takes them back" in seen.rows
        await seen.pilot.press("escape")
        await seen.send("/grants")
        await seen.on(PageScreen)
        await seen.pilot.press("down", "ctrl+d", "ctrl+d")
        await seen.until(lambda: not Grants(stage.home.data_dir / "grants.json").all())
        await seen.pilot.press("escape")
        await seen.send("and again")
        await asked(seen, 1)

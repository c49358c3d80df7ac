"""The interactive terminal as a person uses it: keys in, a screen out, a session behind it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kedge.cli.options import OPTIONS, Run, Value
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui.app import KedgeApp
from kedge.cli.tui.asking.panel import AskPanel
from kedge.cli.tui.status.line import WorkLine
from kedge.cli.tui.view.blocks import Answer, Card, Said, ShellRun
from kedge.config.paths import Home
from kedge.config.tui import TuiSettings

Script = list[tuple[list[str], list[dict[str, object]]]]
Begin = Callable[..., AbstractAsyncContextManager["Seen"]]

HELLO: Script = [(["user"], [{"type": "text", "text": "Hello."}])]


def bash(command: str) -> dict[str, object]:
    arguments = json.dumps({"command": command})
    return {"type": "tool_call", "id": "1", "name": "bash", "arguments": arguments}


class Seen:
    """An app on a screen that nobody sees."""

    def __init__(self, app: KedgeApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds; every change ends in a message that the app handles."""
        async with asyncio.timeout(60):
            while not holds():
                await self.pilot.pause()

    async def ready(self) -> None:
        """The session is open."""
        await self.until(lambda: self.app.state.session)

    async def send(self, *words: str) -> None:
        """Type words and Enter."""
        for said in words:
            await self.pilot.press(*(("space" if one == " " else one) for one in said), "enter")

    def texts(self, kind: type[Answer] | type[Said]) -> list[str]:
        """The words of the blocks of a kind."""
        return [one.text for one in self.app.transcript.view.blocks if isinstance(one, kind)]


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Begin]:
    """`async with begin(script, …) as seen`: an app that plays a script."""
    work = tmp_path / "work"
    work.mkdir()
    own = tmp_path / "home"
    where = Surroundings(
        {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/sh"},
        work,
        Home(own / "config", own / "state", own / "data", own / "cache"),
    )

    @asynccontextmanager
    async def begun(
        script: Script, prompt: str | None = None, **values: Value
    ) -> AsyncIterator[Seen]:
        lines: list[object] = [{"scripted": 1, "model": "anthropic/claude-sonnet-5-5"}]
        for roles, parts in script:
            calls = any(part["type"] == "tool_call" for part in parts)
            reason = "tool_use" if calls else "end"
            expect = [{"role": role} for role in roles]
            lines.append({"expect": expect, "parts": parts, "stop_reason": reason})
        file = tmp_path / "script.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        given: dict[str, Value] = {option.field: option.default for option in OPTIONS}
        given |= {"model": f"scripted:{file}", "sandbox": "off", "mode": "full"}
        app = KedgeApp(Run(prompt, given | values), where, TuiSettings(grace_ms=0))
        try:
            async with app.run_test(size=(80, 24)) as pilot:
                yield Seen(app, pilot)
        finally:
            await app.close()

    yield begun


async def test_a_prompt_is_typed_and_answered(begin: Begin) -> None:
    async with begin(HELLO) as seen:
        await seen.send("hi there")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert seen.texts(Said) == ["hi there"]


async def test_the_prompt_of_the_command_line_is_sent_at_once(begin: Begin) -> None:
    async with begin(HELLO, "hi") as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])


async def test_a_question_is_answered_with_a_key(begin: Begin) -> None:
    script: Script = [
        (["user"], [bash("touch made")]),
        (["tool"], [{"type": "text", "text": "Done."}]),
    ]
    async with begin(script, "go", mode="ask") as seen:
        await seen.until(lambda: [one for one in seen.app.query(AskPanel) if one.display])
        await seen.pilot.press("1")
        await seen.until(lambda: seen.texts(Answer) == ["Done."])
        assert (seen.app.where.cwd / "made").exists()


async def test_escape_stops_the_turn_and_gives_waiting_words_back(begin: Begin) -> None:
    async with begin([(["user"], [bash("sleep 100")])], "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.state.tasks))
        await seen.send("and then")
        await seen.until(lambda: seen.app.state.steering)
        await seen.pilot.press("escape")
        await seen.until(lambda: not seen.app.state.working)
        cards = [one for one in seen.app.transcript.view.blocks if isinstance(one, Card)]
        assert [card.status for card in cards] == ["cancelled"]
        await seen.pilot.press("escape")
        await seen.until(lambda: seen.app.composer.text == "and then")


async def test_escape_gives_everything_back_that_waited_to_be_edited(begin: Begin) -> None:
    async with begin([(["user"], [bash("sleep 100")])], "go") as seen:
        # It prints nothing, and is known to run.
        await seen.until(
            lambda: any("running" in str(one.content) for one in seen.app.query(WorkLine))
        )
        await seen.send("now")
        seen.app.composer.put("later")
        await seen.pilot.press("alt+enter")
        await seen.until(lambda: seen.app.state.steering and seen.app.state.queue)
        await seen.pilot.press("escape")
        await seen.until(lambda: not seen.app.state.working)
        assert seen.app.composer.text == "now\n\nlater"
        assert not seen.app.state.queue


async def test_ctrl_b_sends_the_running_command_to_the_background(begin: Begin) -> None:
    script: Script = [
        (["user"], [bash("sleep 100")]),
        (["tool"], [{"type": "text", "text": "It goes on."}]),
    ]
    async with begin(script, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.state.tasks))
        await seen.pilot.press("ctrl+b")
        await seen.until(lambda: seen.texts(Answer) == ["It goes on."])
        await seen.until(lambda: [task.id for task in seen.app.state.tasks] == ["bash_1"])


async def test_shift_tab_goes_through_the_modes_but_not_to_full(begin: Begin) -> None:
    async with begin(HELLO, mode="ask") as seen:
        await seen.ready()
        for mode in ("auto", "plan", "ask"):
            await seen.pilot.press("shift+tab")
            await seen.until(lambda mode=mode: seen.app.state.mode == mode)


async def test_a_command_of_the_persons_own_is_shown(begin: Begin) -> None:
    async with begin(HELLO) as seen:
        await seen.ready()
        await seen.send("!echo mine")
        blocks = seen.app.transcript.view.blocks

        def ran() -> list[ShellRun]:
            found = seen.app.transcript.view.blocks
            return [one for one in found if isinstance(one, ShellRun) and one.done]

        await seen.until(ran)
        assert [one.output for one in ran()] == ["mine\n"], blocks


async def test_ctrl_c_clears_first_and_leaves_the_second_time(begin: Begin) -> None:
    async with begin(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("x")
        await seen.pilot.press("ctrl+c")
        assert seen.app.composer.text == ""
        assert seen.app.is_running
        await seen.pilot.press("ctrl+c")
        assert seen.app.return_value == 0


async def test_ctrl_d_leaves_only_with_an_empty_prompt(begin: Begin) -> None:
    async with begin(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("x", "ctrl+d")
        assert seen.app.return_value is None
        await seen.pilot.press("backspace", "ctrl+d")
        assert seen.app.return_value == 0


async def test_what_was_not_sent_is_there_at_the_next_start(begin: Begin) -> None:
    async with begin(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("d", "r", "a", "f", "t")
        seen.app.exit(0)
    async with begin(HELLO) as seen:
        await seen.until(lambda: seen.app.composer.text == "draft")


async def test_a_session_that_cannot_be_opened_is_said_and_the_app_stays(begin: Begin) -> None:
    async with begin(HELLO, model="nobody/nothing") as seen:
        await seen.until(lambda: "nobody" in seen.app.state.trouble)
        assert seen.app.is_running

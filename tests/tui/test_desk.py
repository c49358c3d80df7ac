"""The desk: a whole session without a screen."""

import asyncio
import json
import os
import re
import resource
import subprocess
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from kedge.agent.checkpoint_facts import Rewound
from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    Decision,
    Event,
    MessageAdded,
    Notice,
    Result,
    TurnStarted,
)
from kedge.agent.messages import Prompt, Text
from kedge.agent.person import ModeChanged, ModelChanged, PersonRan
from kedge.agent.ports import Approval, No, Yes
from kedge.cli.options import OPTIONS, Run, Value
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui.desk.desk import Desk
from kedge.cli.tui.desk.state import DeskState
from kedge.cli.tui.pages.experiment import experiment_page
from kedge.config.errors import KedgeError, UsageError
from kedge.config.layers import CHOSEN
from kedge.config.paths import Home

Body = TypeVar("Body")
Part = dict[str, object]
Answer = tuple[Sequence[str], Sequence[Part]]
"""Roles of the messages that are answered, and the parts of the answer."""


def says(text: str) -> Part:
    return {"type": "text", "text": text}


def calls(id: str, tool: str, **arguments: object) -> Part:
    return {"type": "tool_call", "id": id, "name": tool, "arguments": json.dumps(arguments)}


def words(text: str) -> Prompt:
    return (Text(text),)


class Sitting:
    """A desk, and what was heard at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        own = folder / "home"
        self.home = Home(own / "config", own / "state", own / "data", own / "cache")
        self.heard: list[Event] = []
        self.unheard: list[str] = []
        self.failed: list[Exception] = []
        self.deaf = False
        self._something = asyncio.Event()
        self._desks: list[Desk] = []

    def script(self, *answers: Answer, model: str = "anthropic/claude-sonnet-5-5") -> str:
        """The model of a script."""
        lines: list[object] = [{"scripted": 1, "model": model}]
        for roles, parts in answers:
            called = any(part["type"] == "tool_call" for part in parts)
            lines.append(
                {
                    "expect": [{"role": role} for role in roles],
                    "parts": list(parts),
                    "stop_reason": "tool_use" if called else "end",
                    "usage": {"input_tokens": 5_000, "output_tokens": 10},
                }
            )
        file = self.folder / f"{model.partition('/')[0]}.jsonl"
        file.write_text("\n".join(json.dumps(line) for line in lines))
        return f"scripted:{file}"

    def desk(self, *answers: Answer, **values: Value) -> Desk:
        """A desk where nothing is opened yet."""
        given: dict[str, Value] = {option.field: option.default for option in OPTIONS}
        given |= {"model": self.script(*answers), "sandbox": "off", "mode": "full"}
        env = {**os.environ, "HOME": str(self.folder), "SHELL": "/bin/sh"}
        desk = Desk(
            Run(None, given | values),
            Surroundings(env, self.work, self.home),
            hear=self._hear,
            changed=self._something.set,
            opening=lambda at: self.heard.clear(),
            unheard=self._not_heard,
            failed=self.failed.append,
        )
        self._desks.append(desk)
        return desk

    async def open(self, *answers: Answer, **values: Value) -> Desk:
        """A desk at an open session."""
        desk = self.desk(*answers, **values)
        await desk.open()
        return desk

    def _hear(self, event: Event) -> None:
        if self.deaf:
            raise ValueError("who hears is broken")
        self.heard.append(event)
        self._something.set()

    def _not_heard(self, why: str, ended: bool) -> None:
        self.unheard.append(why)
        self._something.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(60):
            while not holds():
                self._something.clear()
                await self._something.wait()

    def bodies(self, kind: type[Body]) -> list[Body]:
        """What was heard of a kind."""
        return [event.body for event in self.heard if isinstance(event.body, kind)]

    async def turns(self, count: int) -> None:
        """Wait until so many runs are over."""
        await self.until(lambda: len(self.bodies(Result)) == count)

    async def close(self) -> None:
        for desk in self._desks:
            await desk.close()


@pytest.fixture
async def sitting(tmp_path: Path) -> AsyncIterator[Sitting]:
    made = Sitting(tmp_path)
    yield made
    await made.close()


async def test_what_is_said_is_answered(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    desk.submit(words("Hi."))
    await sitting.turns(1)
    assert [message.text for message in _answers(sitting)] == ["Hello."]
    await sitting.until(lambda: not desk.state.working)
    assert desk.state.context_tokens > 1_000
    assert desk.state.cost_usd


def _answers(sitting: Sitting) -> list[Text]:
    return [
        part
        for message in sitting.bodies(MessageAdded)
        for part in message.parts
        if message.role == "assistant" and isinstance(part, Text)
    ]


async def test_what_is_said_before_the_session_is_open_is_said_once_it_is(
    sitting: Sitting,
) -> None:
    desk = sitting.desk((["user"], [says("Hello.")]))
    desk.submit(words("Hi."))
    assert [one.words for one in desk.state.queue] == ["Hi."]
    await desk.open()
    await sitting.turns(1)
    assert desk.state.queue == ()


async def test_later_waits_until_the_turn_is_over(sitting: Sitting) -> None:
    gate = sitting.work / "gate"
    os.mkfifo(gate)
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="cat gate")]),
        (["tool"], [says("One.")]),
        (["user"], [says("Two.")]),
    )
    desk.submit(words("First."))
    await sitting.until(lambda: desk.state.tasks)
    desk.later(words("Second."))
    assert [one.words for one in desk.state.queue] == ["Second."]
    gate.write_text("go\n")
    await sitting.turns(2)
    assert [text.text for text in _answers(sitting)] == ["One.", "Two."]


async def test_what_is_said_to_a_running_turn_is_heard_after_the_batch(sitting: Sitting) -> None:
    gate = sitting.work / "gate"
    os.mkfifo(gate)
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="cat gate")]),
        (["tool", "user"], [says("I heard.")]),
    )
    desk.submit(words("First."))
    await sitting.until(lambda: desk.state.tasks)
    desk.submit(words("Rather this."))
    assert [one.words for one in desk.state.steering] == ["Rather this."]
    gate.write_text("go\n")
    await sitting.turns(1)
    assert desk.state.steering == ()
    assert [text.text for text in _answers(sitting)] == ["I heard."]


async def test_taking_back_what_was_said_last_leaves_the_rest_as_it_waits(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [calls("1", "bash", command="sleep 100")]))
    desk.submit(words("First."))
    await sitting.until(lambda: desk.state.tasks)
    for prompt in ("One.", "Two."):
        desk.submit(words(prompt))
    desk.later(words("Later."))
    assert desk.take_back() == words("Later.")
    assert [one.words for one in desk.state.steering] == ["One.", "Two."]
    assert desk.take_back() == words("Two.")
    assert [one.words for one in desk.state.steering] == ["One."]
    assert desk.state.queue == ()
    desk.later(words("Later."))
    assert desk.take_all_back() == (words("One."), words("Later."))
    assert (desk.state.steering, desk.state.queue) == ((), ())


async def test_words_that_nobody_heard_survive_an_interrupt_and_come_back(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [calls("1", "bash", command="sleep 100")]))
    desk.submit(words("First."))
    await sitting.until(lambda: desk.state.tasks)
    desk.submit(words("Steer."))
    desk.later(words("Later."))
    assert desk.interrupt()
    await sitting.until(lambda: not desk.state.working)
    assert [one.words for one in desk.state.queue] == ["Steer.", "Later."]
    assert desk.take_back() == words("Later.")
    assert desk.take_back() == words("Steer.")
    assert desk.take_back() is None
    assert not desk.state.tasks


async def test_several_questions_wait_and_are_answered_in_any_order(sitting: Sitting) -> None:
    outside = sitting.folder / "outside"
    outside.mkdir()
    for name in ("a", "b"):
        (outside / name).write_text(name)
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command=f"touch {outside}/x", description="one")]),
        (["tool"], [says("Done.")]),
        mode="ask",
    )
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.questions)
    asked = desk.state.questions[0]
    assert asked.question.action.call.name == "bash"
    assert desk.answer(asked.id, Approval(Yes(), "person"))
    assert not desk.answer(asked.id, Approval(No(), "person"))
    await sitting.turns(1)
    assert (outside / "x").exists()
    assert desk.state.questions == ()


async def test_a_question_is_withdrawn_with_its_turn(sitting: Sitting) -> None:
    desk = await sitting.open(
        (["user"], [calls("1", "write", file_path="a.txt", content="a")]), mode="ask"
    )
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.questions)
    desk.interrupt()
    await sitting.turns(1)
    assert desk.state.questions == ()
    assert not (sitting.work / "a.txt").exists()


async def test_the_mode_can_change_while_a_turn_runs_and_decides_from_then_on(
    sitting: Sitting,
) -> None:
    gate = sitting.work / "gate"
    os.mkfifo(gate)
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="cat gate")]),
        (["tool"], [calls("2", "write", file_path="a.txt", content="a")]),
        (["tool"], [says("Denied.")]),
    )
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.tasks)
    await desk.set_mode("plan")
    assert desk.state.mode == "plan"
    gate.write_text("go\n")
    await sitting.turns(1)
    assert [one.outcome for one in sitting.bodies(Decision)] == ["allow", "deny"]
    assert [(one.before, one.mode) for one in sitting.bodies(ModeChanged)] == [("full", "plan")]
    assert sitting.bodies(Result)[0].mode == "plan"


async def test_a_mode_set_before_the_session_is_open_is_its_mode(sitting: Sitting) -> None:
    desk = sitting.desk((["user"], [says("Hello.")]))
    await desk.set_mode("plan")
    await desk.open()
    assert desk.state.mode == "plan"


async def test_from_plan_to_auto_a_sandboxed_command_may_write(sitting: Sitting) -> None:
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="touch made && echo made")]),
        (["tool"], [says("Done.")]),
        mode="plan",
        sandbox="workspace-write",
    )
    assert "read-only" in desk.state.sandbox
    await desk.set_mode("auto")
    assert "workspace-write" in desk.state.sandbox
    desk.submit(words("Go."))
    await sitting.turns(1)
    assert (sitting.work / "made").exists()


async def test_a_running_command_goes_to_the_background_and_outlives_a_change_of_model(
    sitting: Sitting,
) -> None:
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="sleep 100")]),
        (["tool"], [says("It goes on.")]),
    )
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.tasks)
    assert desk.background()
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    assert [task.id for task in desk.state.tasks] == ["bash_1"]
    await desk.set_model("", "high")
    assert desk.state.effort == "high"
    assert desk.state.tasks[0].running
    await desk.seat.background.kill("bash_1")
    assert not desk.state.tasks[0].running


async def test_a_command_that_ends_while_nothing_runs_is_told_to_the_person_and_the_model(
    sitting: Sitting,
) -> None:
    gate = sitting.work / "gate"
    command = f"until [ -e {gate} ]; do sleep 0.02; done; echo first; echo last; exit 3"
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command=command, run_in_background=True)]),
        (["tool"], [says("It runs.")]),
        (["user"], [says("I see.")]),
    )
    desk.submit(words("Go."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    gate.touch()

    def told() -> list[str]:
        return [one.text for one in sitting.bodies(Notice) if one.text.startswith("bash_1 ended")]

    await sitting.until(told)
    (said,) = told()
    assert "exit code 3 after" in said
    assert "\nfirst\nlast\n" in said
    assert "/continue" in said
    desk.submit(words("And?"))
    await sitting.turns(2)
    (prompt,) = [one.prompt for one in sitting.bodies(TurnStarted) if "And?" in str(one.prompt)]
    assert "bash_1 ended: exit code 3" in str(prompt[0])
    assert len(told()) == 1


@pytest.fixture
def waking(sitting: Sitting) -> Sitting:
    """With a person who wants the model to be woken."""
    sitting.home.config_dir.mkdir(parents=True)
    (sitting.home.config_dir / "config.toml").write_text("[tui]\nwake = true\n")
    return sitting


def waits_for(gate: Path) -> Part:
    command = f"until [ -e {gate} ]; do sleep 0.02; done"
    return calls("1", "bash", command=command, run_in_background=True)


async def _one_in_the_background(sitting: Sitting, *more: Answer) -> tuple[Desk, Path]:
    """A turn is over, and a command runs until a file is there."""
    gate = sitting.work / "gate"
    desk = await sitting.open((["user"], [waits_for(gate)]), (["tool"], [says("It runs.")]), *more)
    desk.submit(words("Go."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    return desk, gate


def told(sitting: Sitting) -> list[str]:
    """The prompts that tell of a command that ended, and say nothing else."""
    prompts = [one.prompt for one in sitting.bodies(TurnStarted)]
    return [str(prompt) for prompt in prompts if len(prompt) == 1 and "bash_1 ended" in str(prompt)]


async def test_without_a_word_the_person_lets_the_model_go_on_with_what_ended(
    sitting: Sitting,
) -> None:
    desk, gate = await _one_in_the_background(sitting, (["user"], [says("I see.")]))
    assert not desk.go_on()
    gate.touch()
    await sitting.until(lambda: not desk.state.tasks[0].running)
    await sitting.until(lambda: [one for one in sitting.bodies(Notice) if "ended" in one.text])
    assert not desk.state.working
    assert told(sitting) == []
    assert desk.go_on()
    await sitting.turns(2)
    await sitting.until(lambda: not desk.state.working)
    assert len(told(sitting)) == 1
    assert not desk.go_on()
    assert [point.words for point in await desk.hindsight.points()] == ["Go."]


async def test_who_wants_it_has_the_model_woken_once_by_a_command_that_ends(
    waking: Sitting,
) -> None:
    desk, gate = await _one_in_the_background(waking, (["user"], [says("I see.")]))
    gate.touch()
    await waking.turns(2)
    await waking.until(lambda: not desk.state.working)
    assert len(told(waking)) == 1
    (notice,) = [one.text for one in waking.bodies(Notice) if "bash_1 ended" in one.text]
    assert notice.endswith("the model is told now")


async def test_nobody_is_woken_while_a_question_is_open_but_when_the_turn_is_over(
    waking: Sitting,
) -> None:
    gate = waking.work / "gate"
    desk = await waking.open(
        (["user"], [waits_for(gate)]),
        (["tool"], [calls("2", "write", file_path="a.txt", content="a\n")]),
        (["tool"], [says("Done.")]),
        (["user"], [says("I see.")]),
        mode="ask",
    )
    desk.submit(words("Go."))
    await waking.until(lambda: desk.state.questions)
    gate.touch()
    (job,) = desk.seat.composed.toolbox.jobs
    await job.wait(60)
    assert told(waking) == []
    desk.answer(desk.state.questions[0].id, Approval(Yes(), "person"))
    await waking.turns(2)
    await waking.until(lambda: not desk.state.working)
    assert len(told(waking)) == 1


async def test_the_model_is_not_woken_by_a_command_that_the_person_ended(
    waking: Sitting,
) -> None:
    desk, _ = await _one_in_the_background(waking)
    await desk.seat.background.kill("bash_1")
    await waking.until(lambda: [one for one in waking.bodies(Notice) if "ended" in one.text])
    assert not desk.state.working
    assert told(waking) == []


async def test_the_model_is_not_woken_after_the_person_stopped_it_and_while_their_words_wait(
    waking: Sitting,
) -> None:
    gate = waking.work / "gate"
    desk = await waking.open(
        (["user"], [waits_for(gate)]),
        (["tool"], [calls("2", "bash", command="sleep 100")]),
    )
    desk.submit(words("Go."))
    await waking.until(lambda: len(desk.state.tasks) > 1)
    desk.later(words("Then."))
    desk.interrupt()
    await waking.until(lambda: not desk.state.working)
    gate.touch()
    await waking.until(lambda: [one for one in waking.bodies(Notice) if "ended" in one.text])
    assert not desk.state.working
    assert told(waking) == []
    assert [one.words for one in desk.state.queue] == ["Then."]


async def test_the_editing_tool_is_the_one_that_the_model_was_trained_with(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    desk.submit(words("Hello."))
    await sitting.turns(1)
    patch = "*** Begin Patch\n*** Add File: made\n+by the other\n*** End Patch\n"
    other = sitting.script(
        (["user"], [says("Hello.")]),
        (["user"], [calls("1", "apply_patch", patch=patch)]),
        (["tool"], [says("Done.")]),
        model="openai/gpt-5.5",
    )
    await desk.set_model(other)
    desk.submit(words("Make it."))
    await sitting.turns(2)
    assert (sitting.work / "made").read_text() == "by the other\n"
    (changed,) = sitting.bodies(ModelChanged)
    assert "apply_patch" in changed.tools
    assert "edit" not in changed.tools
    id = desk.state.session
    await desk.close()
    again = await sitting.open(model=other, resume=id)
    again.go_on()
    assert not [one for one in sitting.bodies(Notice) if one.code == "tools_changed"]


async def test_a_command_of_the_persons_own_is_on_record_and_told_with_the_next_words(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [says("I see.")]))
    desk.seat.shell("echo from me; exit 3")
    await sitting.until(lambda: sitting.bodies(PersonRan))
    ran = sitting.bodies(PersonRan)[0]
    assert (ran.output, ran.exit_code) == ("from me\n", 3)
    desk.submit(words("What was that?"))
    await sitting.turns(1)
    told = sitting.bodies(TurnStarted)[0].prompt
    assert isinstance(told[0], Text)
    assert told[0].text.startswith("<context>")
    assert "from me" in told[0].text
    assert told[1] == Text("What was that?")


async def test_a_command_of_the_persons_own_can_be_stopped(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("I see.")]))
    desk.seat.shell("sleep 100")
    await sitting.until(lambda: sitting.heard)
    assert desk.interrupt()
    await sitting.until(lambda: sitting.bodies(PersonRan))
    assert sitting.bodies(PersonRan)[0].exit_code != 0


async def test_a_note_is_kept_and_told(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Noted.")]))
    assert "notes.md" in await desk.seat.note("tabs, not spaces")
    (kept,) = (sitting.home.data_dir / "notes").glob("*/notes.md")
    assert "tabs, not spaces" in kept.read_text()
    assert kept.parent.stat().st_mode & 0o077 == 0
    assert list(sitting.work.iterdir()) == []


async def test_new_leaves_the_session_for_another_and_keeps_the_mode(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    first = desk.state.session
    desk.submit(words("Hi."))
    await sitting.turns(1)
    await desk.set_mode("plan")
    await desk.new()
    assert desk.state.session != first
    assert desk.state.mode == "plan"
    assert sitting.heard == []
    await desk.resume(first)
    assert desk.state.session == first
    assert len(sitting.bodies(TurnStarted)) == 1
    assert desk.state.mode == "plan"


async def test_a_session_in_which_nothing_happened_leaves_no_trace(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    await desk.close()
    assert list((sitting.home.state_dir / "sessions").iterdir()) == []


async def test_a_fork_begins_with_what_was_said(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    first = desk.state.session
    desk.submit(words("Hi."))
    await sitting.turns(1)
    await desk.fork()
    assert desk.state.session != first
    assert len(sitting.bodies(TurnStarted)) == 1


async def test_a_session_that_cannot_be_opened_leaves_the_present_one(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    first = desk.state.session
    with pytest.raises(KedgeError):
        await desk.resume("nothing-like-this")
    assert desk.state.session == first
    desk.submit(words("Hi."))
    await sitting.turns(1)


async def test_why_a_session_cannot_be_opened_is_a_fact(sitting: Sitting) -> None:
    desk = sitting.desk(model="nobody/nothing")
    with pytest.raises(KedgeError):
        await desk.open()
    assert "nobody" in desk.state.trouble
    with pytest.raises(UsageError):
        desk.seat.rename("x")


async def test_what_was_decided_about_a_call_is_explained(sitting: Sitting) -> None:
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="ls")]), (["tool"], [says("Done.")])
    )
    desk.submit(words("Go."))
    await sitting.turns(1)
    assert "allowed by" in desk.seat.watch.why("1")
    assert desk.seat.watch.why("2") == ""


async def test_why_names_the_mode_that_held_when_it_was_decided(sitting: Sitting) -> None:
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="ls")]), (["tool"], [says("Done.")]),
        mode="ask",
    )  # fmt: skip
    await desk.set_mode("plan")
    desk.submit(words("Go."))
    await sitting.turns(1)
    assert "mode plan" in desk.seat.watch.why("1")


async def test_what_was_not_sent_is_there_at_the_next_start(sitting: Sitting) -> None:
    desk = sitting.desk((["user"], [says("Hello.")]))
    desk.later(words("In line."))
    desk.keep_draft("In the editor.")
    again = sitting.desk((["user"], [says("Hello.")]))
    assert await again.take_draft() == (words("In line."), words("In the editor."))
    assert await sitting.desk().take_draft() == ()


async def test_what_waited_at_the_end_is_not_sent_by_itself_at_the_next_start(
    sitting: Sitting,
) -> None:
    desk = sitting.desk()
    desk.later(words("In line."))
    desk.keep_draft("")
    again = sitting.desk((["user"], [says("Hello.")]))
    await again.take_draft()
    await again.open()
    assert again.state.queue == ()
    again.submit(words("Something else."))
    await sitting.turns(1)
    prompts = [body.prompt for body in sitting.bodies(TurnStarted)]
    assert prompts == [words("Something else.")]


async def test_closing_ends_what_runs_and_leaves_a_whole_log(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [calls("1", "bash", command="sleep 100 & sleep 100")]))
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.tasks)
    await desk.close()
    assert sitting.bodies(ActionEnded)[-1].status == "cancelled"
    assert isinstance(sitting.heard[-1].body, Result)
    assert desk.state == DeskState(cwd=str(sitting.work), mode=desk.state.mode)


async def _two_turns(sitting: Sitting, **values: Value) -> Desk:
    desk = await sitting.open(
        (["user"], [calls("1", "write", file_path="a.txt", content="one\n")]),
        (["tool"], [says("Done.")]),
        (["user"], [calls("2", "write", file_path="b.txt", content="two\n")]),
        (["tool"], [says("Done, too.")]),
        **values,
    )
    for count, said in enumerate(("First.", "Second."), 1):
        desk.submit(words(said))
        await sitting.turns(count)
        await sitting.until(lambda: not desk.state.working)
    return desk


@pytest.mark.parametrize("unkept", [False, True])
async def test_one_can_go_back_behind_a_prompt_with_what_it_did_and_forth_again(
    sitting: Sitting, *, unkept: bool
) -> None:
    desk = await _two_turns(sitting, no_session=unkept)
    first, second = await desk.hindsight.points()
    assert (first.words, second.words) == ("First.", "Second.")
    assert second.files == ("created b.txt +1 -0",)
    said, came = await desk.hindsight.rewind(second.seq, "both")
    assert (said, came) == ("Second.", "1 file put back: deleted b.txt")
    assert not (sitting.work / "b.txt").exists()
    assert [point.words for point in await desk.hindsight.points()] == ["First."]
    await desk.hindsight.redo()
    assert (sitting.work / "b.txt").read_text() == "two\n"
    assert len(await desk.hindsight.points()) == 2


async def test_of_a_session_that_is_not_kept_everything_is_known_until_it_is_left(
    sitting: Sitting,
) -> None:
    desk = await _two_turns(sitting, no_session=True)
    assert [file.shown for file in await desk.hindsight.changes()] == ["a.txt", "b.txt"]
    assert "write b.txt" in desk.seat.watch.why("")
    assert desk.resumable == ""
    with pytest.raises(UsageError, match="keeps nothing"):
        await desk.fork()
    await desk.close()
    left = [path for path in sitting.home.state_dir.rglob("*") if path.is_file()]
    assert [path for path in left if "trash" not in path.parts] == []
    assert not sitting.home.data_dir.exists()
    assert sitting.home.state_dir.stat().st_mode & 0o077 == 0


PLAN_TURN: Answer = (["user"], [says("1. look 2. write")])


async def _one_turn(sitting: Sitting, *answers: Answer, mode: str, **values: Value) -> Desk:
    desk = await sitting.open(*answers, mode=mode, **values)
    desk.submit(words("Go."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    return desk


async def test_the_answer_of_a_turn_in_mode_plan_is_a_plan_until_something_else_is_said(
    sitting: Sitting,
) -> None:
    desk = await _one_turn(sitting, PLAN_TURN, (["user"], [says("Yes?")]), mode="plan")
    assert desk.state.plan == "1. look 2. write"
    id = desk.state.session
    await desk.new()
    assert desk.state.plan == ""
    await desk.resume(id)
    assert (desk.state.mode, desk.state.plan) == ("plan", "1. look 2. write")
    await desk.set_mode("ask")
    assert desk.state.plan == ""


async def test_an_answer_from_before_mode_plan_is_no_plan(sitting: Sitting) -> None:
    desk = await _one_turn(sitting, PLAN_TURN, mode="ask")
    await desk.set_mode("plan")
    assert desk.state.plan == ""


async def test_what_was_interrupted_is_no_plan(sitting: Sitting) -> None:
    shell = calls("1", "bash", command="sleep 100")
    desk = await sitting.open((["user"], [says("1. look"), shell]), mode="plan")
    desk.submit(words("Go."))
    await sitting.until(lambda: desk.state.tasks)
    desk.interrupt()
    await sitting.until(lambda: not desk.state.working)
    assert desk.state.plan == ""


async def test_what_has_no_diff_says_why(sitting: Sitting) -> None:
    desk = await sitting.open(
        (
            ["user"],
            [
                calls("1", "write", file_path="empty.txt", content=""),
                calls("2", "bash", command="printf '\\0\\1' >data.bin"),
            ],
        ),
        (["tool", "tool"], [says("Done.")]),
    )
    desk.submit(words("Go."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    found = {file.shown: (file.text, file.why_none) for file in await desk.hindsight.changes()}
    assert found["empty.txt"] == ("", "the file is empty")
    assert found["data.bin"] == ("", "it is no text, or too large to be compared")


async def test_undoing_leaves_the_conversation(sitting: Sitting) -> None:
    desk = await _two_turns(sitting)
    assert await desk.hindsight.undo() == "1 file put back: deleted b.txt"
    assert await desk.hindsight.redo() == "1 file put back: restored b.txt"
    assert await desk.hindsight.undo() == "1 file put back: deleted b.txt"
    assert not (sitting.work / "b.txt").exists()
    assert (sitting.work / "a.txt").exists()
    assert len(await desk.hindsight.points()) == 2
    with pytest.raises(UsageError):
        await desk.hindsight.rewind(9_999, "both")


async def test_an_undoing_that_leaves_all_alone_is_none_and_can_be_forced(
    sitting: Sitting,
) -> None:
    desk = await _two_turns(sitting)
    with (sitting.work / "b.txt").open("a") as theirs:
        theirs.write("mine\n")
    for _ in range(2):
        said = await desk.hindsight.undo()
        assert said.startswith("no file was put back: changed since by somebody else: b.txt;")
        assert "/undo --force" in said
    assert sitting.bodies(Rewound) == []
    assert await desk.hindsight.undo(force=True) == "1 file put back: deleted b.txt"
    assert not (sitting.work / "b.txt").exists()


async def test_what_an_undoing_left_alone_is_named_and_still_a_change_of_the_session(
    sitting: Sitting,
) -> None:
    desk = await _two_turns(sitting)
    with (sitting.work / "b.txt").open("a") as theirs:
        theirs.write("mine\n")
    said = await desk.hindsight.undo(2)
    assert said.startswith("1 file put back: deleted a.txt; left alone, ")
    assert said.endswith("by somebody else: b.txt (/undo --force undoes that, too)")
    assert [(file.shown, file.added) for file in await desk.hindsight.changes()] == [("b.txt", 2)]
    await desk.hindsight.redo()
    assert (sitting.work / "a.txt").exists()
    await desk.hindsight.undo(2, force=True)
    assert await desk.hindsight.changes() == []


async def test_force_finishes_what_was_just_left_and_each_step_can_be_redone(
    sitting: Sitting,
) -> None:
    desk = await _two_turns(sitting)
    a, b = sitting.work / "a.txt", sitting.work / "b.txt"
    with b.open("a") as theirs:
        theirs.write("mine\n")
    mine = b.read_text()
    await desk.hindsight.undo(2)
    assert await desk.hindsight.undo(2, force=True) == "1 file put back: deleted b.txt"
    assert not a.exists() and not b.exists()
    assert await desk.hindsight.redo() == "1 file put back: restored b.txt"
    assert b.read_text() == mine and not a.exists()
    assert await desk.hindsight.undo(force=True) == "1 file put back: deleted b.txt"
    assert await desk.hindsight.redo() == "1 file put back: restored b.txt"
    assert await desk.hindsight.redo() == "1 file put back: restored a.txt"
    assert a.exists() and b.read_text() == mine


async def test_force_after_going_back_to_a_prompt_finishes_that(sitting: Sitting) -> None:
    desk = await _two_turns(sitting)
    with (sitting.work / "b.txt").open("a") as theirs:
        theirs.write("mine\n")
    seq = (await desk.hindsight.points())[0].seq
    _, said = await desk.hindsight.rewind(seq, "both")
    assert said.endswith("b.txt (/undo --force undoes that, too)")
    assert await desk.hindsight.undo(force=True) == "1 file put back: deleted b.txt"
    with pytest.raises(UsageError):
        await desk.hindsight.undo(force=True)


async def test_going_back_with_the_talk_alone_possible_does_not_claim_files(
    sitting: Sitting,
) -> None:
    desk = await _two_turns(sitting)
    (sitting.work / "b.txt").write_text("mine\n")
    seq = (await desk.hindsight.points())[1].seq
    _, said = await desk.hindsight.rewind(seq, "both")
    assert said.startswith("no file was put back")
    assert [gone.what for gone in sitting.bodies(Rewound)] == ["conversation"]
    assert [point.words for point in await desk.hindsight.points()] == ["First."]


async def test_of_many_files_some_are_named_and_the_rest_counted(sitting: Sitting) -> None:
    made = [calls(str(n), "write", file_path=f"f{n}.txt", content="x\n") for n in range(7)]
    desk = await sitting.open((["user"], made), (["tool"] * 7, [says("Done.")]))
    desk.submit(words("Go."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    said = await desk.hindsight.undo()
    assert said.startswith("7 files put back: deleted f0.txt, ")
    assert said.endswith("deleted f4.txt, 2 more")


async def test_what_is_changed_in_the_work_tree_is_a_fact_after_a_turn(sitting: Sitting) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(("git", "-C", sitting.work, *arguments), check=True, capture_output=True)

    git("init", "-b", "main")
    (sitting.work / "a").write_text("a\n")
    git("add", "a")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "a")
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="echo b >> a; git checkout -b other")]),
        (["tool"], [says("Done.")]),
    )
    assert (desk.state.branch, desk.state.dirty) == ("main", False)
    desk.submit(words("go"))
    await sitting.turns(1)
    await sitting.until(lambda: (desk.state.branch, desk.state.dirty) == ("other", True))


async def test_git_is_not_asked_where_the_repository_would_make_it_run_something(
    sitting: Sitting,
) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(("git", "-C", sitting.work, *arguments), check=True, capture_output=True)

    git("init", "-b", "main")
    (sitting.work / "a").write_text("a\n")
    git("add", "a")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "a")
    ran = sitting.folder / "ran"
    git("config", "filter.x.clean", f"touch {ran}; cat")
    (sitting.work / ".gitattributes").write_text("a filter=x\n")
    (sitting.work / "a").write_text("b\n")
    desk = await sitting.open(
        (["user"], [calls("1", "bash", command="true")]), (["tool"], [says("Done.")])
    )
    desk.submit(words("go"))
    await sitting.turns(1)
    desk.seat.shell("true")
    await sitting.until(lambda: sitting.bodies(PersonRan))
    await desk.close()
    assert not ran.exists()
    assert not desk.state.dirty


@contextmanager
def full_disk(log: Path) -> Generator[None]:
    """Files can be no longer than this one is."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_what_a_full_disk_keeps_from_being_said_comes_back_and_is_said_once_there_is_room(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [says("One.")]), (["user"], [says("Three.")]))
    desk.submit(words("First."))
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    (log,) = sitting.home.state_dir.rglob(f"{desk.seat.id}.jsonl")
    with full_disk(log):
        desk.submit(words("Second."))
        await sitting.until(lambda: sitting.unheard)
        assert desk.take_back() == words("Second.")
        desk.submit(words("Third."))
        await sitting.until(lambda: len(sitting.unheard) == 2)
    assert sitting.unheard[0] == "" and "File too large" in sitting.unheard[1]
    assert [one.words for one in desk.state.queue] == ["Third."]
    await desk.reopen()
    await sitting.until(lambda: [text.text for text in _answers(sitting)] == ["One.", "Three."])
    assert desk.state.queue == ()


async def test_a_defect_of_who_hears_does_not_leave_a_screen_that_stands_still(
    sitting: Sitting,
) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]))
    sitting.deaf = True
    desk.submit(words("hi"))
    await sitting.until(lambda: sitting.failed)
    assert [str(error) for error in sitting.failed] == ["who hears is broken"]


async def test_a_choice_of_the_person_is_from_them_and_a_flag_from_the_command_line(
    sitting: Sitting,
) -> None:
    desk = await sitting.open(mode=None)
    assert _origins(desk) == {"mode": "default", "model.effort": "default", "model.name": "--model"}
    await desk.set_mode("plan")
    await desk.set_model("", "high")
    chosen = {"mode": CHOSEN, "model.effort": CHOSEN, "model.name": "--model"}
    assert _origins(desk) == chosen
    assert desk.seat.composed.loaded.settings.mode == "plan"
    known = desk.seat.composed.session.conduct.started
    page = experiment_page(desk.seat.composed.loaded, known, ())
    said = [row.text for row in page.rows]
    assert f"{CHOSEN}: mode, model.effort" in said
    assert "set by --model, --sandbox" in said
    await desk.new()
    assert (_origins(desk), desk.state.mode, desk.state.effort) == (chosen, "plan", "high")


async def test_a_choice_that_is_taken_back_is_from_where_it_was_from_before(
    sitting: Sitting,
) -> None:
    desk = await sitting.open(mode="full")
    await desk.set_mode("plan")
    await desk.set_mode("full")
    assert _origins(desk)["mode"] == "--mode"


async def test_the_mode_of_a_session_that_is_gone_on_with_is_from_there(sitting: Sitting) -> None:
    desk = await sitting.open((["user"], [says("Hello.")]), mode=None)
    await desk.set_mode("plan")
    desk.submit(words("Hi."))
    await sitting.turns(1)
    left = desk.seat.id
    await sitting.until(lambda: not desk.state.working)
    await desk.close()
    again = await sitting.open((["user"], [says("Hello.")]), mode=None, resume=left)
    assert (again.state.mode, _origins(again)["mode"]) == ("plan", "as the session was left")


def _origins(desk: Desk) -> dict[str, str]:
    known = desk.seat.composed.loaded.origins
    return {key: str(known[key]) for key in ("mode", "model.effort", "model.name")}


@pytest.mark.parametrize("who", ["model", "person"])
async def test_what_ended_with_kedge_is_said_where_the_log_says_that_it_still_runs(
    sitting: Sitting, who: str
) -> None:
    asked: dict[str, object] = {"run_in_background": True} if who == "model" else {}
    answers: tuple[Answer, ...] = (
        (["user"], [calls("1", "bash", command="echo on; sleep 333", **asked)]),
        (["tool"], [says("It runs.")]),
        (["user"], [says("Ok.")]),
    )
    desk = await sitting.open(*answers)
    desk.submit(words("Go."))
    if who == "person":
        await sitting.until(lambda: sitting.bodies(ActionOutput))
        assert desk.background()
    await sitting.turns(1)
    await sitting.until(lambda: not desk.state.working)
    left = desk.seat.id
    assert re.fullmatch(
        r"still running: bash_1 \(\d+ s\): echo on; sleep 333", _notices(sitting)[-1]
    )
    await desk.close()
    again = await sitting.open(*answers, resume=left)
    gone = "does not run any more: bash_1: echo on; sleep 333"
    assert _notices(sitting)[-1] == gone
    again.submit(words("Go on."))
    await sitting.turns(2)
    assert _notices(sitting).count(gone) == 1
    log = list(again.seat.composed.storage.store.read(left))
    assert sum(event.body == Notice("background_gone", gone) for event in log) == 1
    prompts = [event.body.prompt for event in log if isinstance(event.body, TurnStarted)]
    assert "- bash_1: echo on; sleep 333]" in str(prompts[-1])


def _notices(sitting: Sitting) -> list[str]:
    return [notice.text for notice in sitting.bodies(Notice)]

"""The question on a terminal, and what each key means. The terminal is a real one."""

import asyncio
import os
import pty
from contextlib import suppress

import pytest
from msgspec import structs

from kedge.agent.effects import CommandPart, Effect
from kedge.agent.events import Grant
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, No, Question, Yes
from kedge.cli.asking import GRACE_SECONDS, LineApprover, question_text
from kedge.cli.terminal import Out, Style

COMMAND = "ls src && make install"
PART = CommandPart(("make", "install"), "unknown", "nobody knows what make does")
MAKE = Action(
    ToolCall("1", "bash", "{}"),
    {"command": COMMAND},
    (
        Effect("run", "ls src", 0, (0, 6), CommandPart(("ls", "src"), "safe", "ls only reads")),
        Effect("run", "make install", 1, (10, 22), PART),
    ),
)
QUESTION = Question(MAKE, "gate", "`make install`: nobody knows", (1,), ("bash(make install)",))
FINAL = Question(MAKE, "rules", "a rule asks", (1,))
PLAIN = Style(colour=False)


def test_the_question_shows_the_command_the_part_in_question_and_what_always_means():
    lines = question_text(QUESTION, PLAIN).splitlines()
    assert f"  {COMMAND}" in lines
    assert lines[lines.index(f"  {COMMAND}") + 1] == "  in question: make install"
    text = "\n".join(lines)
    assert "bash(make install)" in text
    assert "nobody knows what make does" in text
    assert "asked by gate" in text


def test_with_colours_the_part_in_question_is_marked_in_its_place():
    text = question_text(QUESTION, Style(colour=True))
    assert "\x1b[1mls src && \x1b[0m\x1b[1;4;7mmake install\x1b[0m" in text
    assert "in question" not in text


def test_a_question_that_cannot_be_answered_for_good_does_not_offer_it():
    text = question_text(FINAL, PLAIN)
    assert "session" not in text
    assert "1 once" in text


def test_a_change_is_shown_as_its_diff():
    edit = Action(ToolCall("1", "edit", "{}"), {"file_path": "a"}, (Effect("write", "/w/a"),))
    question = Question(edit, "gate", "writing /w/a", (0,), (), "-old\n+new")
    text = question_text(question, PLAIN)
    assert "  -old\n  +new\n" in text
    assert "writes /w/a" in text


def test_control_codes_of_a_command_are_not_obeyed():
    evil = Action(
        ToolCall("1", "bash", "{}"), {"command": "\x1b[2Jrm -rf /\x07"}, (Effect("run", "rm"),)
    )
    assert "\x1b" not in question_text(Question(evil, "gate", "\x1b]0;x\x07", (0,)), PLAIN)


class Terminal:
    """A person's end of a pseudo-terminal."""

    def __init__(self):
        self.person, self.kedge = pty.openpty()
        self.now = 0.0
        self.looks = 0
        self.looked = asyncio.Event()
        self.approver = LineApprover(Out(self.kedge), PLAIN, self.kedge, clock=self.clock)
        self.screen = b""

    def clock(self):
        self.looks += 1
        if self.looks > 1:
            self.looked.set()
        return self.now

    async def has_taken_a_key(self):
        """Until a key was looked at; the clock is read once before."""
        await asyncio.wait_for(self.looked.wait(), 60)

    async def shows(self, words):
        while words.encode() not in self.screen:
            await _readable(self.person)
            self.screen += os.read(self.person, 4096)

    def types(self, keys):
        os.write(self.person, keys.encode())


async def _readable(descriptor):
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    for descriptor in (terminal.person, terminal.kedge):
        with suppress(OSError):
            os.close(descriptor)


async def answered(terminal, question, keys):
    task = asyncio.create_task(terminal.approver.decide(question))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types(keys)
    return await asyncio.wait_for(task, 60)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ("1", Yes()),
        ("y", Yes()),
        ("2", Yes(Grant("session", ("bash(make install)",)))),
        ("3", Yes(Grant("project", ("bash(make install)",)))),
        ("4", Yes(Grant("user", ("bash(make install)",)))),
        ("5", No("the person said no")),
        ("n", No("the person said no")),
    ],
)
async def test_a_key_is_an_answer(terminal, keys, answer):
    approval = await answered(terminal, QUESTION, keys)
    assert (approval.answer, approval.by) == (answer, "person")


async def test_keys_pressed_as_the_question_appears_answer_nothing(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS / 2
    terminal.types("1")
    await terminal.has_taken_a_key()
    terminal.now = GRACE_SECONDS
    terminal.types("5")
    assert isinstance((await asyncio.wait_for(task, 60)).answer, No)


async def test_no_rule_is_stored_where_none_was_offered(terminal):
    task = asyncio.create_task(terminal.approver.decide(FINAL))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("2")
    await terminal.has_taken_a_key()
    terminal.types("1")
    assert (await asyncio.wait_for(task, 60)).answer == Yes()


async def test_a_no_can_carry_words(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("6")
    await terminal.shows("instead?")
    terminal.types("use ninja\n")
    approval = await asyncio.wait_for(task, 60)
    assert approval.answer == No("the person said no: use ninja")


async def test_the_rule_can_be_edited_before_it_is_stored(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("e")
    await terminal.shows("Rules instead of")
    terminal.types("bash(make *)\n")
    await terminal.shows("4 everywhere: ")
    terminal.types("3")
    approval = await asyncio.wait_for(task, 60)
    assert approval.answer == Yes(Grant("project", ("bash(make *)",)))


async def test_a_terminal_that_closes_means_no_and_nobody_said_it(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    os.close(terminal.person)
    approval = await asyncio.wait_for(task, 60)
    assert isinstance(approval.answer, No)
    assert approval.by == "unattended"


async def test_a_rule_that_is_none_is_not_taken(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("e")
    await terminal.shows("Rules instead of")
    terminal.types("bash((\n")
    await terminal.shows("can never match")
    terminal.types("bash(make)\n")
    await terminal.shows("4 everywhere: ")
    terminal.types("2")
    approval = await asyncio.wait_for(task, 60)
    assert approval.answer == Yes(Grant("session", ("bash(make)",)))


async def test_a_rule_that_misses_what_is_asked_is_not_taken_and_a_wide_one_is_warned_of(terminal):
    question = structs.replace(QUESTION, covers=lambda rules: rules != ("bash(npm *)",))
    task = asyncio.create_task(terminal.approver.decide(question))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("e")
    await terminal.shows("Rules instead of")
    terminal.types("bash(npm *)\n")
    await terminal.shows("what is asked is not covered")
    terminal.types("bash(*)\n")
    await terminal.shows("far wider than what is asked: every command")
    await terminal.shows("4 everywhere: ")
    terminal.types("2")
    approval = await asyncio.wait_for(task, 60)
    assert approval.answer == Yes(Grant("session", ("bash(*)",)))


async def test_questions_that_are_asked_at_once_are_counted_and_one_key_refuses_them_all(terminal):
    asked = [asyncio.create_task(terminal.approver.decide(QUESTION)) for _ in range(3)]
    await terminal.shows("? 1 of 3 · bash:")
    await terminal.shows("7 no to all")
    terminal.now = GRACE_SECONDS
    terminal.types("1")
    await terminal.shows("? 2 of 3 · bash:")
    terminal.now = 2 * GRACE_SECONDS
    terminal.types("7")
    answers = [one.answer for one in await asyncio.wait_for(asyncio.gather(*asked), 60)]
    assert answers == [Yes(), No("the person said no"), No("the person said no")]
    later = asyncio.create_task(terminal.approver.decide(FINAL))
    await terminal.shows("? bash: a rule asks")
    terminal.now = 3 * GRACE_SECONDS
    terminal.types("1")
    assert (await asyncio.wait_for(later, 60)).answer == Yes()


async def test_a_question_that_comes_later_is_announced_below_the_one_that_is_shown(terminal):
    first = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    second = asyncio.create_task(terminal.approver.decide(FINAL))
    await terminal.shows("then: bash: a rule asks · 7 no to all")
    terminal.now = GRACE_SECONDS
    terminal.types("7")
    for task in (first, second):
        assert isinstance((await asyncio.wait_for(task, 60)).answer, No)


async def test_without_other_questions_there_is_no_answer_to_all_of_them(terminal):
    task = asyncio.create_task(terminal.approver.decide(QUESTION))
    await terminal.shows("say why")
    terminal.now = GRACE_SECONDS
    terminal.types("7")
    await terminal.has_taken_a_key()
    terminal.types("1")
    assert (await asyncio.wait_for(task, 60)).answer == Yes()

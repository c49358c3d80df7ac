"""When a person who looks elsewhere is told, and how their terminal is asked to do it."""

import os
import shutil
import subprocess

import pytest
from msgspec import structs

from kedge.cli.tui.desk.state import Asked, DeskState, Task
from kedge.cli.tui.terminal.notify import LONG_TURN, Notifier, sequence, tmux_hands_on, way

WORKING = DeskState(cwd="/home/me/basket", working=True, since=100.0)
ASKING = DeskState(
    cwd="/home/me/basket", working=True, since=100.0, questions=(Asked(1, None, (), 0.0),)
)
DONE = DeskState(cwd="/home/me/basket")
AFTER_LONG = 100.0 + LONG_TURN + 1


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({"TERM_PROGRAM": "WezTerm"}, "osc777"),
        ({"TERM_PROGRAM": "ghostty"}, "osc777"),
        ({"TERM": "xterm-kitty"}, "osc99"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, "osc99"),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, "bell"),
        ({}, "bell"),
    ],
)
def test_each_terminal_is_told_in_its_own_way(env, found):
    assert way(env) == found


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("bell", "\a"),
        ("osc9", "\x1b]9;a;b: words\x1b\\"),
        ("osc777", "\x1b]777;notify;a,b;words\x1b\\"),
        ("osc99", "\x1b]99;i=kedge:d=0:p=title;a;b\x1b\\\x1b]99;i=kedge:p=body;words\x1b\\"),
    ],
)
def test_what_the_terminal_gets(kind, written):
    assert sequence(kind, "a;b", "words") == written


def test_words_of_strangers_end_no_sequence_and_are_short():
    written = sequence("osc9", "\x1b\\evil\a", "x" * 1000)
    assert written.count("\x1b") == 2
    assert "\a" not in written
    assert len(written) < 300


def test_tmux_is_asked_to_hand_it_on():
    assert sequence("osc9", "a", "b", tmux=True) == "\x1bPtmux;\x1b\x1b]9;a: b\x1b\x1b\\\x1b\\"
    assert sequence("bell", "a", "b", tmux=True) == "\a"


class Told(list[str]):
    """What was written, by a notifier of an iTerm2."""

    def __init__(self, setting="unfocused", **env: str) -> None:
        super().__init__()
        self.notifier = Notifier(setting, {"TERM_PROGRAM": "iTerm.app", **env}, self.append)

    def hear(self, *all: DeskState, focused: bool = False, now: float = AFTER_LONG) -> "Told":
        for state in all:
            self.notifier.hear(state, focused=focused, now=now)
        return self


def test_a_question_is_told_once():
    told = Told().hear(WORKING, ASKING, ASKING)
    assert told == ["\x1b]9;kedge · basket: a question waits for you\x1b\\"]


def test_the_end_of_a_command_in_the_background_is_told_once():
    task = Task("bash_1", "npm test", 5.0, "", True, "running for 5 s")
    over = structs.replace(DONE, tasks=(structs.replace(task, running=False),))
    told = Told().hear(structs.replace(DONE, tasks=(task,)), over, over)
    assert told == ["\x1b]9;kedge · basket: a command in the background is over\x1b\\"]


def test_the_end_of_a_long_turn_is_told_and_that_of_a_short_one_is_not():
    assert "the turn is over" in Told().hear(WORKING, DONE)[0]
    assert Told().hear(WORKING, DONE, now=100.0 + LONG_TURN) == []


def test_who_looks_is_not_told_unless_they_want_it():
    assert Told().hear(WORKING, ASKING, DONE, focused=True) == []
    assert len(Told("always").hear(WORKING, ASKING, focused=True)) == 1
    assert Told("off").hear(WORKING, ASKING, DONE) == []


def test_a_question_that_came_while_one_looked_is_not_told_when_one_looks_away():
    assert Told().hear(ASKING, focused=True).hear(ASKING) == []


def test_a_tmux_that_was_not_asked_gets_the_bell():
    assert Told(TMUX="/tmp/no,1,0").hear(WORKING, ASKING) == ["\a"]


@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")
async def test_a_real_tmux_says_whether_it_hands_sequences_on(tmp_path):
    socket = str(tmp_path / "tmux")
    env = {**os.environ, "TMUX": f"{socket},0,0"}

    def tmux(*words: str) -> None:
        subprocess.run(["tmux", "-S", socket, "-f", "/dev/null", *words], check=True, timeout=30)

    tmux("new-session", "-d", "sleep", "60")
    try:
        assert not await tmux_hands_on(env)
        tmux("set-option", "-g", "allow-passthrough", "on")
        assert await tmux_hands_on(env)
    finally:
        tmux("kill-server")
    assert not await tmux_hands_on(env)
    assert not await tmux_hands_on({**env, "TMUX": ""})

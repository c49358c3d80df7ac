"""Editors that fail, and terminals that are gone or stand still: what goes on, what ends."""

import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from e2e.person import Person
from e2e.process import COMMAND, PATIENCE, Kedge, alive, kedges, wait_until
from e2e.remotes import Served
from loopback.script import Call, turn

tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SLEEP = f"sleep 8642{os.getpid()}"
WORKS = turn(Call("bash", {"command": f"touch begun; {SLEEP}"}))
FULL = ("--sandbox", "off", "--mode", "full")


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


@tmux
@pytest.mark.parametrize("shown", [(), ("--inline",)])
@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 3", "ended with 3"), ("", "did not start")],
    ids=["fails", "is not"],
)
def test_after_an_editor_that_fails_the_words_are_there_and_keys_are_heard(
    person: Person, tmp_path: Path, served: Served, script: str, words: str, shown: tuple[str, ...]
) -> None:
    editor = program(tmp_path / "editor", script) if script else "/nowhere/editor"
    person.starts(*served(turn("Heard.")), "--set", f"tui.editor={editor}", *shown)
    person.sees("Ask for something")
    person.screen.press("half a sentence")
    person.screen.press("C-g")
    wait_until(lambda: words in " ".join(person.screen.text.split()), "it is told")
    person.screen.type(", and its end")
    assert "half a sentence, and its end" in person.sees("Heard.")


@tmux
def test_a_terminal_that_closes_while_an_editor_has_it_ends_all(
    person: Person, kedge: Kedge, tmp_path: Path, served: Served
) -> None:
    waits = f"trap '' HUP TERM; touch {tmp_path}/open; exec {SLEEP}1"
    editor = program(tmp_path / "editor", waits)
    person.starts(*served(WORKS), "--set", f"tui.editor={editor}", *FULL, "go")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    person.sees("esc interrupts")
    person.screen.press("C-g")
    wait_until((tmp_path / "open").exists, "the editor runs")
    person.screen.close()
    wait_until(lambda: not kedges(kedge.home), "kedge is over")
    wait_until(lambda: not alive(SLEEP), "the command and the editor are over")
    assert kedge.log[-1]["kind"] == "result"


def test_a_terminal_that_stands_still_keeps_nothing_from_ending(
    kedge: Kedge, served: Served
) -> None:
    outside, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = (*COMMAND, *served(WORKS), *FULL, "go")
    env = {**kedge.env, "TERM": "xterm-256color", "COLORFGBG": "15;0"}
    process = subprocess.Popen(
        command, cwd=kedge.cwd, env=env, stdin=inside, stdout=inside, stderr=inside,
        start_new_session=True,
    )  # fmt: skip
    try:
        # Nobody reads what it writes: first the terminal is full, then all that waits before it.
        wait_until((kedge.cwd / "begun").exists, "the command runs")
        for _ in range(200):
            os.write(outside, b"words of many letters ")
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE) == 143
        assert not alive(SLEEP)
        assert kedge.log[-1]["kind"] == "result"
    finally:
        process.kill()
        process.wait()
        os.close(inside)
        os.close(outside)

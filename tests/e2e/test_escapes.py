"""What a model or a command prints cannot act on the terminal: the bytes that a terminal gets."""

import os
import pty
import re
import shlex
import subprocess
from collections.abc import Iterable

import pytest

from e2e.process import COMMAND, PATIENCE, Kedge
from e2e.remotes import Served
from loopback.script import Call, Turn, turn

EVIL = "\x1b]0;owned\x07\x1b[38;5;201mred\x1b[2J\x1b[H\x9b31mwide\u202eback\rover\b"
OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[[0-9]A\x1b\[J")
"""Colours, and going a few lines up to draw them anew, are all that kedge itself sends."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(kedge: Kedge, arguments: Iterable[str], *, out: bool = True, err: bool = True) -> bytes:
    """What a terminal gets on which stdout, stderr or both of a run are."""
    terminal, line = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=kedge.cwd,
        env={**kedge.env, "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=line if out else subprocess.DEVNULL,
        stderr=line if err else subprocess.DEVNULL,
    )
    os.close(line)
    got = b""
    try:
        # Linux says EIO when the last writer has gone.
        while chunk := os.read(terminal, 65_536):
            got += chunk
    except OSError:
        pass
    finally:
        os.close(terminal)
        process.wait(timeout=PATIENCE)
    return got


def acting(got: bytes) -> set[str]:
    """Characters that a terminal would act on, our colours and line ends aside."""
    text = OURS.sub(b"", got.replace(b"\r\n", b"\n")).decode()
    return {one for one in text if CONTROL.match(one)}


def evil_turns() -> list[Turn]:
    """Everything that a run shows, each with terminal codes in it."""
    name = "made\x1b[31m\x07"
    return [
        turn(
            EVIL,
            Call("bash", {"command": f"printf %s {shlex.quote(EVIL)}", "description": EVIL}),
            Call("write", {"file_path": name, "content": EVIL}),
            Call("read", {"file_path": name}),
            Call("grep", {"pattern": EVIL}),
            Call("no" + EVIL, {"command": EVIL}),
            Call("bash", EVIL),
        ),
        turn(EVIL),
    ]


@pytest.mark.parametrize(("out", "err"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("more", [(), ("-v",)])
def test_a_run_shows_nothing_that_acts(
    kedge: Kedge, served: Served, out: bool, err: bool, more: tuple[str, ...]
) -> None:
    options = served(*evil_turns())
    got = shown(kedge, (*options, "-p", EVIL, "--mode", "full", *more), out=out, err=err)
    assert b"wide" in got and b"\x1b[38;5;201m" not in got
    assert acting(got) == set()


def test_a_refusal_a_check_and_an_error_show_nothing_that_acts(
    kedge: Kedge, served: Served
) -> None:
    options = served(*evil_turns()[:1], *[turn(EVIL)] * 3)
    check = ("--verify", f"echo {shlex.quote(EVIL)}; false")
    got = shown(kedge, (*options, "-p", "x", "--mode", "ask", *check))
    assert acting(got) == set()
    got = shown(kedge, (*options, "-p", "x", "-C", EVIL))
    assert b"not a directory" in got and acting(got) == set()


def test_sessions_show_nothing_that_acts(kedge: Kedge, served: Served) -> None:
    assert kedge(*served(*evil_turns()), "-p", EVIL, "--mode", "full").code == 0
    for command in (("list",), ("list", "--all"), ("show", kedge.logs[0].stem)):
        assert acting(shown(kedge, ("sessions", *command))) == set()


def test_a_pipe_gets_the_words_as_they_are(kedge: Kedge, served: Served) -> None:
    assert kedge(*served(turn(EVIL)), "-p", "x").answer == EVIL + "\n"

"""What the interactive terminal sends to a terminal, byte by byte: notifications, the title, modes,
copies, and what it makes of terminals that can little."""

import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from e2e.process import PATIENCE, Kedge, wait_until
from e2e.pseudo import Pseudo, kedge_command
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Fault, turn

OPTIONS = ("--sandbox", "off", "--set", "tui.grace_ms=0")
ASKS = turn(Call("bash", {"command": "touch made"}), fault=Fault("stall", after=1))
"""It is held until it is released: somebody looks elsewhere meanwhile."""
WAITING = "a question waits for you"
UNFOCUSED, FOCUSED = b"\x1b[O", b"\x1b[I"
OSC = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\\\)")
SETS = re.compile(rb"\x1b\[\?(\d+)([hl])")
Opens = Callable[..., Pseudo]


@pytest.fixture
def opens(kedge: Kedge) -> Iterator[Opens]:
    """Opens terminals with kedge in them; variables by name."""
    opened: list[Pseudo] = []
    seen = kedge.home / "state" / "seen"
    seen.mkdir(parents=True)
    (seen / "toured").touch()

    def open_one(*arguments: str, command: tuple[str, ...] = (), **env: str) -> Pseudo:
        whole = {**kedge.env, "TERM": "xterm-256color", **env}
        one = Pseudo(kedge.cwd, whole, command or kedge_command(*arguments))
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()


def told(terminal: Pseudo, sent: bytes) -> None:
    """Wait until it was sent; a bell, not the end of another sequence."""
    terminal.until(
        lambda: sent in (OSC.sub(b"", terminal.written) if sent == b"\a" else terminal.written)
    )


def leaves(terminal: Pseudo) -> None:
    """Leave; once more where the turn of which the answer was seen is not over yet."""
    since = len(terminal.written)
    terminal.press(b"\x04")
    terminal.until(lambda: terminal.is_over or b"to leave" in terminal.written[since:])
    if not terminal.is_over:
        terminal.press(b"\x04")
    assert terminal.ends() == 0


@pytest.mark.parametrize(
    ("env", "sent"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, f"\x1b]9;kedge · work: {WAITING}\x1b\\"),
        ({"TERM_PROGRAM": "ghostty"}, f"\x1b]777;notify;kedge · work;{WAITING}\x1b\\"),
        ({"TERM": "xterm-kitty"}, f"\x1b]99;i=kedge:p=body;{WAITING}\x1b\\"),
        ({}, "\a"),
    ],
)
def test_who_looks_elsewhere_is_told_of_a_question(
    opens: Opens,
    kedge: Kedge,
    threaded_loopback: ThreadedLoopback,
    env: dict[str, str],
    sent: str,
) -> None:
    server = threaded_loopback([ASKS])
    terminal = opens(*REMOTES["anthropic"].options(server.url), *OPTIONS, "go", **env)
    server.wait_for(lambda: server.stalled > 0, PATIENCE)
    since = len(terminal.written)
    terminal.press(UNFOCUSED)
    terminal.heard()
    server.release()
    told(terminal, sent.encode())
    terminal.sees(b"once", since)
    # The keys are where they were: with the question, then with the prompt again.
    terminal.press(FOCUSED + b"1")
    wait_until((kedge.cwd / "made").exists, "it is answered")


def test_who_looks_is_not_told(opens: Opens, served: Served) -> None:
    asks = structs.replace(ASKS, fault=None)
    terminal = opens(*served(asks, turn("Done.")), *OPTIONS, "go", TERM_PROGRAM="iTerm.app")
    terminal.sees(b"waiting for your answer")
    terminal.press(b"1")
    terminal.sees(b"Done.")
    leaves(terminal)
    assert WAITING.encode() not in terminal.written


@pytest.mark.parametrize("shown", [(), ("--inline",)])
def test_what_was_switched_on_is_switched_off(
    opens: Opens, served: Served, shown: tuple[str, ...]
) -> None:
    terminal = opens(*served(turn("Done.")), *OPTIONS, *shown, "go")
    terminal.sees(b"Done.")
    terminal.sees(b"\x1b]0;kedge")
    leaves(terminal)
    last = dict(SETS.findall(terminal.written))
    at_rest = {b"25": b"h", b"7": b"h"}
    assert {mode: how for mode, how in last.items() if how == b"h"} == at_rest
    assert terminal.written.count(b"\x1b[22;0t") == terminal.written.count(b"\x1b[23;0t") == 1
    assert len(re.findall(rb"\x1b\[>\d+u", terminal.written)) == terminal.written.count(b"\x1b[<u")


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "xterm-256color"},
        {"TERM": "xterm-256color", "LANG": "C", "SSH_CONNECTION": "a b", "SSH_TTY": "/dev/pts/9"},
        {"TERM": "screen", "LANG": "C"},
        {"TERM": "linux"},
        {"TERM": "vt100", "LC_ALL": "C"},
    ],
)
@pytest.mark.parametrize("shown", [(), ("--inline",)])
def test_terminals_that_can_little_will_do(
    opens: Opens, served: Served, env: dict[str, str], shown: tuple[str, ...]
) -> None:
    terminal = opens(*served(turn("Said so.")), *OPTIONS, *shown, "go", **env)
    terminal.sees(b"Said so.")
    leaves(terminal)
    if env["TERM"] == "linux":
        assert b"\x1b]0;" not in terminal.written


def test_a_dumb_terminal_is_written_line_by_line_and_told_so(opens: Opens, served: Served) -> None:
    terminal = opens(*served(turn("Said so.")), *OPTIONS, "go", TERM="dumb")
    terminal.sees(b"Said so.")
    terminal.until(lambda: terminal.written.rstrip().endswith(b"ask>"))
    terminal.press(b"/quit\n")
    assert terminal.ends() == 0
    assert terminal.written.count(b"TERM=dumb") == 1
    assert b"\x1b" not in terminal.written


def test_over_ssh_a_copy_is_sent_to_the_terminal_and_no_more_is_claimed(
    opens: Opens, served: Served
) -> None:
    terminal = opens(*served(turn("Said so.")), *OPTIONS, "go", SSH_CONNECTION="a b", DISPLAY=":9")
    terminal.sees(b"Said so.")
    terminal.press(b"/copy\r")
    terminal.sees(b"\x1b]52;c;U2FpZCBzby4=\a")
    terminal.sees(b"may refuse it")
    leaves(terminal)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("passes", [True, False])
def test_within_tmux_the_terminal_around_it_is_told(
    opens: Opens,
    kedge: Kedge,
    threaded_loopback: ThreadedLoopback,
    tmp_path: Path,
    passes: bool,
) -> None:
    socket = str(tmp_path / "tmux.sock")

    def tmux(*words: str) -> bytes:
        own = ["tmux", "-u", "-S", socket, *words]
        env = {**kedge.env, "TERM": "xterm-256color"}
        return subprocess.run(
            own, check=True, capture_output=True, timeout=PATIENCE, env=env
        ).stdout

    tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(kedge.cwd),
         "bash --norc --noprofile")  # fmt: skip
    try:
        tmux("set-option", "-g", "allow-passthrough", "on" if passes else "off")
        tmux("set-option", "-g", "focus-events", "on")
        outside = opens(command=("tmux", "-u", "-S", socket, "attach"))
        server = threaded_loopback([ASKS])
        command = kedge_command(*REMOTES["anthropic"].options(server.url), *OPTIONS, "go")
        tmux("send-keys", "-l", "ITERM_SESSION_ID=1 " + " ".join(command))
        tmux("send-keys", "Enter")
        server.wait_for(lambda: server.stalled > 0, PATIENCE)
        outside.press(UNFOCUSED)
        outside.heard()
        server.release()
        wanted = f"\x1b]9;kedge · work: {WAITING}\x1b\\".encode() if passes else b"\a"
        told(outside, wanted)
        wait_until(lambda: b"1 once" in tmux("capture-pane", "-p"), "it can be answered")
        tmux("send-keys", "1")
        wait_until((kedge.cwd / "made").exists, "it is answered")
    finally:
        tmux("kill-server")


@pytest.mark.parametrize("mode", [(), ("--inline",)])
def test_whom_somebody_stopped_from_outside_has_the_terminal_once(
    opens: Opens, served: Served, mode: tuple[str, ...]
) -> None:
    terminal = opens(*served(), *OPTIONS, *mode)
    terminal.sees(b"\x1b[?2004h")
    for _ in range(2):
        since = len(terminal.written)
        terminal.send(signal.SIGSTOP)
        terminal.send(signal.SIGCONT)
        terminal.sees(b"\x1b[?2004h", since)
        assert not terminal.is_usual
    since = len(terminal.written)
    terminal.press(b"typed once")
    terminal.sees(b"typed once", since)
    terminal.press(b"\x15")
    terminal.press(b"\x04")
    assert terminal.ends() == 0
    assert terminal.is_usual

"""A host that can confine nothing: refused with a remedy, never let through in silence.

The host is simulated by a filter, installed before kedge starts: user namespaces are forbidden and
the kernel does not know Landlock.
"""

import sys
from pathlib import Path

import pytest

from e2e.process import Kedge
from e2e.remotes import ANSWER, KEYS, REMOTES, demo_project, fixing
from loopback.fixtures import ThreadedLoopback

LAUNCHER = """
import ctypes, os, platform, struct, sys
unshare, clone = (272, 56) if platform.machine() == "x86_64" else (97, 220)
def op(code, value, true=0, false=0): return struct.pack("=HBBI", code, true, false, value)
program = b"".join([
    op(0x20, 0), op(0x15, 435, 1, 0), op(0x15, 444, 0, 1), op(6, 0x50026),
    op(0x15, unshare, 1, 0), op(0x15, clone, 0, 3),
    op(0x20, 16), op(0x45, 0x10000000, 0, 1), op(6, 0x50001), op(6, 0x7fff0000)])
libc = ctypes.CDLL(None)
code = ctypes.create_string_buffer(program, len(program))
assert libc.prctl(38, 1, 0, 0, 0) == 0
what = ctypes.c_char_p(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
assert libc.prctl(22, 2, what, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
HOST = (sys.executable, "-c", LAUNCHER, sys.executable, "-m", "kedge")


@pytest.fixture
def kedge(tmp_path: Path) -> Kedge:
    (tmp_path / "work").mkdir()
    return Kedge(tmp_path / "work", tmp_path / "home", KEYS)


def test_a_command_is_not_run_there_and_the_remedy_is_said(kedge: Kedge) -> None:
    ran = kedge("sandbox", "run", "--", "touch", "made", command=HOST)
    assert ran.code == 5
    assert not (kedge.cwd / "made").exists()
    said = ran.complaint.splitlines()
    assert said[0].startswith(
        "kedge: commands cannot be confined here: the namespaces cannot be entered: user"
    )
    assert "no Landlock" in said[0]
    assert len(said) == 2 and said[1].startswith("  ")


def test_what_can_be_reached_there_is_said_by_the_check(kedge: Kedge) -> None:
    ran = kedge("sandbox", "check", command=HOST)
    assert ran.code == 5
    assert "no Landlock" in ran.complaint


def test_a_run_of_the_agent_ends_before_any_request(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    remote = REMOTES["anthropic"]
    demo_project(kedge.cwd / "basket")
    server = threaded_loopback(fixing(remote), allow_unused=True)
    options = remote.options(server.url, "-C", "basket", "--mode", "full", "-p", "Fix it.")
    ran = kedge(*options, "--output-format", "stream-json", command=HOST)
    assert ran.code == 5
    assert "cannot be confined here" in ran.complaint
    assert not server.requests


def test_a_person_may_go_on_without_and_every_result_says_so(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    remote = REMOTES["anthropic"]
    demo_project(kedge.cwd / "basket")
    server = threaded_loopback(fixing(remote))
    options = remote.options(server.url, "-C", "basket", "--mode", "full", "-p", "Fix it.")
    ran = kedge(*options, "--sandbox", "off", "--output-format", "stream-json", command=HOST)
    assert ran.code == 0, ran.complaint
    assert ran.result["text"] == ANSWER
    assert ran.result["sandbox"] == "off"
    assert ran.records[0]["sandbox"] == "off"


def test_nothing_is_confined_at_the_level_off_which_is_a_person_s_word(kedge: Kedge) -> None:
    ran = kedge("sandbox", "run", "--level", "off", "--", "touch", "made", command=HOST)
    assert ran.code == 0
    assert (kedge.cwd / "made").exists()

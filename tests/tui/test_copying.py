"""The clipboard of this machine, where there is one."""

import asyncio
import os
import shutil
import subprocess

import pytest

from kedge.cli.tui.terminal.copying import commands, copy
from kedge.config.errors import UsageError


@pytest.mark.parametrize(
    ("env", "platform", "programs"),
    [
        ({}, "darwin", ["pbcopy"]),
        ({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "linux", ["wl-copy", "xclip", "xsel"]),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "a b"}, "linux", []),
        ({"TMUX": "t", "SSH_CONNECTION": "a b"}, "linux", ["tmux"]),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", []),
        ({"TMUX": "t", "DISPLAY": ":0"}, "linux", ["xclip", "xsel", "tmux"]),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ["clip.exe"]),
        ({}, "linux", []),
    ],
)
def test_a_program_is_chosen_by_where_one_sits(env, platform, programs):
    assert [command[0] for command in commands(env, platform)] == programs


async def test_the_first_program_that_takes_it_is_named(tmp_path):
    for name, body in {"wl-copy": "exit 1", "xclip": 'cat > "$COPIED"; sleep 3 &'}.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    copied = tmp_path / "copied"
    path = f"{tmp_path}:{os.environ['PATH']}"
    env = {"PATH": path, "WAYLAND_DISPLAY": "w", "DISPLAY": ":0", "COPIED": str(copied)}
    # A program that goes on in the background is not waited for.
    sent: list[str] = []
    said = await asyncio.wait_for(copy("wörds\n", env, sent.append), 30)
    assert (said, sent) == ("copied by xclip", [])
    assert copied.read_text(encoding="utf-8") == "wörds\n"


async def test_where_there_is_none_the_terminal_is_asked_and_nothing_is_claimed(tmp_path):
    sent: list[str] = []
    env = {"PATH": str(tmp_path), "DISPLAY": ":0", "TERM": "xterm-256color"}
    assert await copy("wörds", env, sent.append) == "sent to the terminal, which may refuse it"
    assert sent == ["\x1b]52;c;d8O2cmRz\a"]


@pytest.mark.parametrize("env", [{"TERM": "linux"}, {"TERM": "dumb"}, {}])
async def test_a_terminal_without_a_clipboard_is_not_asked(tmp_path, env):
    sent: list[str] = []
    with pytest.raises(UsageError, match="no clipboard"):
        await copy("words", {"PATH": str(tmp_path), **env}, sent.append)
    assert sent == []


@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")
async def test_a_real_tmux_takes_it(tmp_path):
    socket = str(tmp_path / "tmux")

    def tmux(*words: str) -> bytes:
        own = ["tmux", "-S", socket, "-f", "/dev/null", *words]
        return subprocess.run(own, check=True, capture_output=True, timeout=30).stdout

    tmux("new-session", "-d", "sleep", "60")
    try:
        here = {"PATH": os.environ["PATH"], "TMUX": f"{socket},0,0"}
        assert "given to tmux" in await copy("words", here, print)
        assert tmux("show-buffer") == b"words"
    finally:
        tmux("kill-server")

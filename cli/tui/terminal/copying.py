"""Copies text to the clipboard by the surest way there is, and says which that was.

A program of this machine, if a person sits before it; within tmux its own command, since tmux by
default ignores a program that asks as a terminal is asked (tmux(1), `set-clipboard`); else the
terminal (OSC 52 of xterm's control sequences), which also works over SSH, but never answers.
"""

import asyncio
import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ....config.errors import UsageError

_SECONDS: Final = 2.0
"""How long a program may take that should take none."""
_TMUX: Final = ("tmux", "load-buffer", "-w", "-")
_DEAF: Final = ("linux", "dumb")
"""Terminals without a clipboard."""


def commands(env: Mapping[str, str], platform: str = sys.platform) -> Iterator[tuple[str, ...]]:
    """What reaches a clipboard from here, the surest first."""
    # Over SSH the clipboard of this machine is not the one before which the person sits.
    if not (env.get("SSH_CONNECTION") or env.get("SSH_TTY")):
        yield from _local(env, platform)
    if env.get("TMUX"):
        yield _TMUX


def _local(env: Mapping[str, str], platform: str) -> Iterator[tuple[str, ...]]:
    if platform == "darwin":
        yield ("pbcopy",)
    if env.get("WAYLAND_DISPLAY"):
        yield ("wl-copy",)
    if env.get("DISPLAY"):
        yield ("xclip", "-selection", "clipboard")
        yield ("xsel", "--clipboard", "--input")
    if env.get("WSL_DISTRO_NAME"):
        yield ("clip.exe",)


async def copy(text: str, env: Mapping[str, str], send: Callable[[str], None]) -> str:
    """Copy; in words what is known of it. `send` takes what the terminal gets.

    Raises:
        UsageError: there is no clipboard.
    """
    for command in commands(env):
        if shutil.which(command[0], path=env.get("PATH")) and await _fed(command, text, env):
            if command is _TMUX:
                return "given to tmux, which hands it to a terminal that takes it"
            return f"copied by {command[0]}"
    if env.get("TERM", "dumb") in _DEAF:
        raise UsageError("this terminal has no clipboard", hint="/export writes a file")
    send(f"\x1b]52;c;{b64encode(text.encode('utf-8', 'replace')).decode('ascii')}\a")
    return "sent to the terminal, which may refuse it"


async def _fed(command: tuple[str, ...], text: str, env: Mapping[str, str]) -> bool:
    """Whether a program took the text."""
    # Some go on in the background to serve the clipboard: with pipes they would be waited for.
    nowhere = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=dict(env), stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_SECONDS):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0

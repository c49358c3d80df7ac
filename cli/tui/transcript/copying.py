"""Copies text to the clipboard with a program of this machine.

The terminal is asked besides (OSC 52, `App.copy_to_clipboard`), which also works over SSH but not
in every terminal, and in tmux only by its own command (tmux(1), `set-clipboard`).
"""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Mapping

_SECONDS = 2.0
"""How long a program may take that should take none."""


def commands(env: Mapping[str, str], platform: str = sys.platform) -> Iterator[tuple[str, ...]]:
    """What reaches a clipboard from here, the likeliest first."""
    if env.get("TMUX"):
        yield ("tmux", "load-buffer", "-w", "-")
    if env.get("SSH_CONNECTION"):
        # The clipboard of that machine is not the one before which the person sits.
        return
    if platform == "darwin":
        yield ("pbcopy",)
    if env.get("WAYLAND_DISPLAY"):
        yield ("wl-copy",)
    if env.get("DISPLAY"):
        yield ("xclip", "-selection", "clipboard")
        yield ("xsel", "--clipboard", "--input")
    if env.get("WSL_DISTRO_NAME"):
        yield ("clip.exe",)


async def copy_locally(text: str, env: Mapping[str, str]) -> str:
    """Copy; the name of the program that did it, empty if none could."""
    for command in commands(env):
        if shutil.which(command[0], path=env.get("PATH")) and await _fed(command, text, env):
            return command[0]
    return ""


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

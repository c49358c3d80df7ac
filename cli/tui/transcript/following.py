"""What a click on a place in a file, or on an address, leads to."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

from ....config.errors import UsageError
from ..terminal.editor import editor_command
from ..terminal.guest import hosted
from ..terminal.suspended import terminal_lent

_AT_COLON: Final = frozenset({"hx", "helix", "zed", "subl"})
"""Editors that take `FILE:LINE`."""
_GOES: Final = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})
"""Editors that take `-g FILE:LINE`."""
_DIGITS: Final = 9
"""Of a line's number; no file has more lines."""


def at_line(command: list[str], file: Path, line: int) -> list[str]:
    """The command with which an editor shows a line of a file; `+LINE FILE` is POSIX's for vi, and
    most others know it, too."""
    name = PurePath(command[0]).name
    if name in _AT_COLON:
        return [*command, f"{file}:{line}"]
    if name in _GOES:
        return [*command, "-g", f"{file}:{line}"]
    return [*command, f"+{line}", str(file)]


async def open_place(place: str, setting: str, env: Mapping[str, str]) -> None:
    """Show `/path/to/file:12` in the person's editor, which has the terminal meanwhile.

    Raises:
        UsageError: there is no such file, no such editor, or no terminal for it.
    """
    path, _, line = place.rpartition(":")
    # A name may stand anywhere in an answer; what is no plain file would keep the editor waiting.
    # Not by pathlib, which raises for names that are too long or lead where nobody may look.
    if not await asyncio.to_thread(os.path.isfile, path):
        raise UsageError(f"there is no file {path!r}")
    command = at_line(editor_command(setting, env), Path(path), int(line[:_DIGITS]))
    try:
        with terminal_lent() as over:
            await hosted(command, env, over)
    except OSError as error:
        raise UsageError(
            f"the editor {command[0]!r} did not start: {error.strerror}",
            hint="name one with $VISUAL, or with editor in [tui]",
        ) from error


def has_browser(env: Mapping[str, str]) -> bool:
    """Whether a browser would have a window of its own, and not this terminal."""
    return sys.platform == "darwin" or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


async def open_address(url: str) -> None:
    """Show an address in the person's browser."""
    # Needed by few, and looks for all browsers that there are.
    import webbrowser

    await asyncio.to_thread(webbrowser.open, url)

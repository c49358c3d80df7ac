"""A prompt in the person's own editor."""

import asyncio
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ....config.errors import UsageError
from .guest import hosted

_USUAL = "vi"
"""POSIX has it everywhere."""


def editor_command(setting: str, env: Mapping[str, str]) -> list[str]:
    """The words of the command: the setting, `$VISUAL`, `$EDITOR`, or vi.

    Raises:
        UsageError: they are no command, a quote being open.
    """
    said = setting or env.get("VISUAL") or env.get("EDITOR") or _USUAL
    try:
        return shlex.split(said) or [_USUAL]
    except ValueError as error:
        raise UsageError(f"the editor {said!r} is no command: {error}") from error


async def edited(text: str, setting: str, env: Mapping[str, str], over: asyncio.Event) -> str:
    """What the person makes of a text. Waits for the editor, which has the terminal, as `hosted`.

    Raises:
        UsageError: the editor did not start, or said that it failed; the text is as it was.
    """
    command = editor_command(setting, env)
    # Only for its own user: mkdtemp's mode is 0700.
    with tempfile.TemporaryDirectory(prefix="kedge-") as folder:
        path = _put_into(Path(folder), text)
        try:
            code = await hosted([*command, str(path)], env, over)
        except OSError as error:
            raise UsageError(
                f"the editor {command[0]!r} did not start: {error.strerror}",
                hint="name one with $VISUAL, or with editor in [tui]",
            ) from error
        if code:
            raise UsageError(
                f"the editor {command[0]!r} ended with {code}; the words are as before"
            )
        try:
            return path.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the edited words cannot be read: {error}") from error


def _put_into(folder: Path, text: str) -> Path:
    path = folder / "prompt.md"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path

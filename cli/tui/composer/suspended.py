"""The external editor has the terminal; the session goes on, and the screen stands still."""

import asyncio
import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import FrameType

from textual.app import SuspendNotSupported

from ....config.errors import UsageError
from ..running import running_app
from .external_editor import edited


async def edited_outside(text: str, setting: str, env: Mapping[str, str]) -> str:
    """What the person makes of a text in the external editor.

    Raises:
        UsageError: there is no terminal for it, or as `edited`.
    """
    with terminal_lent():
        return await asyncio.to_thread(edited, text, setting, env)


@contextmanager
def terminal_lent() -> Generator[None]:
    """A program has the terminal meanwhile.

    Raises:
        UsageError: there is none for it.
    """
    # Editors that leave the terminal in its usual state let Ctrl+C reach us as well.
    before = signal.signal(signal.SIGINT, _ignored)
    try:
        with running_app().suspend(), running_app().batch_update():
            yield
    except SuspendNotSupported as error:
        raise UsageError("there is no terminal that an editor could have") from error
    finally:
        signal.signal(signal.SIGINT, before)


def _ignored(number: int, frame: FrameType | None) -> None:
    """A signal that means somebody else; unlike SIG_IGN a program that is started does not inherit
    it."""

"""Others have the terminal: the external editor, while the session goes on and the screen stands
still; or the shell, if there is one to go back to."""

import asyncio
import os
import signal
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

from textual.app import SuspendNotSupported

from ....config.errors import UsageError
from ..running import running_app
from .display import Display
from .editor import edited


def has_shell() -> bool:
    """Whether our parent sees it when we stop, and can bring us back: a shell with job control has
    put us in a process group of our own, in its session. Whoever stops without one stays stopped.
    """
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except (PermissionError, ProcessLookupError):
        return False  # another session, where a system does not tell; or it is gone


async def edited_outside(text: str, setting: str, env: Mapping[str, str]) -> str:
    """What the person makes of a text in the external editor.

    Raises:
        UsageError: there is no terminal for it, or as `edited`.
    """
    with terminal_lent() as over:
        return await edited(text, setting, env, over)


@contextmanager
def terminal_lent() -> Generator[asyncio.Event]:
    """A program has the terminal meanwhile; gives the event that the app is over.

    Raises:
        UsageError: there is none for it.
    """
    app = running_app()
    over = app.over if isinstance(app, Display) else asyncio.Event()
    # Editors that leave the terminal in its usual state let Ctrl+C reach us as well.
    before = signal.signal(signal.SIGINT, _ignored)
    lent = ExitStack()
    try:
        lent.enter_context(app.suspend())
        lent.enter_context(app.batch_update())
        yield over
    except SuspendNotSupported as error:
        raise UsageError("there is no terminal that an editor could have") from error
    finally:
        signal.signal(signal.SIGINT, before)
        # Not by an exception, after which `suspend` would not take the terminal back.
        if not over.is_set():
            lent.close()


def _ignored(number: int, frame: FrameType | None) -> None:
    """A signal that means somebody else; unlike SIG_IGN a program that is started does not inherit
    it."""

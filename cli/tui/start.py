"""Starts the interactive terminal and ends it in order, whatever ends it."""

import asyncio
import signal
import sys
from typing import Final

from ...config.errors import KedgeError
from ...config.exit_codes import EXIT_CODES
from ..effective import settings_of
from ..options import Run
from ..surfaces import startup_failure
from ..surroundings import surroundings
from ..terminal import Out
from .app import KedgeApp
from .background import ask_background
from .display import Shown
from .themes import automatic

_ENDING: Final = (signal.SIGHUP, signal.SIGTERM)
_CLOSING: Final = 10.0
"""Seconds that a session may take to close before we leave in any case."""


def main(run: Run) -> int:
    """Let a person work until they leave; returns the exit code."""
    err = Out(2)
    try:
        where = surroundings(run.text("cd"))
        settings = settings_of(run, where).settings.tui
    except KedgeError as error:
        err.say(startup_failure(error))
        return error.exit_code
    typed = bytearray()

    def is_dark() -> bool | None:
        found = ask_background(sys.stdin.fileno(), sys.stdout.fileno())
        typed.extend(found.typed)
        return found.dark

    theme = settings.theme or automatic(where.env, is_dark)
    shown: Shown = "inline" if settings.inline or run.flag("inline") else "full"
    app = KedgeApp(
        run, where, settings, theme=theme, shown=shown, typed=typed.decode("utf-8", "replace")
    )
    code = asyncio.run(_live(app))
    if app.crash:
        err.say(f"kedge: a defect of kedge's own ended it; how it happened: {app.crash}\n")
    if session := app.resumable:
        err.say(f"kedge: go on with: kedge -r {session}\n")
    return code


async def _live(app: KedgeApp) -> int:
    loop = asyncio.get_running_loop()
    ended: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if not ended:
            ended.append(number)
            app.exit(EXIT_CODES["terminated"])

    for number in _ENDING:
        loop.add_signal_handler(number, end, number)
    try:
        code = await app.run_async()
    finally:
        async with asyncio.timeout(_CLOSING):
            await app.close()
    return code if code is not None else app.return_code or 0

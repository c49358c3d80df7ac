"""Starts the interactive terminal and ends it in order, whatever ends it."""

import asyncio
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Final

from ...config.errors import KedgeError
from ...config.exit_codes import EXIT_CODES
from ..effective import settings_of
from ..options import Run
from ..surfaces import held_back, startup_failure
from ..surroundings import surroundings
from ..terminal import Out
from .terminal.background import Background, Question, automatic
from .terminal.ending import ends_soon

if TYPE_CHECKING:
    from .app import KedgeApp
    from .terminal.display import Shown

HASTE: Final = {"ESCDELAY": "25", "TEXTUAL_FPS": "240"}
"""What Textual reads once, from the environment. `ESCDELAY`: milliseconds in which Esc may turn out
to be the beginning of another key's sequence; it would wait for 100, which is all the time that
stopping a turn may take. `TEXTUAL_FPS`: after a frame the next one waits for up to two periods, and
so does a key's; with its 60 that is 33 ms. What streams in has a slower pace of its own."""
_ENDING: Final = (signal.SIGHUP, signal.SIGTERM)
_CLOSING: Final = 10.0
"""Seconds that a session may take to close before we leave in any case."""
_LONGEST: Final = 15.0
"""Seconds that all of leaving may take, whatever hangs."""


def main(run: Run) -> int:
    """Let a person work until they leave; returns the exit code."""
    err = Out(2)
    try:
        where = surroundings(run.text("cd"))
        settings = settings_of(run, where).settings.tui
        theme = settings.theme.removeprefix("auto") or automatic(where.env)
    except KedgeError as error:
        err.say(startup_failure(error))
        return error.exit_code
    made, found = _made_ready(asks=not theme)
    if found.dark is not None:
        theme = "dark" if found.dark else "light"
    shown: Shown = "inline" if settings.inline or run.flag("inline") else "full"
    typed = found.typed.decode("utf-8", "replace")
    app = made(run, where, settings, theme=theme, shown=shown, typed=typed, welcomes=True)
    return lived(app, err)


def lived(app: "KedgeApp", err: Out) -> int:
    """Run it to its end, and say how to go on; returns the exit code."""
    try:
        code = asyncio.run(_live(app))
    except TimeoutError:
        err.say("kedge: the session did not close in time; its log is complete up to here\n")
        code = EXIT_CODES["failed"]
    if app.refused is not None:
        err.say(startup_failure(app.refused))
    if app.crash:
        err.say(f"kedge: a defect of kedge's own ended it; how it happened: {app.crash}\n")
    err.say(held_back(app.held))
    if session := app.resumable:
        err.say(f"kedge: resume with: kedge -r {session}\n")
    return code


def _made_ready(*, asks: bool) -> "tuple[type[KedgeApp], Background]":
    """What takes longest, done while the terminal says what its background is like."""
    with Question(sys.stdin.fileno(), sys.stdout.fileno(), asks=asks) as question:
        ours = {name: value for name, value in HASTE.items() if name not in os.environ}
        os.environ.update(ours)
        # Most of what start-up takes.
        from .app import KedgeApp

        for name in ours:
            # Textual has read it; programs that are started shall not.
            del os.environ[name]
        return KedgeApp, question.answer()


async def _live(app: "KedgeApp") -> int:
    loop = asyncio.get_running_loop()
    ended: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        if not ended:
            ended.append(number)
            ends_soon(app.give_up, _LONGEST, EXIT_CODES["terminated"])
            loop.call_soon_threadsafe(app.exit, EXIT_CODES["terminated"])

    # Not the loop's own, which are not heard while it waits for a terminal that stands still.
    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        code = await app.run_async(mouse=app.shown == "full")
    finally:
        ends_soon(app.give_up, _LONGEST, EXIT_CODES["failed"])
        try:
            async with asyncio.timeout(_CLOSING):
                await app.close()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return code if code is not None else app.return_code or 0

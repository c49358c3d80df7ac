"""The door to the interactive terminal: which of its ways of showing is wanted, and can be had."""

import os

from ..config.errors import KedgeError, UsageError
from .options import ONE_SHOT, OPTIONS, Run
from .surfaces import startup_failure
from .terminal import Out


def has_terminal() -> bool:
    """Whether a person can be shown something, and can answer. The screen is drawn on stderr."""
    return all(map(os.isatty, (0, 1, 2)))


def interactive(run: Run) -> int:
    """Let a person work until they leave; returns the exit code."""
    try:
        _require_meaning(run)
    except KedgeError as error:
        Out(2).say(startup_failure(error))
        return error.exit_code
    simple = os.environ.get("TERM", "dumb") == "dumb"
    if simple and has_terminal() and not run.flag("plain"):
        Out(2).say("kedge: line by line, since TERM=dumb says that this terminal can do no more\n")
    if run.flag("plain") or simple:
        from .tui.plain.session import main as plain_main

        return plain_main(run)
    from .tui.start import main

    return main(run)


def _require_meaning(run: Run) -> None:
    """Refuse what only a one-shot run can do or read.

    Raises:
        UsageError: it was asked for.
    """
    if run.flag("plain") and os.isatty(1) and not os.isatty(0):
        # Who hosts a session has both ends; of anything else each line would be a prompt.
        words = "--plain takes what is typed, and stdin is not a terminal"
        raise UsageError(words, hint='kedge -p "PROMPT" takes stdin along as material')
    for option in OPTIONS:
        if option.field in ONE_SHOT and run.values[option.field] != option.default:
            raise UsageError(f"{option.name} is an option of one-shot runs", hint="add -p")

"""How a command ended, in words."""

import signal

from ...sandbox.ports import Exit


def ended(exit: Exit) -> str:
    """`exit code 1`, `exit code 137 (128 + 9: SIGKILL)`, `killed by SIGKILL`."""
    if exit.signal is not None:
        return f"killed by {exit.signal}"
    if exit.code is None:
        return "exit code unknown: it could not be ended"
    return f"exit code {exit.code}{_signal_within(exit.code)}"


def _signal_within(code: int) -> str:
    """A shell passes on the signal that ended its last command as 128 + number."""
    try:
        return f" (128 + {code - 128}: {signal.Signals(code - 128).name})"
    except ValueError:
        return ""

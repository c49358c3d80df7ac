"""Runs the command by which a person judges the work (`--verify`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...sandbox.errors import CannotStart
from ...sandbox.ports import Command, Exit, Sandbox
from ...sandbox.run import run
from ...sandbox.terminal import Cleaner
from ..events import CheckEnded
from ..ports import CheckOutcome

_KEPT = 4_096
"""Characters of output that are kept: the end, where test runners say what failed."""


class CommandCheck:
    """The work is good if a command exits with 0."""

    def __init__(
        self,
        command: str,
        sandbox: Sandbox,
        cwd: Path,
        env: Mapping[str, str],
        timeout: float | None = None,
    ) -> None:
        """`env` is the whole environment; `timeout` in seconds, None for no limit."""
        self._command = Command(command, cwd, env, timeout=timeout)
        self._name = command
        self._sandbox = sandbox

    async def run(self, answer: str) -> CheckOutcome:
        """Run the command; the answer does not matter.

        Raises:
            NotAvailable: the sandbox cannot run anything.
        """
        tail = _Tail()

        async def take(chunk: bytes) -> None:
            tail.feed(chunk)

        try:
            exit = await run(self._sandbox, self._command, take)
        except CannotStart as error:
            return CheckOutcome(CheckEnded(self._name, False, output=str(error)))
        return CheckOutcome(
            CheckEnded(
                self._name,
                exit.code == 0 and not exit.timed_out,
                exit.code,
                round(exit.seconds * 1000),
                f"{_how(exit)}; {tail.finish()}",
            )
        )


class _Tail:
    """The end of a command's output, as a person would have read it."""

    def __init__(self) -> None:
        self._cleaner = Cleaner()
        self._text = ""
        self._length = 0

    def feed(self, chunk: bytes) -> None:
        self._add(self._cleaner.feed(chunk))

    def finish(self) -> str:
        """The end with words before it that say what it is the end of."""
        self._add(self._cleaner.finish())
        if not self._length:
            return "it printed nothing"
        if self._length <= _KEPT:
            return f"it printed:\n{self._text}"
        return f"the last {_KEPT} of {self._length} characters that it printed:\n{self._text}"

    def _add(self, text: str) -> None:
        self._length += len(text)
        self._text = (self._text + text)[-_KEPT:]


def _how(exit: Exit) -> str:
    if exit.timed_out:
        return f"not finished after {exit.seconds:.0f} s and killed"
    if exit.signal is not None:
        return f"killed by {exit.signal}"
    return f"exit code {exit.code}"


if TYPE_CHECKING:
    from ..ports import Check

    _check: type[Check] = CommandCheck

"""The walls around a session's actions, as its mode wants them: mode plan only reads."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.settings import Mode
from ..sandbox.ports import Command, Process
from ..sandbox.readable import AlsoReadable
from .confine import Confinement

if TYPE_CHECKING:
    from ..sandbox.denials import Denial


class Walls:
    """A sandbox whose walls can be moved while commands run: those keep the walls they began with.

    It is the `Sandbox` of the session itself.
    """

    def __init__(self, make: Callable[[Mode], Confinement], mode: Mode, kept: Path) -> None:
        """Not within an event loop. `make` proves a confinement; `kept` may be read besides.

        Raises:
            NotAvailable: this host cannot keep what was asked for.
        """
        self._make = make
        self._now = make(mode)
        self._made = {mode == "plan": self._now}
        self.files = AlsoReadable(self._now.files, kept)
        """For the file tools."""
        self.guard = self._now.guard
        """What is special about paths, whatever the mode."""

    @property
    def label(self) -> str:
        """What is enforced now."""
        return self._now.label

    def prepare(self, mode: Mode) -> None:
        """Have the walls of a mode proven, so that `switch` need not. Not within an event loop.

        Raises:
            NotAvailable: this host cannot keep them.
        """
        if (mode == "plan") not in self._made:
            self._made[mode == "plan"] = self._make(mode)

    def switch(self, mode: Mode) -> str:
        """Move to the walls of a mode that is prepared; what is enforced then."""
        self._now = self._made[mode == "plan"]
        self.files.around(self._now.files)
        return self.label

    async def start(self, command: Command) -> Process:
        """As `Sandbox.start`."""
        return await self._now.sandbox.start(command)

    def explain(self, output: str, cwd: Path) -> "Sequence[Denial]":
        """As `Confinement.explain`."""
        return self._now.explain(output, cwd)

    def permit(self, paths: Iterable[Path]) -> None:
        """As `Confinement.permit`."""
        self._now.permit(paths)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        for made in self._made.values():
            await made.sandbox.close()


if TYPE_CHECKING:
    from ..sandbox.ports import Sandbox

    _sandbox: type[Sandbox] = Walls

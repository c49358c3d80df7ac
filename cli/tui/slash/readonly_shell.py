"""Commands within prompts: judged as in mode plan, and run where nothing can be changed."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from ....config.errors import KedgeError, UsageError
from ....config.layers import Loaded
from ....config.rules import rules_of
from ....config.secrets import key_variables
from ....sandbox.environment import clean_environment
from ....sandbox.paths import Roots
from ....sandbox.ports import Command
from ....sandbox.run import run
from ...confine import Confinement, confinement
from ...surroundings import Surroundings
from ...trials import Ground, tried

SHOWN: Final = 30_000
"""Characters of what a command prints."""
SECONDS: Final = 60.0
"""That it may take."""


class ReadOnlyShell:
    """Runs what the rules allow a plan to run, in the sandbox that such a session has. What would
    be asked about is refused: nobody has seen what a command's file says."""

    def __init__(self, loaded: Loaded, where: Surroundings, cwd: Path) -> None:
        settings = msgspec.structs.replace(loaded.settings, mode="plan")
        self._loaded = msgspec.structs.replace(loaded, settings=settings)
        self._where = msgspec.structs.replace(where, cwd=cwd)

    def prepare(self, command: str, scratch: Path) -> Confinement:
        """Where a command is to run. Not within an event loop: the sandbox may have to be tried.

        Raises:
            KedgeError: it may not run, or the sandbox cannot be had.
        """
        loaded, cwd = self._loaded, self._where.cwd
        ground = Ground(loaded, self._where, cwd)
        rules = rules_of(loaded.settings.rules, loaded.origins)
        trial = tried(ground.gate("plan", rules), ground.command(command))
        if trial.verdict != "allow":
            # A mode says its reason to the model.
            reason = "it may change something" if trial.by == "mode" else trial.reason
            raise UsageError(
                f"the command {command!r} was not run: {reason or 'nothing allows it'}",
                hint="commands in prompts only look; a rule in [rules] allow can let it",
            )
        return confinement(loaded, Roots.at(cwd), self._where, scratch, lambda reached: None)

    async def output(self, command: str) -> str:
        """What a command prints, and how it ended if that was not well.

        Raises:
            KedgeError: it may not run, or could not.
        """
        with TemporaryDirectory(prefix="kedge-") as scratch:
            place = await asyncio.to_thread(self.prepare, command, Path(scratch))
            try:
                return await self._run(command, place)
            finally:
                await place.sandbox.close()

    async def _run(self, command: str, place: Confinement) -> str:
        printed: list[bytes] = []

        async def hear(chunk: bytes) -> None:
            if sum(map(len, printed)) < SHOWN:
                printed.append(chunk)

        keys = key_variables(self._loaded.settings.providers)
        env = clean_environment(self._where.env, keys)
        ended = await run(
            place.sandbox, Command(command, self._where.cwd, env, timeout=SECONDS), hear
        )
        text = b"".join(printed).decode("utf-8", "replace")
        cut = "\n[cut]" if len(text) > SHOWN else ""
        if ended.timed_out:
            raise KedgeError(f"the command {command!r} took more than {SECONDS:g} s")
        how = "" if ended.code == 0 else f"\n[exit {ended.signal or ended.code}]"
        return text[:SHOWN].rstrip("\n") + cut + how

"""The second rung: commands confined by Landlock and seccomp alone, where there are no namespaces.

Weaker, and labelled so: hidden files keep their names, processes are found by their marks, and
what programs outside obey is put back after a command rather than kept from it.
"""

import asyncio
import marshal
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from .attest import Attested, read_probes, remember, remembered
from .compiling import compile_plan, inner_environment, limits_of
from .direct import DirectProcess, DirectSandbox
from .inside import landlock
from .inside.alone import readable
from .inside.names import NEVER_READ, Names
from .inside.plan import Plan, write_git_settings
from .inside.probing import BAIT
from .inside.restoring import Restoring
from .inside.sparing import but_for
from .inside.walking import Walk
from .policy import Policy
from .ports import Command, Exit
from .registry import Registry
from .scratch import Scratch
from .spawn import argv_of

_BOOT = "import sys; sys.path.insert(0, {!r}); from inside.alone import main; main()"
_HERE = os.path.dirname(os.path.realpath(__file__))


class LandlockSandbox:
    """Runs commands behind Landlock and seccomp."""

    def __init__(
        self,
        policy: Policy,
        env: Mapping[str, str],
        *,
        held: Callable[[str], None] = lambda note: None,
        registry: Registry | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        """`held` hears of everything that was held or put back after a command, in a sentence;
        `registry` remembers what is started, for the next start; `without` leaves walls out, so
        that tests can see the self-test fail."""
        self.policy = policy
        self._registry = registry
        self._held = held
        self._registered = False
        self._env = dict(env)
        self._direct = DirectSandbox()
        self._under_way = self._count = 0
        self._without = without
        self._folders = (Scratch(), Scratch())
        self._private, self._hidden = (folder.path for folder in self._folders)
        """Where no command gets: what they are told, and something for the self-test to find."""
        (self._hidden / "secret").touch()
        self._plan = compile_plan(policy, env)
        write_git_settings(self._plan, str(self._private), [])
        self._outside = readable(
            [*_covered(self._plan), *self._plan.roots, *_around(self._plan)],
            [
                *set(self._plan.shown).difference(self._plan.may_read, _around(self._plan)),
                *self._plan.scratch,
            ],
        )
        self._restoring = Restoring(self._plan)

    async def start(self, command: Command) -> "LandlockProcess":
        """As `Sandbox.start`; a program that cannot be run is told on stderr, with status 127."""
        if command.extra is not None:
            # What is held back after a command differs: so does all that is known of the roots.
            policy = self.policy.widened(command.extra)
            apart = LandlockSandbox(policy, self._env, held=self._held, registry=self._registry)
            command = msgspec.structs.replace(command, extra=None)
            return LandlockProcess(await apart._started(command), apart._settle, apart.close)
        if not self._under_way:
            self._restoring.renew()
        process = await self._started(command)
        self._under_way += 1
        return LandlockProcess(process, self._settle, self._ended)

    def _settle(self) -> tuple[str, ...]:
        notes = tuple(self._restoring.settle())
        for note in notes:
            self._held(note)
        return notes

    async def _ended(self) -> None:
        self._under_way -= 1

    async def _started(self, command: Command) -> DirectProcess:
        if self._registry and not self._registered:
            self._registered = True
            self._registry.sweep()
            self._registry.add_mark(self._direct.mark)
        env = inner_environment(self.policy, command.env, {})
        own = str(self._private)
        env |= {"TMPDIR": own, "HOME": own, "GIT_CONFIG_GLOBAL": f"{own}/gitconfig"}
        return await self._start_as(command, argv_of(command.run), env)

    async def _start_as(
        self, command: Command, argv: tuple[str, ...], env: dict[str, str]
    ) -> DirectProcess:
        """Start what a command has become. What is told of the walls goes by way of a file: it
        may be longer than an argument."""
        self._count += 1
        told = self._hidden / str(self._count)
        told.write_bytes(marshal.dumps(self._confinement()))
        prefix = (sys.executable, "-I", "-S", "-c", _BOOT.format(_HERE), str(told))
        wrapped = msgspec.structs.replace(command, run=(*prefix, *argv), env=env)
        return await self._direct.start(wrapped)

    async def probe(self) -> Attested:
        """As `ConfinedSandbox.probe`, with what this rung can promise."""
        began = time.monotonic()
        scrubbed = inner_environment(self.policy, BAIT, {})
        env = BAIT if "environment" in self._without else scrubbed
        command = Command((), self.policy.roots.workspace, {}, timeout=10)
        process = await self._start_as(command, (), env)
        said = b"".join([chunk async for chunk in process])
        await process.wait()
        took = (time.monotonic() - began) * 1000
        return Attested(self.policy.level, "landlock", landlock.abi(), read_probes(said), took)

    async def attest(self, memory: Path | None = None) -> Attested:
        """As `ConfinedSandbox.attest`.

        Raises:
            NotAvailable: a promise is not kept.
        """
        proven = remembered(memory, self.policy) if memory else None
        if proven is None:
            proven = await self.probe()
            proven.insist()
            if memory:
                remember(memory, self.policy, proven)
        return proven

    def _confinement(self) -> dict[str, object]:
        """What `inside.alone` is told. Made anew each time: what a command leaves in a directory
        that also holds secrets can only be read by name."""
        plan, own = self._plan, str(self._private)
        secrets = {root: _secrets(root, plan) for root in plan.roots}
        inside = [path for root, found in secrets.items() for path in apart(root, found)]
        for one in _around(plan):
            inside += apart(one, [*_secrets(one, plan), *plan.roots])
        hidden = [*_never_read(plan), *(path for found in secrets.values() for path in found)]
        allowed = [path for one in plan.may_read for path in apart(one, hidden)]
        roots = plan.roots if plan.writable else ()
        return {
            "readable": [*self._outside, *inside, *allowed, own],
            "writable": [own, *plan.scratch, *(root for root in roots if not secrets[root])],
            "changeable": [root for root in roots if secrets[root]],
            "limits": limits_of(self.policy.bounds),
            "trap": str(self._hidden),
            "secrets": [path for path in plan.never_read if path not in plan.may_read],
            "without": list(self._without),
        }

    async def close(self) -> None:
        """As `Sandbox.close`."""
        await self._direct.close()
        if self._registry and self._registered:
            self._registry.drop(self._direct.mark)
        for folder in self._folders:
            folder.close()


class LandlockProcess:
    """A command under way in a `LandlockSandbox`."""

    def __init__(
        self,
        process: DirectProcess,
        settle: Callable[[], tuple[str, ...]],
        last: Callable[[], Awaitable[None]],
    ) -> None:
        """`settle`, then `last`, is done once nothing of the command is left, before anybody hears
        of its end."""
        self._process = process
        self._life = asyncio.get_running_loop().create_task(self._live(settle, last))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._process)
        except StopAsyncIteration:
            await asyncio.shield(self._life)
            raise

    async def wait(self) -> Exit:
        """As `Process.wait`."""
        return await asyncio.shield(self._life)

    async def kill(self, grace: float | None = None) -> Exit:
        """As `Process.kill`; always with the grace of the process that keeps the command together,
        which must outlive what it keeps."""
        await self._process.kill()
        return await self.wait()

    async def _live(
        self, settle: Callable[[], tuple[str, ...]], last: Callable[[], Awaitable[None]]
    ) -> Exit:
        ended = await self._process.wait()
        notes = settle()
        await last()
        return msgspec.structs.replace(ended, notes=notes)


def apart(root: str, hidden: list[str]) -> list[str]:
    """The paths that together hold everything in a root but what is hidden."""
    found: list[str] = []
    waiting = [root]
    while waiting:
        path = waiting.pop()
        if path in hidden:
            continue
        if not any(one.startswith(f"{path}/") for one in hidden):
            found.append(path)
            continue
        waiting += [f"{path}/{name}" for name in os.listdir(path)]
    return found


def _covered(plan: Plan) -> list[str]:
    return sorted({*plan.private, *_never_read(plan), "/proc", "/dev", "/run"})


def _around(plan: Plan) -> list[str]:
    return [plan.around] if plan.around else []


def _never_read(plan: Plan) -> list[str]:
    return [part for path in plan.never_read for part in but_for(path, plan.may_read)]


def _secrets(root: str, plan: Plan) -> list[str]:
    names = Names(plan.rules)
    start = len(root) + 1
    walk = Walk(root, names, plan.roots)
    found = {path for path in walk.news() if names.judge(path[start:]) == NEVER_READ}
    found.update(path for path in plan.never_read if path.startswith(f"{root}/"))
    return [part for path in sorted(found) for part in but_for(path, plan.may_read)]


if TYPE_CHECKING:
    from .ports import Process, Sandbox

    _sandbox: type[Sandbox] = LandlockSandbox
    _process: type[Process] = LandlockProcess

"""The second rung: commands confined by Landlock and seccomp alone, where there are no namespaces.

Weaker, and labelled so: hidden files keep their names, processes are found by their marks, and
what programs outside obey is put back after a command rather than kept from it.
"""

import asyncio
import marshal
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from .attest import Attested, Probe
from .compiling import compile_plan, inner_environment, limits_of
from .direct import DirectProcess, DirectSandbox
from .inside import landlock
from .inside.alone import readable
from .inside.names import NEVER_READ, Names
from .inside.plan import Plan
from .inside.restoring import Restoring
from .inside.walking import Walk
from .policy import Policy
from .ports import Command, Exit
from .run import run
from .spawn import argv_of

_BOOT = "import sys; sys.path.insert(0, {!r}); from inside.alone import main; main()"
_HERE = os.path.dirname(os.path.realpath(__file__))


class LandlockSandbox:
    """Runs commands behind Landlock and seccomp."""

    def __init__(self, policy: Policy, env: Mapping[str, str]) -> None:
        self.policy = policy
        self._direct = DirectSandbox()
        self._private = Path(tempfile.mkdtemp(prefix="kedge-inside-"))
        self._plan = compile_plan(policy, env)
        (self._private / "gitconfig").write_text(self._plan.git_settings, encoding="utf-8")
        self._outside = readable(
            [*_covered(self._plan), *self._plan.roots], [*self._plan.shown, *self._plan.scratch]
        )
        self._restoring = Restoring(self._plan)

    async def start(self, command: Command) -> "LandlockProcess":
        """As `Sandbox.start`; a program that cannot be run is told on stderr, with status 127."""
        env = inner_environment(self.policy, command.env, {})
        own = str(self._private)
        env |= {"TMPDIR": own, "HOME": own, "GIT_CONFIG_GLOBAL": f"{own}/gitconfig"}
        argv = (*self._prefix(), *argv_of(command.run))
        wrapped = msgspec.structs.replace(command, run=argv, env=env)
        return LandlockProcess(await self._direct.start(wrapped), self._restoring)

    async def probe(self) -> Attested:
        """As `ConfinedSandbox.probe`, with what this rung can promise."""
        began = time.monotonic()
        said = bytearray()

        async def take(chunk: bytes) -> None:
            said.extend(chunk)

        await run(self, Command(_PROBES, self.policy.roots.workspace, {}, timeout=10), take)
        seen = set(said.decode(errors="replace").split())
        names = ("write", "read", "connection", "no-new-privs", "seccomp")
        probes = tuple(Probe(f"{name}", name in seen, "denied") for name in names)
        took = (time.monotonic() - began) * 1000
        return Attested(self.policy.level, "landlock", landlock.abi(), probes, took)

    async def attest(self, memory: Path | None = None) -> Attested:
        """As `ConfinedSandbox.attest`; this rung is proven anew each time.

        Raises:
            NotAvailable: a promise is not kept.
        """
        del memory
        proven = await self.probe()
        proven.insist()
        return proven

    def _prefix(self) -> tuple[str, ...]:
        """What goes before a command's own words. Made anew each time: what a command leaves in a
        directory that also holds secrets can only be read by name."""
        plan, own = self._plan, str(self._private)
        secrets = {root: _secrets(root, plan.rules) for root in plan.roots}
        inside = [path for root, found in secrets.items() for path in apart(root, found)]
        roots = plan.roots if plan.writable else ()
        words = {
            "readable": [*self._outside, *inside, own],
            "writable": [own, *plan.scratch, *(root for root in roots if not secrets[root])],
            "changeable": [root for root in roots if secrets[root]],
            "limits": limits_of(self.policy.bounds),
        }
        boot = _BOOT.format(_HERE)
        return (sys.executable, "-I", "-S", "-c", boot, marshal.dumps(words).hex())

    async def close(self) -> None:
        """As `Sandbox.close`."""
        await self._direct.close()
        shutil.rmtree(self._private, ignore_errors=True)


_PROBES = """
(: >/etc/kedge-probe) 2>/dev/null || echo write
(: </etc/kedge-probe) 2>/dev/null || ls "$(dirname ~root)/root" >/dev/null 2>&1 || echo read
(: </dev/tcp/192.0.2.1/9) 2>/dev/null || echo connection
grep -q 'NoNewPrivs:.1' /proc/self/status && echo no-new-privs
grep -q 'Seccomp:.2' /proc/self/status && echo seccomp
"""


class LandlockProcess:
    """A command under way in a `LandlockSandbox`."""

    def __init__(self, process: DirectProcess, restoring: Restoring) -> None:
        self._process = process
        self._life = asyncio.get_running_loop().create_task(self._live(restoring))

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

    async def kill(self) -> Exit:
        """As `Process.kill`."""
        await self._process.kill()
        return await self.wait()

    async def _live(self, restoring: Restoring) -> Exit:
        ended = await self._process.wait()
        return msgspec.structs.replace(ended, notes=tuple(restoring.settle()))


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
    return sorted({*plan.private, *plan.never_read, "/proc", "/dev", "/run"})


def _secrets(root: str, rules: list[str]) -> list[str]:
    names = Names(rules)
    start = len(root) + 1
    return [path for path in Walk(root, names).news() if names.judge(path[start:]) == NEVER_READ]


if TYPE_CHECKING:
    from .ports import Process, Sandbox

    _sandbox: type[Sandbox] = LandlockSandbox
    _process: type[Process] = LandlockProcess

"""The sandbox that confines: every command runs behind the walls of one session's helper."""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from .attest import Attested, read_probes, remember, remembered
from .compiling import compile_plan, inner_environment
from .errors import CannotStart, NotAvailable, status_of
from .helper import Helper, start_helper
from .inside.plan import Plan
from .launching import LONGEST_NOTE
from .memory import MemoryGroup, bound_memory
from .output import Pipe, exit_of
from .policy import Policy
from .ports import Command, Exit, Extra
from .registry import Registry
from .run import surely
from .spawn import argv_of, check_directory, shown


class ConfinedSandbox:
    """Runs commands confined as a policy says. The first command starts the helper."""

    def __init__(
        self,
        policy: Policy,
        env: Mapping[str, str],
        *,
        grace: float = 0.25,
        linger: float = 0.1,
        without: tuple[str, ...] = (),
        tell: "Callable[[Reached], None]" = lambda reached: None,
        held: "Callable[[str], None]" = lambda note: None,
        registry: Registry | None = None,
    ) -> None:
        """Prepare a sandbox; nothing runs yet.

        Args:
            policy: what is allowed.
            env: the person's environment, read for PATH.
            grace: seconds between asking processes to end and making them.
            linger: seconds that what a command left running gets to end by itself.
            without: walls left out, so that tests can see the self-test fail.
            tell: hears of every host that a command reached or was refused.
            held: hears of everything that was held back after a command, in a sentence.
            registry: remembers the helper for the next start.
        """
        self.policy = policy
        self._env = dict(env)
        self._grace = grace
        self._linger = linger
        self._without = without
        self._tell = tell
        self._held = held
        self._registry = registry
        self._egress: Egress | None = None
        self._memory: MemoryGroup | None = None
        self._proxy: dict[str, str] = {}
        self._starting: asyncio.Task[Helper] | None = None
        self._under_way = set[ConfinedProcess]()
        self._apart = set[ConfinedSandbox]()
        """For commands with more permission, one each."""
        self._closed = False

    async def start(self, command: Command) -> "ConfinedProcess":
        """As `Sandbox.start`."""
        if self._closed:
            raise NotAvailable("the sandbox is closed: no command can be started any more")
        check_directory(command.cwd)
        if command.extra is not None:
            return await self._start_apart(command, command.extra)
        helper = await self.helper()
        process = ConfinedProcess(helper, command.timeout, self._under_way.discard, self._held)
        self._under_way.add(process)
        env = inner_environment(self.policy, command.env, self._proxy)
        try:
            await process.begin(command, env, self._grace, self._linger)
        finally:
            if not process.began:
                # Being cancelled once more is no reason to leave before it has ended.
                await surely(process.kill())
        return process

    async def _start_apart(self, command: Command, extra: Extra) -> "ConfinedProcess":
        """Start a command in a sandbox of its own, which ends with it."""
        policy = self.policy.widened(extra)
        apart = ConfinedSandbox(
            policy,
            self._env,
            grace=self._grace,
            linger=self._linger,
            tell=self._tell,
            held=self._held,
            registry=self._registry,
        )
        self._apart.add(apart)
        began = False
        try:
            process = await apart.start(msgspec.structs.replace(command, extra=None))
            process.finally_do(lambda: self._end_apart(apart))
            began = True
        finally:
            if not began:
                await surely(self._end_apart(apart))
        return process

    async def _end_apart(self, apart: "ConfinedSandbox") -> None:
        await apart.close()
        self._apart.discard(apart)
        if self._starting is not None and self._starting.done() and not self._closed:
            (await self.helper()).accept(apart.policy.may_write)

    async def helper(self) -> Helper:
        """The session's helper, started if need be, or again if it died."""
        if self._starting is not None and self._starting.done():
            died = self._starting.exception() is not None or not self._starting.result().alive
            self._starting = None if died else self._starting
        if self._starting is None:
            if self._registry:
                # Its folder has to be there to be hidden.
                self._registry.sweep()
            plan = compile_plan(self.policy, self._env, without=self._without)
            self._starting = asyncio.get_running_loop().create_task(self._enter(plan))
        return await asyncio.shield(self._starting)

    async def _enter(self, plan: Plan) -> Helper:
        hosts = self.policy.allowed_hosts()
        helper = await start_helper(plan, hosts=bool(hosts))
        self._memory = bound_memory(helper.pid, self.policy.bounds.memory)
        if self._registry:
            self._registry.add(helper.pid)
        if helper.listener is not None:
            # Only a session with a way out pays for it.
            from .egress import Egress, proxy_environment

            listener, port = helper.listener
            self._egress = Egress(hosts, self._tell)
            await self._egress.start(listener)
            self._proxy = proxy_environment(port)
        return helper

    async def attest(self, memory: Path | None = None) -> Attested:
        """Prove what is promised, or remember that it was; `memory` is kedge's cache.

        Raises:
            NotAvailable: the sandbox does not work here, or does not keep a promise.
        """
        proven = remembered(memory, self.policy) if memory else None
        if proven is None:
            proven = await self.probe()
            proven.insist()
            if memory:
                remember(memory, self.policy, proven)
        return proven

    async def probe(self) -> Attested:
        """Try every promise, and say what was seen, whatever that is.

        Raises:
            NotAvailable: the sandbox does not work here at all.
        """
        helper = await self.helper()
        began = time.monotonic()
        command = Command((), self.policy.roots.workspace, {}, timeout=10)
        process = ConfinedProcess(helper, command.timeout, self._under_way.discard, self._held)
        self._under_way.add(process)
        # What is remembered of a host is not probed again.
        from .inside.probing import BAIT

        scrubbed = inner_environment(self.policy, BAIT, {})
        env = BAIT if "environment" in self._without else scrubbed
        await process.begin(command, env, self._grace, self._linger)
        said = b"".join([chunk async for chunk in process])
        took = (time.monotonic() - began) * 1000
        version = helper.ready.landlock
        return Attested(self.policy.level, "namespaces", version, read_probes(said), took)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._closed = True
        await asyncio.gather(*(apart.close() for apart in tuple(self._apart)))
        await asyncio.gather(*(process.kill() for process in tuple(self._under_way)))
        if self._starting is not None:
            starting, self._starting = self._starting, None
            try:
                helper = await starting
            except NotAvailable:
                return
            if self._egress is not None:
                await self._egress.close()
            helper.close()
            if self._memory is not None:
                self._memory.close()
            if self._registry:
                self._registry.drop(helper.pid)


class ConfinedProcess:
    """A command under way in a `ConfinedSandbox`."""

    def __init__(
        self,
        helper: Helper,
        timeout: float | None,
        forget: "_Forget",
        held: "Callable[[str], None]",
    ) -> None:
        self._helper = helper
        self._timeout = timeout
        self._forget = forget
        self._held = held
        self._loop = asyncio.get_running_loop()
        self._began = time.monotonic()
        self._ended: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timed_out = self._told = False
        self.began = False
        """Whether the program runs, or ran."""
        self._status: int | None = None
        self._notes: tuple[str, ...] = ()
        self._last: Callable[[], Awaitable[None]] | None = None
        self._started: asyncio.Future[bytes] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._control, self._their_control = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._control.setblocking(False)
        reading, self._writing = os.pipe()
        self._output = Pipe(reading)
        self._loop.add_reader(self._control, self._hear)
        self._life = self._loop.create_task(self._live())

    async def begin(
        self, command: Command, env: dict[str, str], grace: float, linger: float
    ) -> None:
        """Have the helper start the command; returns once its program runs.

        Raises:
            CannotStart, NotAvailable: as `Sandbox.start`.
        """
        argv = argv_of(command.run)
        request: dict[str, object] = {
            **{"argv": list(argv), "cwd": str(command.cwd), "env": env},
            **{"grace": grace, "linger": linger},
        }
        stdin = _stdin(command.stdin)
        try:
            fds = [stdin, self._writing, self._writing, self._their_control.fileno()]
            self._helper.start(request, fds)
        finally:
            os.close(stdin)
            os.close(self._writing)
            self._their_control.close()
        said = await self._started
        self.began = said.startswith(b"+")
        if self.began:
            if self._timeout is not None:
                self._timer = self._loop.call_later(self._timeout, self._out_of_time)
            return
        if not said:
            raise NotAvailable("the sandbox's helper died before the command began")
        number, _, words = said[1:].decode(errors="replace").partition(":")
        words = words.removesuffix(f": {argv[0]!r}" if argv else "")
        status = status_of(int(number))
        raise CannotStart(f"cannot run {shown(command.run)}: {words}", status=status)

    def finally_do(self, last: "Callable[[], Awaitable[None]]") -> None:
        """Have this done once nothing of the command is left, before anybody hears of its end."""
        self._last = last

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._output.read(self._life)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def wait(self) -> Exit:
        """As `Process.wait`."""
        return await asyncio.shield(self._life)

    async def kill(self, grace: float | None = None) -> Exit:
        """As `Process.kill`."""
        self._tell_to_end(grace)
        return await self.wait()

    async def _live(self) -> Exit:
        try:
            await self._gone
        finally:
            self._release()
            if self._last is not None:
                await self._last()
        ended = time.monotonic() if self._ended is None or self._told else self._ended
        return exit_of(
            self._status,
            timed_out=self._timed_out,
            seconds=ended - self._began,
            notes=self._notes,
        )

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._control)
        self._control.close()
        self._output.close()
        self._forget(self)

    def _hear(self) -> None:
        """Take a message of the command's init (see `inside.process.serve`), or of the helper: `~`
        and what it did about the command."""
        try:
            said = self._control.recv(LONGEST_NOTE)
        except OSError:
            said = b""
        if not self._started.done():
            self._started.set_result(said)
        if not said:
            self._loop.remove_reader(self._control)
            self._gone.set_result(None)
        elif said.startswith(b"="):
            self._status = os.waitstatus_to_exitcode(int(said[1:]))
            self._ended = time.monotonic()
        elif said.startswith(b"*"):
            self._notes += (f"the command was ended: {said[1:].decode()}",)
        elif said.startswith(b"~"):
            note = os.fsdecode(said[1:])
            self._notes += (note,)
            self._held(note)

    def _out_of_time(self) -> None:
        self._timed_out = True
        self._tell_to_end()

    def _tell_to_end(self, grace: float | None = None) -> None:
        if self._told or self._gone.done():
            return
        self._told = True
        try:
            self._control.send(b"." if grace is None else b".%.3f" % grace)
        except OSError:
            # Its init is gone, and everything with it.
            return


def _stdin(data: bytes | None) -> int:
    """A descriptor that gives `data` and then ends."""
    if data is None:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    file = os.memfd_create("stdin")
    with open(os.dup(file), "wb") as target:
        target.write(data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .egress import Egress, Reached
    from .ports import Process, Sandbox

    _Forget = Callable[["ConfinedProcess"], None]
    _sandbox: type[Sandbox] = ConfinedSandbox
    _process: type[Process] = ConfinedProcess

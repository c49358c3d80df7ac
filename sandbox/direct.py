"""The sandbox that confines nothing: commands run as the person who started kedge would run them.

What it does promise: no terminal, no input that nobody can give, no inherited descriptors, and no
process left when a command, or kedge, has ended. See `tree` for what can get away.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Self

from . import linux, watch
from .errors import NotAvailable
from .output import Pipe, exit_of
from .ports import Command, Exit
from .spawn import spawn
from .tree import Tree

MARK = "KEDGE_RUN"
"""The variable by which a command's processes are found; a kedge inside a kedge appends to it."""


class DirectSandbox:
    """Runs commands unconfined.

    From the first command on this process adopts its orphaned descendants, for good: another
    sandbox in it may rely on that.
    """

    def __init__(self, *, grace: float = 0.25, linger: float = 0.1) -> None:
        """`grace`: seconds between asking a tree to end and making it. `linger`: seconds that
        what a command left running gets to end by itself once its first process has ended."""
        self._grace = grace
        self._linger = linger
        self._token = os.urandom(16).hex()
        self._count = 0
        self._watch = watch.Watch(self._token, watch.environment(os.environ, MARK))
        self._under_way = dict[int, DirectProcess]()
        self._adopts = False
        self._closed = False

    async def start(self, command: Command) -> "DirectProcess":
        """As `Sandbox.start`."""
        if self._closed:
            raise NotAvailable("the sandbox is closed: no command can be started any more")
        self._prepare()
        began = time.monotonic()
        self._count += 1
        mark = f"{self._token}.{self._count},"
        output, popen = spawn(command, MARK, mark)
        process = DirectProcess(popen, output, began, command.timeout, Tree(mark, popen.pid), self)
        self._under_way[popen.pid] = process
        self._watch.add(popen.pid)
        return process

    @property
    def mark(self) -> str:
        """What the environment of every process of every command contains."""
        return self._token

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._closed = True
        await asyncio.gather(*(process.kill() for process in tuple(self._under_way.values())))
        if self._count:
            await Tree(self._token).end(self._grace)
        self._watch.close()

    async def clear(self, tree: Tree, *, by_itself: bool, grace: float | None) -> None:
        """End what is left of a command; its first process may be dead, but is not reaped."""
        known = {*self._under_way, self._watch.pid or 0}
        if by_itself and self._adopts and tree.left_nothing(known):
            return
        if by_itself and await tree.gone(self._linger):
            return
        await tree.end(self._grace if grace is None else grace)

    def forget(self, pid: int) -> None:
        """A command has ended and nothing of it is left."""
        self._under_way.pop(pid, None)
        self._watch.drop(pid)

    def _prepare(self) -> None:
        if self._count:
            return
        if sys.platform == "linux":
            self._adopts = linux.adopt_orphans()
        try:
            self._watch.start()
        except OSError as error:
            raise NotAvailable(f"cannot start /bin/sh: {error}") from error


class DirectProcess:
    """A command under way in a `DirectSandbox`."""

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        output: int,
        began: float,
        timeout: float | None,
        tree: Tree,
        sandbox: DirectSandbox,
    ) -> None:
        self._popen = popen
        self._output = Pipe(output)
        self._tree = tree
        self._sandbox = sandbox
        self._began = began
        self._grace: float | None = None
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[Literal["exit", "timeout", "kill"]] = self._loop.create_future()
        self._forget_exit = _on_exit(popen.pid, self._loop, lambda: self._ends("exit"))
        self._timer = (
            None if timeout is None else self._loop.call_later(timeout, self._ends, "timeout")
        )
        self._life = self._loop.create_task(self._live())

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
        if not self._end.done():
            self._grace = grace
        self._ends("kill")
        return await self.wait()

    async def _live(self) -> Exit:
        try:
            why = await self._end
            seconds = time.monotonic() - self._began
            await self._sandbox.clear(self._tree, by_itself=why == "exit", grace=self._grace)
        except asyncio.CancelledError:
            # The loop is being torn down: nobody would come back to finish this.
            self._tree.end_now()
            raise
        finally:
            self._release()
        if why != "exit":
            seconds = time.monotonic() - self._began
        return exit_of(self._popen.returncode, timed_out=why == "timeout", seconds=seconds)

    def _release(self) -> None:
        """Take what is left in the pipe, reap the first process, give back the descriptors."""
        self._forget_exit()
        if self._timer is not None:
            self._timer.cancel()
        self._output.close()
        self._popen.poll()
        self._sandbox.forget(self._popen.pid)

    def _ends(self, why: Literal["exit", "timeout", "kill"]) -> None:
        if not self._end.done():
            self._end.set_result(why)


def _on_exit(
    pid: int, loop: asyncio.AbstractEventLoop, tell: Callable[[], None]
) -> Callable[[], None]:
    """Call `tell` in the loop once the child has ended, without reaping it; return the undoing."""
    fd = _pidfd(pid)
    if fd is None:
        threading.Thread(target=_wait_in_thread, args=(pid, loop, tell), daemon=True).start()
        return lambda: None

    def told() -> None:
        # It stays readable, and would wake the loop again and again.
        loop.remove_reader(fd)
        tell()

    def undo() -> None:
        loop.remove_reader(fd)
        os.close(fd)

    loop.add_reader(fd, told)
    return undo


def _pidfd(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        # Linux before 5.3, or a filter that does not know it.
        return None


def _wait_in_thread(pid: int, loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    # Not exercised by the tests: for systems without pidfd.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)


if TYPE_CHECKING:
    from .ports import Process, Sandbox

    _sandbox: type[Sandbox] = DirectSandbox
    _process: type[Process] = DirectProcess

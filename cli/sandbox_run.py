"""`kedge sandbox run`: reads its own arguments, because Typer takes longer than the sandbox."""

import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from ..config.errors import KedgeError, UsageError
from ..sandbox.errors import CannotStart, NotAvailable, status_of
from ..sandbox.launching import Launched

if TYPE_CHECKING:
    from ..sandbox.once import Ended
    from ..sandbox.policy import Policy
    from ..sandbox.registry import Registry

USAGE = (
    "kedge sandbox run [--level LEVEL] [--allow-host HOST[:PORT]] [--allow-read PATH]"
    " [--allow-write PATH] [--add-dir DIR] [--cwd DIR] -- CMD…"
)
_VALUES = ("--level", "--allow-host", "--allow-read", "--allow-write", "--add-dir", "--cwd")
_NOT_STARTED = 127
"""What shells answer for a program that cannot be run."""


class Asked(NamedTuple):
    """What the arguments say."""

    options: dict[str, list[str]]
    """Every option with the values given for it."""
    argv: tuple[str, ...]

    def last(self, name: str) -> str:
        """The value given last; empty if none was."""
        values = self.options[name]
        return values[-1] if values else ""


def main(arguments: Sequence[str], launched: Launched | None = None) -> int:
    """Run a command confined; returns its exit code, 128 and the number for a signal."""
    launched = launched or Launched()
    try:
        asked = read(arguments)
        # A termination must leave nothing behind either.
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, _interrupt)
        return _run(launched, asked)
    except KedgeError as error:
        hint = f"\n  {error.hint}" if error.hint else ""
        sys.stderr.write(f"kedge: {error}{hint}\n")
        return error.status if isinstance(error, CannotStart) else error.exit_code
    except _Terminated as error:
        return 128 + error.number
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Nobody reads the output any more; the command has ended.
        return 128 + signal.SIGPIPE
    finally:
        launched.close()


def read(arguments: Sequence[str]) -> Asked:
    """What the arguments ask for: the policy, and the command.

    Raises:
        UsageError: an unknown option, or no command.
    """
    given: dict[str, list[str]] = {name: [] for name in _VALUES}
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "--":
        name, equals, value = rest.pop(0).partition("=")
        if name not in given or not (equals or rest):
            raise UsageError(f"sandbox run: {name!r} is not understood", hint=USAGE)
        given[name].append(value if equals else rest.pop(0))
    argv = tuple(rest[1:] if rest[:1] == ["--"] else rest)
    if not argv:
        raise UsageError("sandbox run: no command is given", hint=USAGE)
    return Asked(given, argv)


def _run(launched: Launched, asked: Asked) -> int:
    _do_without_typing_extensions()
    from ..config.paths import home
    from ..sandbox.once import run_once
    from ..sandbox.registry import Registry
    from .confine import Wanted, wanted_policy

    env = dict(os.environ)
    names = ("--allow-host", "--add-dir", "--allow-read", "--allow-write")
    lists = (tuple(asked.options[name]) for name in names)
    wanted = Wanted(asked.last("--cwd"), asked.last("--level"), *lists)
    policy = wanted_policy(wanted, env)
    cwd = policy.roots.workspace
    if policy.level == "off":
        launched.close()
        return _unconfined(asked.argv, str(cwd))
    registry = Registry(home(env).state_dir / "sandboxes")
    try:
        ended = run_once(launched, policy, asked.argv, cwd, env, registry)
    except NotAvailable:
        ended = _on_a_lower_rung(policy, asked.argv, env, registry)
    finally:
        launched.close()
        registry.drop(launched.pid)
    if ended.notes:
        from .terminal import harmless

        # Names of files are the command's to choose.
        sys.stderr.writelines(f"kedge: {harmless(note)}\n" for note in ended.notes)
    return ended.code


def _do_without_typing_extensions() -> None:
    """Import msgspec without what it would take instead of `typing` if it were there: 9 ms."""
    name = "typing_extensions"
    if name in sys.modules:
        return
    sys.modules[name] = ModuleType(name)
    try:
        pass
    finally:
        del sys.modules[name]


def _on_a_lower_rung(
    policy: "Policy", argv: tuple[str, ...], env: dict[str, str], registry: "Registry"
) -> "Ended":
    """Run the command in what else this host has, its output merged; standard input is read
    first, unless it is a terminal.

    Raises:
        NotAvailable: there is nothing else.
    """
    import asyncio

    from ..sandbox.choose import choose
    from ..sandbox.once import Ended
    from ..sandbox.ports import Command
    from ..sandbox.run import run

    stdin = None if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()

    async def show(chunk: bytes) -> None:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    async def work() -> Ended:
        strongest = await choose(policy, env, registry)
        try:
            command = Command(argv, policy.roots.workspace, env, stdin)
            ended = await run(strongest.sandbox, command, show)
        finally:
            await strongest.sandbox.close()
        number = signal.Signals[ended.signal] if ended.signal else 0
        code = 128 + number if ended.code is None else ended.code
        lost = "; no host can be reached in it" if policy.hosts else ""
        return Ended(code, (f"confined by {strongest.rung} only{lost}", *ended.notes))

    return asyncio.run(work())


class _Terminated(KeyboardInterrupt):
    """A signal other than an interrupt asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _interrupt(number: int, _frame: object) -> None:
    raise _Terminated(number)


def _unconfined(argv: tuple[str, ...], cwd: str) -> int:
    os.chdir(cwd)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"kedge: cannot run {argv[0]!r}: {error.strerror}\n")
        return status_of(error.errno or 0)
    except ValueError:
        sys.stderr.write(f"kedge: cannot run {argv[0]!r}: its name is empty\n")
    return _NOT_STARTED

"""The entry point: answers `--version`, opens the thin door, leaves the rest to Typer."""

import gc
import io
import os
import sys


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    _open_missing_streams()
    code = _run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would try again at exit, and complain where nobody can listen.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"kedge: cannot print: {error.strerror}\n")
            return code or 1
    return code


def _run(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        # Nothing else may be imported on this path: it must cost what Python itself costs.
        from ..config.version import VERSION

        sys.stdout.write(f"kedge {VERSION}\n")
        return 0
    # What start-up makes stays: looking through it for garbage costs 20 ms and finds none.
    gc.disable()
    if arguments[:2] == ["sandbox", "run"] and "--help" not in arguments[2:3]:
        # Its start takes as long as our imports and the configuration: side by side they cost half.
        from ..sandbox.launching import Launched

        launched = Launched()
        from .sandbox_run import main as sandbox_main

        return _leave(sandbox_main(arguments[2:], launched))
    try:
        if arguments[:2] == ["sessions", "list"] and {*arguments[2:]} <= {"--all", "--json"}:
            return _list_sessions(arguments[2:])
        from .door import at_terminal, read
        from .options import USUAL

        if arguments and arguments[0] in USUAL:
            return _as_meant(arguments)
        run = read(arguments)
        talks = "--plain" in arguments or all(map(os.isatty, (0, 1, 2)))
        if run is None and talks and (asked := at_terminal(arguments)):
            from .interactive import interactive

            return interactive(asked)
        if run is None:
            from .app import main as typer_main

            gc.enable()
            _print_whatever_it_is()
            return typer_main(arguments)
        from .oneshot import main as oneshot_main

        return oneshot_main(run)
    except KeyboardInterrupt:
        return 130


def _as_meant(arguments: list[str]) -> int:
    from ..config.errors import KedgeError
    from .usual import meant

    try:
        return _run(meant(arguments))
    except KedgeError as error:
        from .surfaces import startup_failure
        from .terminal import Out

        Out(2).say(startup_failure(error))
        return error.exit_code


def _list_sessions(flags: list[str]) -> int:
    """The list that is looked at most often does without Typer, which takes longer than it."""
    from ..config.errors import KedgeError
    from .commands.sessions_list import list_sessions

    try:
        list_sessions(everywhere="--all" in flags, as_json="--json" in flags)
    except KedgeError as error:
        from .surfaces import startup_failure
        from .terminal import Out

        Out(2).say(startup_failure(error))
        return error.exit_code
    return 0


def _leave(code: int) -> int:
    """End this process without taking the interpreter apart, which takes 9 ms; never returns."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Nobody is left who could be told of a pipe that broke.
        os._exit(code)


def _print_whatever_it_is() -> None:
    """Show what the terminal's encoding cannot spell in another way, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_missing_streams() -> None:
    """Open standard streams that came closed (`>&-`), on nothing.

    The next file opened would get the free descriptor: the answer would end up in the session log.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)

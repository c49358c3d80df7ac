"""The entry point: answers `--version`, opens the thin door, leaves the rest to Typer."""

import sys


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        # Nothing else may be imported on this path: it must cost what Python itself costs.
        from ..config.version import VERSION

        sys.stdout.write(f"kedge {VERSION}\n")
        return 0
    if arguments[:2] == ["sandbox", "run"] and "--help" not in arguments[2:3]:
        from .sandbox_run import main as sandbox_main

        return sandbox_main(arguments[2:])
    from .door import read

    try:
        run = read(arguments)
        if run is None:
            from .app import main as typer_main

            return typer_main(arguments)
        from .oneshot import main as oneshot_main

        return oneshot_main(run)
    except KeyboardInterrupt:
        return 130

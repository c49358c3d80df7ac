"""The file of `--output`."""

from pathlib import Path

from ..agent.events import Result
from ..config.errors import KedgeError, UsageError
from ..config.exit_codes import EXIT_CODES
from .surfaces import final_json
from .terminal import Out


def output_file(name: str, cwd: Path) -> Path | None:
    """The file that was asked for. Looked at before the work: what cannot be written would be lost.

    Raises:
        UsageError: there is no such place.
    """
    if not name:
        return None
    path = cwd / name
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {name!r} is no place for a file", hint="is the folder there?")
    return path


def keep_answer(output: Path | None, result: Result, err: Out) -> int:
    """Write the answer to its file, if there is one; the exit code of the run."""
    if output is None:
        return result.exit_code
    from ..sandbox.files import write_atomic
    from ..sandbox.paths import Roots

    data = result.text.encode() if result.structured is None else final_json(result.structured)
    try:
        if output.is_file() or not output.exists():
            place = output.resolve()
            write_atomic(place, data, Roots.at(place.parent))
        else:
            output.write_bytes(data)  # a pipe or a device
    except (OSError, KedgeError) as error:
        # The result has been printed and stays as it is: only the exit code can say more.
        err.say(f"kedge: cannot write --output {str(output)!r}: {error}\n")
        return result.exit_code or EXIT_CODES["failed"]
    return result.exit_code

"""A one-shot run: one prompt in, one answer out, an exit code that says how it went."""

import asyncio
import signal
import sys
from pathlib import Path

from ..agent.bus import now
from ..agent.events import Event, Evidence, Failure, Result
from ..agent.loop import Prompt
from ..agent.messages import Text
from ..config.errors import KedgeError, UsageError
from ..config.exit_codes import EXIT_CODES, Status
from .compose import Composed, Surroundings, compose, schema_of, surroundings
from .options import Run
from .stdin import piped
from .surfaces import ANSWERS, Progress, Quiet, Surface, final_json, startup_failure
from .terminal import Out, Style

_SIGNALS: dict[signal.Signals, Status] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
}


def main(run: Run, *, stdin: bool = True, pace: float = 0.0) -> int:
    """Do the run; returns the exit code. Explains on stderr what went wrong.

    `stdin` says whether to take words from it; `pace`, in seconds per word, how fast a script is
    replayed to somebody who watches.
    """
    out, err = Out(1), Out(2)
    answer = ANSWERS[run.output_format](out)
    watched = sys.stderr.isatty()
    try:
        where = surroundings(run.text("cd"))
        output = _output(run, where)
        schema = schema_of(run, where)
        prompt = _prompt(run, where, stdin, schema.instruction if schema else "")
        composed = compose(run, where, schema=schema, pace=pace if watched else 0.0)
        surfaces: list[Surface] = [answer, Quiet(err)]
        if watched or run.flag("verbose"):
            surfaces = [Progress(err, Style.of(sys.stderr, where.env))]
            # On one terminal the answer has already been read as it was streamed.
            if not (watched and sys.stdout.isatty() and run.output_format == "text"):
                surfaces.insert(0, answer)
        result = asyncio.run(_work(composed, prompt, surfaces))
    except KedgeError as error:
        err.say(startup_failure(error))
        if run.output_format != "text":
            answer.show(_unstarted(error))
        return error.exit_code
    code = _kept(output, result, err)
    if out.trouble:
        err.say(f"kedge: the answer could not be printed: {out.trouble}\n")
        code = code or EXIT_CODES["failed"]
    return code


async def _work(composed: Composed, prompt: Prompt | None, surfaces: list[Surface]) -> Result:
    loop = asyncio.get_running_loop()
    for number, status in _SIGNALS.items():
        loop.add_signal_handler(number, composed.session.stop, status)
    result: Result | None = None
    try:
        async for event in composed.session.run(prompt):
            for surface in surfaces:
                surface.show(event)
            if isinstance(event.body, Result):
                result = event.body
    finally:
        await composed.close()
    assert result is not None, "the stream ends with a result, or with an exception"
    return result


def _prompt(run: Run, where: Surroundings, stdin: bool, instruction: str) -> Prompt | None:
    """The prompt's parts, `instruction` last; None to go on with a session that broke off."""
    words = run.prompt
    resumes = run.flag("continue") or bool(run.text("resume"))
    wanted = words == "-" or (words is None and not resumes)
    given = piped(wanted=wanted) if stdin else ""
    if words == "-":
        words = None
    if words and given:
        words = f"{words}\n\n<stdin>\n{given}\n</stdin>"
    words = words or given
    if not words.strip():
        if resumes:
            return None
        raise UsageError("there is no prompt", hint='for example: kedge -p "fix the failing test"')
    from .images import load_image

    images = tuple(load_image(where.cwd / name) for name in run.texts("image"))
    return (*images, Text(f"{words}\n\n{instruction}" if instruction else words))


def _output(run: Run, where: Surroundings) -> Path | None:
    """The file of `--output`. Looked at before the work: what cannot be written would be lost.

    Raises:
        UsageError: there is no such place.
    """
    name = run.text("output")
    if not name:
        return None
    path = where.cwd / name
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {name!r} is no place for a file", hint="is the folder there?")
    return path


def _kept(output: Path | None, result: Result, err: Out) -> int:
    """Write the answer to `--output`; the exit code."""
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


def _unstarted(error: KedgeError) -> Event:
    """The result of a run that could not begin: every stream ends with one."""
    from ..agent.outcome import status_of

    status = status_of(error.exit_code)
    result = Result(
        status=status,
        exit_code=error.exit_code,
        text="",
        structured=None,
        evidence=Evidence((), (), ()),
        usage={},
        cost_usd=0.0,
        turns=0,
        duration_ms=0,
        api_ms=0,
        denials=(),
        config_version="",
        model="",
        sandbox="none",
        mode="",
        error=Failure(status, str(error)),
    )
    return Event(1, "", ("main",), 0, now(), result)

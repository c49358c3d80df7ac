"""A one-shot run: one prompt in, one answer out, an exit code that says how it went."""

import asyncio
import contextlib
import gc
import signal
import sys

from ..agent.events import Result
from ..agent.messages import Prompt, Text
from ..agent.ports import Approver
from ..agent.session import unstarted
from ..config.errors import KedgeError, UsageError
from ..config.exit_codes import EXIT_CODES, Status
from .compose import Composed, compose, schema_of
from .options import OPTIONS, Run
from .output_file import keep_answer, output_file
from .stdin import piped
from .surfaces import ANSWERS, Streams, Surface, Watched, held_back, startup_failure, surfaces_for
from .surroundings import Surroundings, surroundings
from .terminal import Out, Style, harmless

_SIGNALS: dict[signal.Signals, Status] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
}


def main(run: Run, *, stdin: bool = True, pace: float = 0.0, progress: int = 2) -> int:
    """Do the run; returns the exit code.

    `stdin` says whether to take words from it; `pace`, in seconds per word, how fast a script is
    replayed to somebody who watches; `progress` is the descriptor for what is not the answer.
    """
    out, err = Out(1), Out(progress)
    try:
        _require_words(run)
        where = surroundings(run.text("cd"))
        output = output_file(run.text("output"), where.cwd)
        schema = schema_of(run, where)
        prompt = _prompt(run, where, stdin, schema.instruction if schema else "")
        streams = Streams.of(out, err, where.env)
        style = Style.of(err, where.env)
        surfaces = surfaces_for(
            run.output_format, streams, out, err, style, verbose=run.flag("verbose")
        )
        composed = compose(
            run,
            where,
            schema=schema,
            pace=pace if streams.watched else 0.0,
            approver=_approver(run, streams, err, style, surfaces),
        )
        if composed.loaded.unusable is not None and not run.flag("verbose"):
            words = "so all of this file is ignored, also what it may forbid"
            err.say(f"kedge: {harmless(str(composed.loaded.unusable))}; {words}\n")
        # Start-up ran without looking for garbage (see cli/main.py). What it made lives to the
        # end: frozen, it is not looked through from here on either.
        gc.freeze()
        gc.enable()
        result = asyncio.run(_work(composed, prompt, surfaces, err))
    except KedgeError as error:
        err.say(startup_failure(error))
        if run.output_format != "text":
            ANSWERS[run.output_format](out).show(unstarted(error))
        return error.exit_code
    code = keep_answer(output, result, err)
    if out.trouble:
        err.say(f"kedge: the answer could not be printed: {out.trouble}\n")
        code = code or EXIT_CODES["failed"]
    return code


def _approver(
    run: Run, streams: Streams, err: Out, style: Style, surfaces: list[Surface]
) -> Approver | None:
    """The person at the terminal, if there is one to be asked; they see what happens, too.

    Raises:
        UsageError: somebody is to be asked, and there is nobody.
    """
    wanted = run.text("on_ask")
    here = streams.watched and sys.stdin.isatty()
    if wanted == "ask" and not here:
        raise UsageError("there is no terminal to ask on", hint="use --on-ask deny or fail")
    if not here or wanted in ("deny", "fail"):
        return None
    if run.output_format != "text" and wanted != "ask":
        return None
    from .asking import LineApprover

    drawn = next((surface for surface in surfaces if isinstance(surface, Watched)), None)
    room = drawn.room if drawn else contextlib.nullcontext
    approver = LineApprover(err, style, sys.stdin.fileno(), room)
    surfaces.append(approver)
    return approver


def _require_words(run: Run) -> None:
    """Refuse options given without words: most likely a shell variable that was not set.

    Raises:
        UsageError: there is one.
    """
    for option in OPTIONS:
        value = run.values[option.field]
        if value == "" or (isinstance(value, tuple) and "" in value):
            raise UsageError(f"{option.name} is empty", hint="was a shell variable not set?")


async def _work(
    composed: Composed, prompt: Prompt | None, surfaces: list[Surface], err: Out
) -> Result:
    loop = asyncio.get_running_loop()
    for number, status in _SIGNALS.items():
        loop.add_signal_handler(number, composed.session.stop, status)
    result: Result | None = None
    if prompt is None and not composed.session.unfinished:
        await composed.close()
        raise UsageError("nothing is left to do in this session", hint="say what to do next")
    try:
        async for event in composed.session.run(prompt):
            for surface in surfaces:
                surface.show(event)
            if isinstance(event.body, Result):
                result = event.body
    finally:
        await composed.close()
        err.say(held_back(composed.toolbox.held))
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
        given = given.removesuffix("\n")
        words = f"{words}\n\n<stdin>\n{given}\n</stdin>"
    words = words or given
    if not words.strip():
        if resumes:
            return None
        raise UsageError("there is no prompt", hint='for example: kedge -p "fix the failing test"')
    from .images import load_image

    images = tuple(load_image(where.cwd / name) for name in run.texts("image"))
    return (*images, Text(f"{words}\n\n{instruction}" if instruction else words))

"""The command line in full: Typer, made from the table of options and the commands.

Imported only when the thin door left something to it: help, complaints and the sub-commands.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Annotated, Any, Literal

import typer

from ..agent.codec import encode
from ..agent.session import unstarted
from ..config.errors import KedgeError, UsageError
from ..config.exit_codes import EXIT_CODES
from ..config.version import VERSION
from .commands import root
from .commands.groups import NAMES_OF_HELP
from .options import COMMANDS, INTERACTIVE, ONE_SHOT, OPTIONS, USUAL, Option, Run, choosing
from .surfaces import startup_failure
from .terminal import Out, harmless

_SHORT_FLAGS = "".join(o.short[1] for o in OPTIONS if o.kind == "flag" and o.short)
_ONE_SHOT = re.compile(rf"--print(?:=.*)?|-[{_SHORT_FLAGS}]*p.*", re.DOTALL)
_NAMES = {name for option in OPTIONS for name in (option.name, option.short) if name}
_ONE_PROMPT = 'For one prompt: kedge -p "PROMPT"\n'
_HELP = "see kedge -p --help"
_JSON = re.compile(r"--output-format[= ](?:stream-)?json\b")
_TYPES: dict[str, Any] = {"flag": bool, "text": str, "integer": int, "number": float}


def main(arguments: Sequence[str]) -> int:
    """Read the arguments and do what they say; returns the exit code."""
    before_dashes = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if any(_ONE_SHOT.fullmatch(argument) for argument in before_dashes):
        return _one_shot(arguments)
    if arguments and _name(arguments[0]) in _NAMES:
        return _one_shot(arguments)
    code = _called(root.app(_epilog()), arguments)
    if code == EXIT_CODES["usage"] and arguments and arguments[0] not in COMMANDS:
        Out(2).say(_ONE_PROMPT)
    return code


def _name(argument: str) -> str:
    """The name of an option, as far as it is one."""
    return argument.partition("=")[0] if argument.startswith("--") else argument[:2]


def _one_shot(arguments: Sequence[str]) -> int:
    understood: list[Run] = []
    with redirect_stderr(StringIO()) as said:
        code = _called(_one_shot_app(understood.append), choosing(arguments))
    Out(2).say(harmless(_plain(said.getvalue())))
    if understood and understood[0].flag("print"):
        return _printed(arguments, understood[0])
    if understood:
        return _without_print(arguments, understood[0])
    if code:
        Out(2).say(_ONE_PROMPT)
        _refused(arguments, UsageError("the command line was not understood", hint=_HELP))
    return code


def _printed(arguments: Sequence[str], run: Run) -> int:
    from .oneshot import main as oneshot_main

    if run.values["resume"] == "":
        return _complained(arguments, "--resume names no session", "see kedge sessions list")
    return oneshot_main(run)


def _without_print(arguments: Sequence[str], run: Run) -> int:
    """Work interactively where there is a terminal, or lines will do; else say what is missing."""
    from .interactive import has_terminal, interactive

    if run.prompt in (*COMMANDS, *USUAL) and "--" not in arguments:
        words = f"{run.prompt!r} is a command, and stands before its options"
        return _complained(arguments, words, f"as a prompt: kedge -- {run.prompt}")
    if has_terminal() or run.flag("plain"):
        return interactive(run)
    words = "there is no terminal to work on"
    return _complained(arguments, words, 'add -p "PROMPT"; what hosts it by pipes adds --plain')


def _complained(arguments: Sequence[str], words: str, hint: str) -> int:
    error = UsageError(words, hint=hint)
    Out(2).say(startup_failure(error))
    return _refused(arguments, error)


def _plain(complaint: str) -> str:
    """A complaint of Typer without the words of the library that found it."""
    return complaint.replace("Value error, ", "").replace("Input should be", "it should be")


def _refused(arguments: Sequence[str], error: UsageError) -> int:
    """The exit code of a run that cannot begin, after a result where one is asked for."""
    if _JSON.search(" ".join(arguments)):
        Out(1).write(encode(unstarted(error)) + b"\n")
    return error.exit_code


def _called(app: typer.Typer, arguments: Sequence[str]) -> int:
    try:
        app(list(arguments), prog_name="kedge")
    except KedgeError as error:
        Out(2).say(startup_failure(error))
        return error.exit_code
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def read(arguments: Sequence[str]) -> Run | None:
    """What Typer understands of a one-shot command line; None if it refuses it.

    For the test that holds the thin door and Typer together.
    """
    understood: list[Run] = []
    _called(_one_shot_app(understood.append), arguments)
    return understood[0] if understood else None


def _one_shot_app(action: Callable[[Run], None]) -> typer.Typer:
    def kedge(prompt: str | None, **values: Any) -> None:
        given = {option.field: values[_parameter_name(option)] for option in OPTIONS}
        for option in OPTIONS:
            if option.repeat:
                given[option.field] = tuple(given[option.field])
        action(Run(prompt, given))

    argument = inspect.Parameter(
        "prompt",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            str | None,
            typer.Argument(metavar="PROMPT", help="What to do; '-' or nothing: stdin says it."),
        ],
    )
    parameters = [argument, *(_parameter(option) for option in OPTIONS)]
    command: Any = kedge  # Typer reads the signature, which functions have no declared place for
    command.__signature__ = inspect.Signature(parameters)
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__doc__ = "Work on one prompt and exit. The answer goes to stdout, all else to stderr."
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(context_settings=NAMES_OF_HELP)(command)
    return app


def _parameter_name(option: Option) -> str:
    """Not the field itself: `continue` and `print` are no names for a parameter."""
    return f"{option.field}_"


def _parameter(option: Option) -> inspect.Parameter:
    kind: Any = Literal[option.choices] if option.choices else _TYPES[option.kind]
    annotation: Any = kind if option.kind == "flag" else kind | None
    info = typer.Option(
        *(name for name in (option.name, option.short) if name),
        help=option.help,
        metavar=option.metavar or None,
        min=option.at_least,
        show_default=False,
    )
    return inspect.Parameter(
        _parameter_name(option),
        inspect.Parameter.KEYWORD_ONLY,
        default=list[str]() if option.repeat else option.default,
        annotation=Annotated[list[str] if option.repeat else annotation, info],
    )


def _epilog() -> str:
    """The options of runs as the overall help lists them."""
    both = [one.field for one in OPTIONS if one.field not in (*ONE_SHOT, *INTERACTIVE)]
    sections = (
        (f"Options of a run (kedge {VERSION})", both),
        ("Only with -p", ONE_SHOT),
        ("Only without -p", INTERACTIVE),
    )
    return "\n\n".join(
        f"\b\n{title}:\n" + "\n".join(_row(one) for one in OPTIONS if one.field in fields)
        for title, fields in sections
    )


def _row(option: Option) -> str:
    names = "  " + ", ".join(filter(None, (option.short, option.name))) + " " + option.metavar
    return f"{names:<32} {option.help}" if len(names) <= 32 else f"{names}\n{'':33}{option.help}"

"""The thin door: reads the common command lines of a run without importing Typer.

It takes only what it is sure of. Whatever it does not know, or would have to complain about, it
leaves to Typer by answering None, so there is one place for help and for error messages.
"""

from collections.abc import Iterator, Sequence

from .options import COMMANDS, OPTIONS, USUAL, Option, Run, Value, choosing

_BY_NAME = {name: option for option in OPTIONS for name in (option.name, option.short) if name}

_DIGITS = 15
"""So many a float holds exactly."""


def read(arguments: Sequence[str]) -> Run | None:
    """The run that the arguments ask for; None if it is not plainly a one-shot run."""
    run = _read(arguments)
    return run if run is not None and run.flag("print") else None


def at_terminal(arguments: Sequence[str]) -> Run | None:
    """What a person asks for who wants to work interactively; None if it is not plainly that.

    `--resume` without a session is the empty text: they want to choose.
    """
    run = _read(choosing(arguments))
    if run is None or run.flag("print") or run.prompt in ("", "-"):
        return None
    if run.prompt and "--" not in arguments and _may_be_a_command(run.prompt):
        return None
    return run


def _may_be_a_command(prompt: str) -> bool:
    """Whether a prompt is a command's name, or one that was mistyped: Typer knows what to say."""
    if prompt in COMMANDS or prompt in USUAL:
        return True
    if not prompt.isalpha():
        return False
    # Prompts of one word are few.
    from difflib import get_close_matches

    return bool(get_close_matches(prompt, COMMANDS, 1, 0.75))


def _read(arguments: Sequence[str]) -> Run | None:
    values: dict[str, Value] = {option.field: option.default for option in OPTIONS}
    prompts: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            prompts += rest
        elif argument == "-" or not argument.startswith("-"):
            prompts.append(argument)
        elif not _take(argument, rest, values):
            return None
    if len(prompts) > 1:
        return None
    return Run(prompts[0] if prompts else None, values)


def _take(argument: str, rest: Iterator[str], values: dict[str, Value]) -> bool:
    name, equals, inline = argument.partition("=")
    option = _BY_NAME.get(name)
    if option is None or (equals and (option.kind == "flag" or not name.startswith("--"))):
        return False
    if option.kind == "flag":
        values[option.field] = True
        return True
    word = inline if equals else next(rest, None)
    # A value that looks like an option may be a slip: Typer knows what to say.
    if word is None or (not equals and word.startswith("-") and word != "-"):
        return False
    value = _value(option, word)
    if value is None:
        return False
    before = values[option.field]
    values[option.field] = (*before, word) if isinstance(before, tuple) else value
    return True


def _value(option: Option, word: str) -> Value:
    if option.choices:
        return word if word in option.choices else None
    if option.kind == "text":
        return word
    # Only a few plain digits: what else int() and float() take, Typer may judge differently.
    digits = word.replace(".", "", 1 if option.kind == "number" else 0)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS):
        return None
    number = int(word) if option.kind == "integer" else float(word)
    return None if option.at_least is not None and number < option.at_least else number

"""What all sub-commands are made of."""

from typing import Annotated

import typer

Directory = Annotated[str, typer.Option("--cd", "-C", metavar="DIR", help="Look from here.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}
"""Context settings of every command; those of a group hold for its commands."""


def group(about: str, epilog: str | None = None, usage: str = "COMMAND [ARGS]...") -> typer.Typer:
    """A group of sub-commands; `usage` is what follows its options."""
    return typer.Typer(
        subcommand_metavar=usage,
        help=about,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=NAMES_OF_HELP,
    )


def nothing() -> None:
    """Keeps Typer from taking a group of one command for the command itself."""

"""What all sub-commands are made of."""

from typing import Annotated

import typer

Directory = Annotated[str, typer.Option("--cd", "-C", metavar="DIR", help="Look from here.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def group(about: str, epilog: str | None = None) -> typer.Typer:
    """A group of sub-commands."""
    return typer.Typer(
        help=about,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def nothing() -> None:
    """Keeps Typer from taking a group of one command for the command itself."""

"""The sub-commands that go back: `undo` and `rewind`."""

from typing import Annotated, Literal

import typer

from .groups import Directory


def add_to(kedge: typer.Typer) -> None:
    """Add them to the application."""
    kedge.command()(undo)
    kedge.command()(rewind)


_Session = Annotated[
    str, typer.Option("--session", metavar="ID|NAME", help="Of this session, else the last one.")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Without asking.")]
_Force = Annotated[
    bool, typer.Option("--force", help="Also what was changed since by somebody else.")
]


def undo(
    count: Annotated[
        int, typer.Argument(metavar="[N]", min=1, help="So many turns.", show_default=False)
    ] = 1,
    session: _Session = "",
    redo: Annotated[bool, typer.Option("--redo", help="Undo the last undoing.")] = False,
    dry_run: _DryRun = False,
    yes: _Yes = False,
    force: _Force = False,
    cd: Directory = "",
) -> None:
    """Undo what the last turns did to files."""
    from .undo import undo as run

    raise typer.Exit(run(count, session, cd, redo=redo, dry_run=dry_run, yes=yes, force=force))


def rewind(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[N]", min=1, help="Of the prompt; else they are listed."),
    ] = None,
    only: Annotated[
        Literal["conversation", "files"] | None,
        typer.Option("--only", help="Go back in one of both."),
    ] = None,
    fork: Annotated[
        bool, typer.Option("--fork", help="Go on in a new session; this one stays as it is.")
    ] = False,
    session: _Session = "",
    redo: Annotated[bool, typer.Option("--redo", help="Redo the last undo or rewind.")] = False,
    dry_run: _DryRun = False,
    yes: _Yes = False,
    force: _Force = False,
    cd: Directory = "",
) -> None:
    """Go back to just before a prompt, in conversation and files; its words go to stdout."""
    from .rewind import rewind as run

    code = run(
        number,
        session,
        cd,
        only or "",
        fork=fork,
        redo=redo,
        dry_run=dry_run,
        yes=yes,
        force=force,
    )
    raise typer.Exit(code)

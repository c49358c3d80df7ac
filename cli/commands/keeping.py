"""The sub-commands on sessions that were kept: `sessions`."""

from typing import Annotated, Literal

import typer

from .groups import Directory, Json, group


def add_to(kedge: typer.Typer) -> None:
    """Add them to the application."""
    sessions = group("The sessions that were kept.")
    sessions.command("list")(sessions_list)
    sessions.command("show")(sessions_show)
    sessions.command("search")(sessions_search)
    sessions.command("export")(sessions_export)
    sessions.command("rename")(sessions_rename)
    sessions.command("delete")(sessions_delete)
    sessions.command("doctor")(sessions_doctor)
    kedge.add_typer(sessions, name="sessions")


_One = Annotated[str, typer.Argument(metavar="ID|NAME", help="Its id or name, or how one begins.")]
_All = Annotated[bool, typer.Option("--all", help="Of all directories.")]


def sessions_list(
    everywhere: _All = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, metavar="N", help="At most N; a terminal shows 50."),
    ] = None,
    cd: Directory = "",
    json: Json = False,
) -> None:
    """List the sessions of this directory and its repository, newest first."""
    from .sessions_list import list_sessions as run

    run(cd, limit=limit, everywhere=everywhere, as_json=json)


def sessions_show(session: _One, json: Json = False) -> None:
    """Show what happened in a session."""
    from .sessions import show_session as run

    run(session, as_json=json)


def sessions_search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY…", help='Words, "a phrase", a beginning*.')
    ],
    everywhere: _All = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N")] = 20,
    cd: Directory = "",
    json: Json = False,
) -> None:
    """Search the prompts and answers of this directory and its repository, best first."""
    from .sessions_list import search_sessions as run

    run(" ".join(query), limit, cd, everywhere=everywhere, as_json=json)


def sessions_export(
    session: _One,
    form: Annotated[
        Literal["md", "json", "html"] | None,
        typer.Option("--format", "-f", help="What to write; else as FILE is called, or md."),
    ] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact", help="Look for secrets once more; hide home, user, host and addresses."
        ),
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="A new file; else stdout.")
    ] = "",
) -> None:
    """Write a session down whole: for people (md, html: one file without scripts) or programs."""
    from .export import export_session as run

    run(session, form or "", output, redact=redact)


def sessions_rename(
    session: _One, name: Annotated[str, typer.Argument(metavar="NAME", help="'' takes it away.")]
) -> None:
    """Give a session a name."""
    from .sessions import rename_session as run

    run(session, name)


def sessions_delete(
    sessions: Annotated[list[str] | None, typer.Argument(metavar="ID|NAME…")] = None,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="AGE", help="Those of here that rest since; 90d, 12h."
        ),
    ] = "",
    everywhere: _All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
    cd: Directory = "",
) -> None:
    """Delete sessions for good, with the outputs that were kept for them."""
    from .sessions_delete import delete_sessions as run

    code = run(tuple(sessions or ()), older_than=older_than, cd=cd, everywhere=everywhere, yes=yes)
    raise typer.Exit(code)


def sessions_doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Repair what can be repaired.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also delete what belongs to no session any more.")
    ] = False,
    json: Json = False,
) -> None:
    """Find damage in what is kept, and say what it means; 1 if something is left to do."""
    from .sessions_doctor import examine as run

    raise typer.Exit(run(fix=fix, prune=prune, as_json=json))

"""The sub-commands on what may happen, and what was decided: `why`, `audit`, `rules`, `grants`,
`breakers`, `hooks`, `trust`."""

from typing import Annotated, Literal

import typer

from .groups import Directory, Json, group


def add_to(kedge: typer.Typer) -> None:
    """Add them to the application."""
    kedge.command()(why)
    kedge.add_typer(_audit(), name="audit")
    kedge.add_typer(_rules(), name="rules")
    kedge.add_typer(_grants(), name="grants")
    kedge.add_typer(_breakers(), name="breakers")
    kedge.add_typer(_hooks(), name="hooks")
    kedge.add_typer(_trust(), name="trust")


def _breakers() -> typer.Typer:
    breakers = group("What is left alone because it kept failing.")
    breakers.command("list")(breakers_list)
    breakers.command("reset")(breakers_reset)
    return breakers


def breakers_list(
    session: Annotated[
        str, typer.Argument(metavar="[ID]", help="Its id, or how it begins; else the last one.")
    ] = "",
    cd: Directory = "",
    json: Json = False,
) -> None:
    """Print how the circuit breakers of a session stand."""
    from .breakers import list_breakers as run

    run(session, cd, as_json=json)


def breakers_reset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As listed.")],
    session: Annotated[
        str, typer.Argument(metavar="[ID]", help="Its id, or how it begins; else the last one.")
    ] = "",
    cd: Directory = "",
) -> None:
    """Let a session try something again at once when it is resumed."""
    from .breakers import reset_breaker as run

    run(name, session, cd)


def _rules() -> typer.Typer:
    rules = group("What is allowed, asked about or denied beforehand.")
    rules.command("test", context_settings={"ignore_unknown_options": True})(rules_test)
    rules.command("lint")(rules_lint)
    return rules


def _grants() -> typer.Typer:
    grants = group("The rules that were saved with answers.")
    grants.command("list")(grants_list)
    grants.command("revoke")(grants_revoke)
    return grants


def _audit() -> typer.Typer:
    audit = group("What was decided, in all sessions.")
    audit.command("verify")(audit_verify)
    audit.command("query")(audit_query)
    audit.command("export")(audit_export)
    audit.command("reviewers")(audit_reviewers)
    return audit


def _hooks() -> typer.Typer:
    hooks = group("Your programs that are asked, and told.")
    hooks.command("list")(hooks_list)
    hooks.command("test")(hooks_test)
    return hooks


def _trust() -> typer.Typer:
    trust = group("What the configuration of a project may do.")
    trust.callback(invoke_without_command=True, no_args_is_help=False)(trust_folder)
    trust.command("list")(trust_list)
    trust.command("revoke")(trust_revoke)
    return trust


def why(
    session: Annotated[
        str, typer.Argument(metavar="[ID]", help="Its id, or how it begins; else the last one.")
    ] = "",
    seq: Annotated[
        int, typer.Argument(metavar="[SEQ]", help="The number of one record.", show_default=False)
    ] = 0,
    cd: Directory = "",
    json: Json = False,
) -> None:
    """Explain the decisions of a session: who let each action through, or did not, and why."""
    from .why import why as run

    run(cd, session, seq, as_json=json)


def audit_verify(
    sessions: Annotated[list[str] | None, typer.Argument(metavar="[ID]…")] = None,
) -> None:
    """Check that nothing was changed, removed or added in the logs; 1 if something was."""
    from .audit import verify as run

    raise typer.Exit(run(tuple(sessions or ())))


def audit_reviewers(
    sessions: Annotated[list[str] | None, typer.Argument(metavar="[ID]…")] = None,
    json: Json = False,
) -> None:
    """Say of each voice in the decisions how often a person's answer contradicted it."""
    from .audit import reviewers as run

    run(tuple(sessions or ()), as_json=json)


_Sessions = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Only of these.")]


_Outcome = Annotated[str, typer.Option("--outcome", metavar="allow|deny")]


_Tool = Annotated[str, typer.Option("--tool", metavar="NAME", help="Only of this tool.")]


_By = Annotated[str, typer.Option("--by", metavar="NAME", help="Only decided by this voice.")]


_Since = Annotated[
    str, typer.Option("--since", metavar="AGE|DATE", help="For example 7d, or 2026-11-01.")
]


def audit_query(
    sessions: _Sessions = None,
    outcome: _Outcome = "",
    tool: _Tool = "",
    by: _By = "",
    since: _Since = "",
    json: Json = False,
) -> None:
    """List decisions, a line each."""
    from .audit import Wanted
    from .audit import query as run

    run(Wanted(tuple(sessions or ()), outcome, tool, by, since), as_json=json)


def audit_export(
    sessions: _Sessions = None,
    outcome: _Outcome = "",
    tool: _Tool = "",
    by: _By = "",
    since: _Since = "",
    form: Annotated[Literal["jsonl", "csv"], typer.Option("--format")] = "jsonl",
) -> None:
    """Print decisions whole."""
    from .audit import Wanted
    from .audit import export as run

    run(Wanted(tuple(sessions or ()), outcome, tool, by, since), form)


def rules_test(
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]…")] = None,
    mode: Annotated[
        Literal["plan", "ask", "auto", "full"], typer.Option("--mode", help="As in a run.")
    ] = "ask",
    cd: Directory = "",
    json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON; without a command, lines of stdin.")
    ] = False,
) -> None:
    """Print what would be decided on a command, without a sandbox and without grants.

    With --json and no command, each line of stdin is a JSON object {"command": …, "rules": {…}?,
    "cwd": …?}, or with "tool" and "args" instead of "command".
    """
    from .rules import try_rules as run

    run(tuple(command or ()), mode, cd, as_json=json)


def rules_lint(cd: Directory = "", json: Json = False) -> None:
    """Say what is wrong with the configured rules; 3 if one cannot be used."""
    from .rules import lint_rules as run

    raise typer.Exit(run(cd, as_json=json))


def grants_list(json: Json = False) -> None:
    """List the rules that were saved with answers, with origin and end."""
    from .grants import list_grants as run

    run(as_json=json)


def grants_revoke(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one.")] = False,
) -> None:
    """Take grants back."""
    from .grants import revoke_grants as run

    run(tuple(ids or ()), every=every)


def hooks_list(cd: Directory = "", json: Json = False) -> None:
    """List the hooks, also those of the project that wait for trust."""
    from .hooks import list_hooks as run

    run(cd, as_json=json)


def hooks_test(
    named: Annotated[str, typer.Argument(metavar="NAME|EVENT")],
    event: Annotated[
        str, typer.Option("--event", metavar="FILE|-", help="What to tell it, as JSON.")
    ] = "",
    cd: Directory = "",
) -> None:
    """Run a hook on an event and show what it answers, and what would follow."""
    from .hooks import try_hooks as run

    raise typer.Exit(run(named, event, cd))


def trust_folder(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Trust it without asking.")] = False,
    cd: Directory = "",
) -> None:
    """Show what this folder's configuration would do, and ask whether it may."""
    if context.invoked_subcommand is None:
        from .trust import trust_folder as run

        raise typer.Exit(run(cd, yes=yes))


def trust_list(json: Json = False) -> None:
    """List the folders that are trusted."""
    from .trust import list_trusted as run

    run(as_json=json)


def trust_revoke(
    folder: Annotated[str, typer.Argument(help="Else the one around here.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All folders.")] = False,
) -> None:
    """Trust a folder no longer."""
    from .trust import revoke_trust as run

    run(folder, everything=everything)

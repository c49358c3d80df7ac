"""The sub-commands, and the help that shows them all."""

from typing import Annotated, Literal

import typer

_ABOUT = """A terminal coding agent whose every action is validated, explained and undoable.

\b
  kedge -p "fix the failing test" --mode full   work on one prompt, then exit
  git diff | kedge -p "review this"             words piped in belong to the prompt
  kedge demo                                    see it at work: no key, no network

Only --mode full lets a one-shot run change anything; the sandbox confines it (kedge sandbox check).

\b
Exit codes: 0 done · 1 failed · 2 usage · 3 configuration · 4 credentials ·
5 sandbox · 6 blocked by policy · 7 approval needed · 8 budget spent ·
9 turn limit · 10 verification failed · 11 stopped by a guard ·
75 upstream trouble, retry later · 130 interrupted · 143 terminated
"""


COMMANDS = (
    *("demo", "models", "sessions", "why", "audit", "config", "rules", "grants", "hooks", "trust"),
    *("sandbox", "schema", "tool"),
)
"""The words that a command line may begin with."""


def app(epilog: str) -> typer.Typer:
    """The application with all its commands."""
    kedge = _typer(_ABOUT, epilog)
    kedge.callback(invoke_without_command=True)(_start)
    kedge.command()(demo)
    kedge.command()(models)
    sessions = _typer("The sessions that were kept.")
    sessions.command("list")(sessions_list)
    sessions.command("show")(sessions_show)
    kedge.add_typer(sessions, name="sessions")
    kedge.command()(why)
    kedge.add_typer(_audit(), name="audit")
    rules = _typer("What is allowed, asked about or denied beforehand.")
    rules.command("test", context_settings={"ignore_unknown_options": True})(rules_test)
    rules.command("lint")(rules_lint)
    kedge.add_typer(rules, name="rules")
    grants = _typer("What was allowed for good.")
    grants.command("list")(grants_list)
    grants.command("revoke")(grants_revoke)
    kedge.add_typer(grants, name="grants")
    config = _typer("What is configured.")
    config.command("show")(config_show)
    config.callback()(_nothing)
    kedge.add_typer(config, name="config")
    schema = _typer("The formats that kedge writes, as JSON Schema.")
    schema.command("events")(schema_events)
    schema.callback()(_nothing)
    kedge.add_typer(schema, name="schema")
    kedge.add_typer(_sandbox(), name="sandbox")
    kedge.add_typer(_hooks(), name="hooks")
    kedge.add_typer(_trust(), name="trust")
    tool = _typer("Tools by hand, for debugging.")
    tool.command("exec")(tool_exec)
    tool.callback()(_nothing)
    kedge.add_typer(tool, name="tool")
    return kedge


def _audit() -> typer.Typer:
    audit = _typer("What was decided, in all sessions.")
    audit.command("verify")(audit_verify)
    audit.command("query")(audit_query)
    audit.command("export")(audit_export)
    return audit


def _sandbox() -> typer.Typer:
    sandbox = _typer("Where commands run, and what they can touch.")
    sandbox.command("run", context_settings={"ignore_unknown_options": True})(sandbox_run)
    sandbox.command("check")(sandbox_check)
    sandbox.command("policy")(sandbox_policy)
    file = _typer("Read and write files as the file tools may.")
    file.command("read")(sandbox_file_read)
    file.command("write")(sandbox_file_write)
    sandbox.add_typer(file, name="file")
    return sandbox


def _hooks() -> typer.Typer:
    hooks = _typer("Your programs that are asked, and told.")
    hooks.command("list")(hooks_list)
    hooks.command("test")(hooks_test)
    return hooks


def _trust() -> typer.Typer:
    trust = _typer("What the configuration of a project may do.")
    trust.callback(invoke_without_command=True, no_args_is_help=False)(trust_folder)
    trust.command("list")(trust_list)
    trust.command("revoke")(trust_revoke)
    return trust


def _typer(about: str, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=about,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _nothing() -> None:
    """Keeps Typer from taking a group of one command for the command itself."""


def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    if version:
        from ...config.version import VERSION

        typer.echo(f"kedge {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


_Directory = Annotated[str, typer.Option("--cd", "-C", metavar="DIR", help="Look from here.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the project on disk.")] = False,
) -> None:
    """See the whole loop on a sample project: offline, without a key."""
    from .demo import demo as run

    raise typer.Exit(run(keep=keep))


def models(
    provider: Annotated[str, typer.Argument(help="Only this provider.")] = "",
    json: _Json = False,
) -> None:
    """List providers, whether a key is present, and the known models."""
    from .models import models as run

    run(provider, as_json=json)


def sessions_list(
    everywhere: Annotated[bool, typer.Option("--all", help="Of all directories.")] = False,
    cd: _Directory = "",
    json: _Json = False,
) -> None:
    """List the sessions of this directory, newest first."""
    from .sessions import list_sessions as run

    run(cd, everywhere=everywhere, as_json=json)


def sessions_show(
    session: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    json: _Json = False,
) -> None:
    """Show what happened in a session."""
    from .sessions import show_session as run

    run(session, as_json=json)


def why(
    session: Annotated[
        str, typer.Argument(metavar="[ID]", help="Its id, or how it begins; else the last one.")
    ] = "",
    seq: Annotated[
        int, typer.Argument(metavar="[SEQ]", help="The number of one record.", show_default=False)
    ] = 0,
    cd: _Directory = "",
    json: _Json = False,
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
    json: _Json = False,
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
    cd: _Directory = "",
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


def rules_lint(cd: _Directory = "", json: _Json = False) -> None:
    """Say what is wrong with the configured rules; 3 if one cannot be used."""
    from .rules import lint_rules as run

    raise typer.Exit(run(cd, as_json=json))


def grants_list(json: _Json = False) -> None:
    """List what was allowed for good, with origin and end."""
    from .grants import list_grants as run

    run(as_json=json)


def grants_revoke(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one.")] = False,
) -> None:
    """Take grants back."""
    from .grants import revoke_grants as run

    run(tuple(ids or ()), every=every)


def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Where each value is from.")] = False,
    profile: Annotated[str, typer.Option("--profile", metavar="NAME")] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="As in a run.")
    ] = None,
    cd: _Directory = "",
    json: _Json = False,
) -> None:
    """Print every effective value."""
    from .config import show_config as run

    run(cd, profile, tuple(sets or ()), origin=origin, as_json=json)


def schema_events() -> None:
    """Print the JSON Schema of the records."""
    from ...agent.schema import events_schema

    typer.echo(events_schema())


def tool_exec(
    mode: Annotated[
        Literal["plan", "ask", "auto", "full"], typer.Option("--mode", help="As in a run.")
    ] = "ask",
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, a line each.")] = False,
    cd: Annotated[str, typer.Option("--cd", "-C", metavar="DIR", help="Work here.")] = "",
) -> None:
    """Run tools as the agent would, in one session.

    Takes a JSON object {"tool": NAME, "args": {…}} per line of stdin.
    """
    from .tool_exec import tool_exec as run

    raise typer.Exit(run(cd, mode, as_json=json))


_Cwd = Annotated[str, typer.Option("--cwd", "-C", metavar="DIR", help="The workspace.")]
_Level = Annotated[
    str, typer.Option("--level", metavar="LEVEL", help="read-only, workspace-write or off.")
]


def sandbox_run(
    command: Annotated[list[str], typer.Argument(metavar="CMD…")],
    level: _Level = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST[:PORT]", help="Let it be reached."),
    ] = None,
    add_dir: Annotated[
        list[str] | None, typer.Option("--add-dir", metavar="DIR", help="Let it be written.")
    ] = None,
    cwd: _Cwd = "",
) -> None:
    """Run a command confined; its exit code is ours, 128 and the number for a signal."""
    from ..sandbox_run import main as run

    options = [f"--level={level}"] if level else []
    options += [f"--allow-host={host}" for host in allow_host or ()]
    options += [f"--add-dir={folder}" for folder in add_dir or ()]
    raise typer.Exit(run([*options, f"--cwd={cwd or '.'}", "--", *command]))


def sandbox_check(level: _Level = "", cwd: _Cwd = "", json: _Json = False) -> None:
    """Probe what this machine enforces; 5 if a promise is not kept."""
    from .sandbox import check as run

    raise typer.Exit(run(cwd, level, as_json=json))


def sandbox_policy(level: _Level = "", cwd: _Cwd = "", json: _Json = False) -> None:
    """Print the effective policy, and where each entry is from."""
    from .sandbox import show_policy as run

    run(cwd, level, as_json=json)


def sandbox_file_read(path: Annotated[str, typer.Argument()], cwd: _Cwd = "") -> None:
    """Print a file."""
    from .sandbox import file_read as run

    run(path, cwd)


def sandbox_file_write(
    path: Annotated[str, typer.Argument()],
    content: Annotated[str | None, typer.Argument(help="Else from stdin.")] = None,
    cwd: _Cwd = "",
) -> None:
    """Write a file."""
    from .sandbox import file_write as run

    run(path, content, cwd)


def hooks_list(cd: _Directory = "", json: _Json = False) -> None:
    """List the hooks, also those of the project that wait for trust."""
    from .hooks import list_hooks as run

    run(cd, as_json=json)


def hooks_test(
    named: Annotated[str, typer.Argument(metavar="NAME|EVENT")],
    event: Annotated[
        str, typer.Option("--event", metavar="FILE|-", help="What to tell it, as JSON.")
    ] = "",
    cd: _Directory = "",
) -> None:
    """Run a hook on an event and show what it answers, and what would follow."""
    from .hooks import try_hooks as run

    raise typer.Exit(run(named, event, cd))


def trust_folder(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Trust it without asking.")] = False,
    cd: _Directory = "",
) -> None:
    """Show what this folder's configuration would do, and ask whether it may."""
    if context.invoked_subcommand is None:
        from .trust import trust_folder as run

        raise typer.Exit(run(cd, yes=yes))


def trust_list(json: _Json = False) -> None:
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

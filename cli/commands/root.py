"""The sub-commands, and the help that shows them all."""

from typing import Annotated, Literal

import typer

from . import going_back, judging, keeping
from .groups import Directory, Json, group, nothing

_ABOUT = """A terminal coding agent whose every action is validated, explained and undoable.

\b
  kedge                                         work together, in the terminal
  kedge "why does the build fail?"              the same, beginning with this
  kedge -p "fix the failing test" --mode auto   work on one prompt, then exit
  git diff | kedge -p "review this"             words piped in belong to the prompt
  kedge demo                                    see it at work: no key, no network

What may happen without asking is for --mode and --allow to say; a sandbox confines it all.

\b
Exit codes: 0 done · 1 failed · 2 usage · 3 configuration · 4 credentials ·
5 sandbox · 6 blocked by policy · 7 approval needed · 8 budget spent ·
9 turn limit · 10 verification failed · 11 stopped by a guard ·
75 upstream trouble, retry later · 130 interrupted · 143 terminated
"""


def app(epilog: str) -> typer.Typer:
    """The application with all its commands."""
    kedge = group(_ABOUT, epilog, "[PROMPT | COMMAND [ARGS]...]")
    kedge.callback(invoke_without_command=True)(_start)
    kedge.command()(demo)
    kedge.command()(login)
    kedge.command()(logout)
    kedge.command()(models)
    kedge.command()(memory)
    kedge.command()(compact)
    keeping.add_to(kedge)
    judging.add_to(kedge)
    going_back.add_to(kedge)
    trash = group("What actions deleted, and bringing it back.")
    trash.command("list")(trash_list)
    trash.command("restore")(trash_restore)
    trash.command("empty")(trash_empty)
    kedge.add_typer(trash, name="trash")
    config = group("What is configured.")
    config.command("show")(config_show)
    config.callback()(nothing)
    kedge.add_typer(config, name="config")
    schema = group("The formats that kedge writes, as JSON Schema.")
    schema.command("events")(schema_events)
    schema.callback()(nothing)
    kedge.add_typer(schema, name="schema")
    kedge.add_typer(_sandbox(), name="sandbox")
    tool = group("Tools by hand, for debugging.")
    tool.command("exec")(tool_exec)
    tool.callback()(nothing)
    kedge.add_typer(tool, name="tool")
    return kedge


def _sandbox() -> typer.Typer:
    sandbox = group("Where commands run, and what they can touch.")
    sandbox.command("run", context_settings={"ignore_unknown_options": True})(sandbox_run)
    sandbox.command("check")(sandbox_check)
    sandbox.command("policy")(sandbox_policy)
    file = group("Read and write files as the file tools may.")
    file.command("read")(sandbox_file_read)
    file.command("write")(sandbox_file_write)
    sandbox.add_typer(file, name="file")
    return sandbox


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


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the project on disk.")] = False,
) -> None:
    """See the whole loop on a sample project: offline, without a key."""
    from .demo import demo as run

    raise typer.Exit(run(keep=keep))


def login(
    provider: Annotated[str, typer.Argument(metavar="[PROVIDER]", help="Whose key.")] = "",
) -> None:
    """Keep a provider's key, which is asked for or read from stdin; else list which there are."""
    from .login import list_keys
    from .login import login as run

    run(provider) if provider else list_keys()


def logout(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Or a variable.")],
) -> None:
    """Forget a provider's key that is kept."""
    from .login import logout as run

    run(provider)


def models(
    provider: Annotated[str, typer.Argument(help="Only this provider.")] = "",
    json: Json = False,
) -> None:
    """List providers, whether a key is present, and the known models."""
    from .models import models as run

    run(provider, as_json=json)


def memory(cd: Directory = "", json: Json = False) -> None:
    """Show the instruction files that a session here begins with, and what they cost."""
    from .memory import show_memory as run

    run(cd, as_json=json)


def compact(
    focus: Annotated[
        str, typer.Argument(metavar="FOCUS", help="What matters most.", show_default=False)
    ] = "",
    session: Annotated[
        str, typer.Option("--session", metavar="ID|NAME", help="Of this session, else the last.")
    ] = "",
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="PROVIDER/NAME", help="Not the session's own.")
    ] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="As in a run.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last one back.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    cd: Directory = "",
) -> None:
    """Have a session's conversation summarised, so that there is room for more."""
    from .compact import compact as run

    given = {"cd": cd or None, "model": model or None, "set": tuple(sets or ())}
    raise typer.Exit(run(focus, session, given, undo=undo, dry_run=dry_run))


def trash_list(
    session: Annotated[str, typer.Argument(metavar="[SESSION]", help="Only of this session.")] = "",
    everywhere: Annotated[bool, typer.Option("--all", help="Of all directories.")] = False,
    cd: Directory = "",
    json: Json = False,
) -> None:
    """List what was kept before deletions in this directory, oldest first."""
    from .trash import list_trash as run

    run(session, cd, everywhere=everywhere, as_json=json)


def trash_restore(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="As listed.")] = None,
    session: Annotated[str, typer.Option("--session", metavar="ID", help="Of this session.")] = "",
    cd: Directory = "",
) -> None:
    """Put back what is missing, by default of the last deletion here. Overwrites nothing."""
    from .trash import restore_trash as run

    raise typer.Exit(run(tuple(ids or ()), session, cd))


def trash_empty(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Only that old: 30d, 12h, 5m.")
    ] = "",
) -> None:
    """Throw away for good what was kept."""
    from .trash import empty_trash as run

    run(older_than)


def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Where each value is from.")] = False,
    profile: Annotated[str, typer.Option("--profile", metavar="NAME")] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="As in a run.")
    ] = None,
    cd: Directory = "",
    json: Json = False,
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


def sandbox_check(level: _Level = "", cwd: _Cwd = "", json: Json = False) -> None:
    """Probe what this machine enforces; 5 if a promise is not kept."""
    from .sandbox import check as run

    raise typer.Exit(run(cwd, level, as_json=json))


def sandbox_policy(level: _Level = "", cwd: _Cwd = "", json: Json = False) -> None:
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

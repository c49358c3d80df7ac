"""`kedge hooks list|test`: what runs when, and what one of them answers."""

import asyncio
import sys
import time
from pathlib import Path

import msgspec

from ...agent.effects import Effect
from ...agent.events import ActionEnded
from ...agent.messages import Text, ToolCall
from ...agent.ports import Action
from ...agent.reviewers.payloads import (
    Payload,
    Place,
    action_payloads,
    stage_payload,
    with_result,
)
from ...agent.reviewers.programs import HookRunner
from ...agent.reviewers.replies import HookFailed, Reply, Said, understood
from ...config.brought import Brought
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ...config.hook_programs import Hook, hooks_of
from ...config.hooks import HookEvent, HookSettings
from ...config.layers import Loaded
from ...config.secrets import key_variables
from ...config.sources import Origin
from ...config.values import Value
from ...sandbox.environment import clean_environment
from ...sandbox.errors import SandboxError
from ..surroundings import Surroundings, surroundings
from ..terminal import harmless
from .settings import load_for_commands


class HookRow(msgspec.Struct, frozen=True):
    """One hook."""

    name: str
    event: str
    match: str
    command: str | tuple[str, ...]
    origin: str
    trusted: bool
    """Whether it runs at all."""
    hash: dict[str, str]
    """Of the programs that it names, by path."""
    on_failure: dict[str, str]
    timeout_seconds: float
    may_allow: bool


def list_hooks(cd: str, *, as_json: bool) -> None:
    """Print the hooks, those that wait for trust last.

    Raises:
        KedgeError: the configuration is wrong.
    """
    where = surroundings(cd)
    loaded = load_for_commands(where)
    rows = hook_rows(loaded, where)
    for row in rows:
        line = msgspec.json.encode(row).decode() if as_json else hook_line(row)
        sys.stdout.write(line + "\n")
    if not rows and not as_json:
        sys.stderr.write("no hooks; see docs/hooks.md\n")


def hook_rows(loaded: Loaded, where: Surroundings) -> list[HookRow]:
    """The hooks, those that wait for trust last."""
    rows = [_row(hook, trusted=True) for hook in _active(loaded, where)]
    return rows + [_row(hook, trusted=False) for hook in _waiting(loaded)]


def try_hooks(named: str, event: str, cd: str) -> int:
    """Run the hooks of this name or event on an event, a sample if none is given; 1 if one fails.

    `event` is a file with JSON, or `-`.

    Raises:
        KedgeError: there is no such hook, it is not trusted, or the event is no JSON object.
    """
    where = surroundings(cd)
    loaded = load_for_commands(where)
    hooks = _named(named, _active(loaded, where))
    if not hooks:
        if _named(named, _waiting(loaded)):
            loaded.require_trust()
        raise UsageError(f"no hook or event {named!r}", hint="kedge hooks list shows all")
    given = _given(event)
    secrets = key_variables(loaded.settings.providers)
    runner = HookRunner(clean_environment(where.env, secrets), (where.cwd,))
    return asyncio.run(_tested(hooks, runner, given, where, loaded.settings.mode))


async def _tested(
    hooks: list[Hook], runner: HookRunner, given: Payload | None, where: Surroundings, mode: str
) -> int:
    code = 0
    try:
        for hook in hooks:
            payload = given or sample(hook.settings.event, where, mode)
            code = max(code, await _try(hook, runner, payload))
    finally:
        await runner.close()
    return code


async def _try(hook: Hook, runner: HookRunner, payload: Payload) -> int:
    began = time.monotonic()
    sys.stdout.write(f"{harmless(hook.name)}  ({hook.settings.event}, {harmless(hook.origin)})\n")
    try:
        reply = await runner.run(hook, payload, hook.settings.timeout_seconds)
    except (HookFailed, SandboxError) as error:
        _say("failed", str(error))
        _say("follows", _after_failure(hook))
        return EXIT_CODES["failed"]
    _say("took", f"{(time.monotonic() - began) * 1000:.0f} ms")
    _show(reply)
    try:
        said = understood(hook.settings.event, reply)
    except HookFailed as error:
        _say("failed", str(error))
        _say("follows", _after_failure(hook))
        return EXIT_CODES["failed"]
    _say("answer", msgspec.json.encode(said).decode())
    _say("follows", consequence(hook, said))
    return 0


def _show(reply: Reply) -> None:
    ended = reply.exit
    _say("exit", "timed out" if ended.timed_out else str(ended.signal or ended.code))
    _say("stdout", reply.stdout.decode(errors="replace").rstrip() or "(nothing)")
    _say("stderr", reply.stderr.rstrip() or "(nothing)")


def _say(what: str, words: str) -> None:
    indented = harmless(words).replace("\n", "\n            ")
    sys.stdout.write(f"  {what + ':':<9} {indented}\n")


def consequence(hook: Hook, said: Said) -> str:
    """What an answer leads to, in words."""
    event = hook.settings.event
    if event in ("before_tool", "permission"):
        return _of_judging(hook, said)
    follows = {
        "prompt": "the prompt is refused",
        "compact": "the conversation is not summarised, unless the model finds it too long",
        "after_compact": "nothing: it has happened",
        "stop": "the work ends" if said.ends else "the model goes on, three times at most",
    }
    if said.verdict == "deny":
        return follows.get(event, "the reason is told to the model")
    if said.output is not None and event == "after_tool":
        return "the model is told this in place of the result"
    return "the context is told to the model" if said.context else "nothing"


def _of_judging(hook: Hook, said: Said) -> str:
    lifts = hook.settings.may_allow
    follows = {
        "deny": "the action is refused",
        "ask": "a person is asked",
        "allow": "a question is answered with yes, unless a rule demands it"
        if lifts
        else "nothing: this hook may not allow what would be asked (may_allow)",
        "": "nothing: it has no objection",
    }[said.verdict]
    if said.arguments is not None and said.verdict != "deny":
        follows = f"the arguments are replaced and judged anew; then: {follows}"
    return follows


def _after_failure(hook: Hook) -> str:
    policy = hook.settings.policy
    if hook.settings.event in ("before_tool", "permission"):
        return f"by what the action does: {_spelled(hook.settings)}"
    blocks = hook.settings.event in ("prompt", "after_tool") and policy.at(None) == "block"
    return "the words are held back" if blocks else "the person is told; the work goes on"


def sample(event: HookEvent, where: Surroundings, mode: str) -> Payload:
    """An event as a session might have it."""
    place = Place("sample", "", str(where.cwd), mode)
    fields: dict[HookEvent, Payload] = {
        "prompt": {"prompt": "Say hello."},
        "stop": {"stop_hook_active": False, "last_assistant_message": "Done."},
        "session_start": {"source": "startup"},
        "session_end": {"reason": "done"},
        "compact": {"trigger": "auto"},
        "after_compact": {"trigger": "auto", "compact_summary": "Work went on."},
    }
    if event in fields:
        return stage_payload(place, event, **fields[event])
    call = ToolCall("sample", "bash", '{"command":"echo hello"}')
    action = Action(call, {"command": "echo hello"}, (Effect("run", "echo hello"),))
    payload = action_payloads(place, event, action)[0]
    if event == "after_tool":
        return with_result(payload, ActionEnded("sample", "bash", "ok", (Text("hello\n"),)))
    return {**payload, "verdict": "ask", "by": "gate", "reason": "nothing allows it"}


def _given(event: str) -> Payload | None:
    if not event:
        return None
    try:
        data = sys.stdin.buffer.read() if event == "-" else Path(event).read_bytes()
        return msgspec.json.decode(data, type=Payload)
    except OSError as error:
        raise UsageError(f"cannot read {event!r}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{event!r} is not a JSON object: {error}") from error


def _active(loaded: Loaded, where: Surroundings) -> tuple[Hook, ...]:
    root = loaded.brought.root if loaded.brought else None
    return hooks_of(loaded.settings.hooks, loaded.origins, where.cwd, root)


def _waiting(loaded: Loaded) -> tuple[Hook, ...]:
    """The project's hooks, if they wait for trust."""
    brings: Brought | None = loaded.brought
    if brings is None or brings.trusted:
        return ()
    entries: list[HookSettings] = []
    origins: dict[str, Origin] = {}
    for layer in brings.layers:
        listed: Value = layer.values.get("hooks", [])
        for entry in listed if isinstance(listed, list) else ():
            origins[f"hooks[{len(entries)}]"] = Origin(layer.source, ("hooks",))
            entries.append(msgspec.convert(entry, HookSettings))
    return hooks_of(entries, origins, brings.root, brings.root)


def _named(named: str, hooks: tuple[Hook, ...]) -> list[Hook]:
    by_name = [hook for hook in hooks if hook.name == named]
    return by_name or [hook for hook in hooks if hook.settings.event == named]


def _row(hook: Hook, *, trusted: bool) -> HookRow:
    settings = hook.settings
    return HookRow(
        hook.name,
        settings.event,
        settings.match,
        settings.command,
        hook.origin,
        trusted,
        {str(pin.path): pin.sha256 for pin in hook.pins},
        msgspec.to_builtins(settings.policy),
        settings.timeout_seconds,
        settings.may_allow,
    )


def hook_line(row: HookRow) -> str:
    """A hook for a person, in two lines."""
    command = row.command if isinstance(row.command, str) else " ".join(row.command)
    pins = " ".join(digest[:12] for digest in row.hash.values())
    policy = "/".join(dict.fromkeys(row.on_failure.values()))
    words = (
        f"{row.event:<13} {row.name}{f' [{row.match}]' if row.match else ''}: {command}\n"
        f"{'':<13} from {row.origin}{'' if row.trusted else ', NOT TRUSTED: it does not run'}; "
        f"{row.timeout_seconds:g} s; on failure {policy}{f'; {pins}' if pins else ''}"
    )
    return harmless(words)


def _spelled(settings: HookSettings) -> str:
    said: dict[str, str] = msgspec.to_builtins(settings.policy)
    return ", ".join(f"{risk}: {outcome}" for risk, outcome in said.items())

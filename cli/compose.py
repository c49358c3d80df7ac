"""The one place that knows everyone: makes a session of settings. No behaviour of its own.

Imports stand inside the functions because start-up needs it: what a run does not use is not
loaded. Everything else receives the parts that it works with.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ..agent.events import SessionStarted
from ..agent.messages import Usage
from ..agent.ports import Check, Provider, Store, Tool
from ..agent.session import Session
from ..config.errors import CredentialsError, UsageError
from ..config.layers import Flag, Loaded, load
from ..config.models import ModelProfile, profile, split
from ..config.paths import Home, home
from ..config.settings import Settings
from ..config.version import VERSION
from .options import OPTIONS, Run

if TYPE_CHECKING:
    from ..agent.checks.schema import SchemaCheck
    from ..agent.memory.repository import Repository
    from ..agent.providers.wire import Wire
    from ..config.providers import ProviderTable
    from .toolbox import Toolbox


class Surroundings(Struct, frozen=True):
    """Where a process runs: everything ambient, taken in once."""

    env: Mapping[str, str]
    cwd: Path
    """Resolved."""
    home: Home


def surroundings(cd: str = "") -> Surroundings:
    """Those of this process.

    Raises:
        UsageError: `cd` is no directory, or the one that kedge was started in is gone.
    """
    try:
        cwd = Path(cd or ".").resolve()
    except OSError as error:
        raise UsageError(
            f"the working directory cannot be found: {error.strerror}", hint="go to one that exists"
        ) from error
    if not cwd.is_dir():
        raise UsageError(f"{cd!r} is not a directory", hint="give an existing one with -C")
    env = dict(os.environ)
    return Surroundings(env, cwd, home(env))


def settings_of(run: Run, where: Surroundings) -> Loaded:
    """All layers, with the run's flags on top."""
    flags = {
        option.setting: Flag(option.name, value)
        for option in OPTIONS
        if option.setting and isinstance(value := run.values[option.field], str | int | float)
    }
    return load(
        env=where.env,
        cwd=where.cwd,
        config_dir=where.home.config_dir,
        package_version=VERSION,
        profile=run.text("profile"),
        sets=run.texts("set"),
        flags=flags,
    )


class Model(Struct, frozen=True):
    """A model that can be called, and what is known of it."""

    provider: Provider
    profile: ModelProfile

    def price(self, usage: Usage) -> float | None:
        """US dollars for one call; None if the prices are not known."""
        return self.profile.cost(
            input=usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
            output=usage.output_tokens,
            cached_input=usage.cached_tokens,
            cache_write=usage.cache_write_tokens,
        )


def model_of(settings: Settings, where: Surroundings, *, pace: float = 0.0) -> Model:
    """The model that the settings name, or the one that a key or a local server suggests.

    `pace` is the seconds per word at which a script is replayed.

    Raises:
        ConfigError: no such provider; `exit_code` 4 if a key is missing.
    """
    name = settings.model.name or _suggested(settings, where)
    if name.startswith("scripted:"):
        return _scripted(settings, where, name.removeprefix("scripted:"), pace)
    return _remote(settings, where, name)


def _scripted(settings: Settings, where: Surroundings, file: str, pace: float) -> Model:
    from ..agent.providers.scripted import Script, ScriptedProvider

    script = Script.load(where.cwd / file)
    return Model(
        ScriptedProvider(script, seconds_per_word=pace), profile_of(settings, script.header.model)
    )


def profile_of(settings: Settings, name: str) -> ModelProfile:
    """What is known of a model, by `provider/model`.

    Raises:
        ConfigError: the name is not of that form, or the user's values do not fit.
    """
    parts = split(name)
    return profile(parts.provider, parts.model, settings.models)


def _remote(settings: Settings, where: Surroundings, name: str) -> Model:
    from ..agent.providers.retrying import Retrying
    from ..config.providers import table

    known = profile_of(settings, name)
    provider = _connected(table(known.provider, settings.providers), known, settings, where)
    return Model(Retrying(provider, settings.retry), known)


def _connected(
    provider: "ProviderTable", known: ModelProfile, settings: Settings, where: Surroundings
) -> Provider:
    from ..agent.providers.endpoint import Endpoint
    from ..config.secrets import find_key

    endpoint = Endpoint(
        f"{known.provider}/{known.name}",
        provider,
        provider.endpoint(where.env),
        find_key(provider, where.env),
        settings.http,
    )
    wire = _wire(provider, known)
    if provider.transport == "sdk":
        from ..agent.providers.sdk import SdkProvider

        return SdkProvider(wire, endpoint)
    from ..agent.providers.http import HttpProvider

    endpoint.headers()  # a missing key is known before anything else is done
    connected = HttpProvider(wire, endpoint)
    connected.warm()
    return connected


def _wire(provider: "ProviderTable", known: ModelProfile) -> "Wire":
    match provider.wire:
        case "anthropic":
            from ..agent.providers.anthropic import AnthropicWire

            return AnthropicWire(provider, known)
        case "openai-responses":
            from ..agent.providers.openai_responses import OpenAIResponsesWire

            return OpenAIResponsesWire(provider, known)
        case "openai-chat":
            from ..agent.providers.openai_chat import OpenAIChatWire

            return OpenAIChatWire(provider, known)


def _suggested(settings: Settings, where: Surroundings) -> str:
    from ..config.providers import signed_in
    from .local_models import local_model

    for provider in signed_in(where.env, settings.providers):
        if provider.default_model:
            return f"{provider.name}/{provider.default_model}"
    found = local_model(settings, where.env)
    hint = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or see kedge models, or try kedge demo"
    if found:
        hint = f"a local server answers: kedge -m {found}"
    raise CredentialsError("no model is configured, and there is no key for a provider", hint=hint)


class Composed:
    """A session with everything that has to be closed after it."""

    def __init__(self, session: Session, toolbox: "Toolbox") -> None:
        self.session = session
        self._toolbox = toolbox

    async def close(self) -> None:
        """Close the session, then end what its tools left running."""
        await self.session.close()
        await self._toolbox.close()


def compose(
    run: Run, where: Surroundings, *, schema: "SchemaCheck | None" = None, pace: float = 0.0
) -> Composed:
    """The session that a run asks for; `schema` is the check of its answer's form.

    Raises:
        KedgeError: whatever is wrong with the settings, the key, the session or the schema.
    """
    from ..agent.context import ModelUse
    from ..agent.gate import Gate
    from ..agent.memory.repository import find_repository
    from ..agent.validators.modes import ModeValidator
    from ..agent.validators.unattended import Unattended
    from ..sandbox.paths import Roots
    from .toolbox import Toolbox

    loaded = settings_of(run, where)
    settings = loaded.settings
    model = model_of(settings, where, pace=pace)
    if settings.limits.max_cost and model.profile.prices is None:
        raise UsageError(
            f"the price of {model.provider.name} is not known, so --max-cost cannot be kept",
            hint=f'set models."{model.provider.name}".prices, or leave --max-cost out',
        )
    roots = Roots.at(where.cwd, tuple(_added(name, where) for name in run.texts("add_dir")))
    toolbox = Toolbox(
        settings, roots, where.env, where.home.config_dir, without=_other_edit_tool(model.profile)
    )
    store = store_of(run, where)
    session = Session(
        _started(loaded, where, model, toolbox.tools, find_repository(where.cwd)),
        model.provider,
        toolbox.tools,
        Gate([ModeValidator(settings.mode)]),
        Unattended(),
        store,
        use=ModelUse(
            settings.model.max_output_tokens or model.profile.max_output_tokens,
            settings.model.effort,
            model.price,
        ),
        limits=settings.limits,
        checks=_checks(run, where, toolbox, schema),
        still_running=toolbox.still_running,
        resume=_resumed(run, where, store),
    )
    return Composed(session, toolbox)


def _added(name: str, where: Surroundings) -> Path:
    """A further directory to work in."""
    path = where.cwd / name
    if not path.is_dir():
        raise UsageError(f"{name!r} is not a directory", hint="give an existing one with --add-dir")
    return path


def _other_edit_tool(known: ModelProfile) -> frozenset[str]:
    """The editing tool that this model was not trained with."""
    return frozenset({"apply_patch"} if known.edit_tool == "edit" else {"edit"})


def _started(
    loaded: Loaded,
    where: Surroundings,
    model: Model,
    tools: tuple[Tool, ...],
    repository: "Repository | None",
) -> SessionStarted:
    import time

    from ..agent.memory.environment import describe
    from ..config.prompts import prompt

    config_dir = where.home.config_dir
    texts = (prompt(name, config_dir).text for name in ("system", "oneshot"))
    return SessionStarted(
        cwd=str(where.cwd),
        git_head=repository.head if repository else None,
        kedge_version=VERSION,
        config_version=loaded.version,
        experiment_arm=None,
        policy_hash=loaded.policy_hash,
        sandbox="none",
        mode=loaded.settings.mode,
        model=model.provider.name,
        system="\n\n".join(texts),
        environment=describe(where.cwd, repository, time.strftime("%Y-%m-%d")),
        tools=tuple(tool.spec for tool in tools),
        config_problems=tuple(str(problem) for problem in loaded.problems),
    )


def store_of(run: Run, where: Surroundings) -> Store:
    """Where the run's session is kept."""
    if run.flag("no_session"):
        from ..agent.stores.memory import MemoryStore

        return MemoryStore()
    return saved_sessions(where)


def saved_sessions(where: Surroundings) -> Store:
    """The sessions of this person."""
    from ..agent.stores.jsonl import JsonlStore

    return JsonlStore(where.home.state_dir / "sessions")


def _resumed(run: Run, where: Surroundings, store: Store) -> str:
    """The id of the session to go on with; empty for a new one."""
    resume, go_on = run.values["resume"] is not None, run.flag("continue")
    if not (resume or go_on):
        return ""
    if resume and go_on:
        raise UsageError("give --continue or --resume, not both")
    if run.flag("no_session"):
        raise UsageError("--no-session keeps nothing that could be continued")
    from .saved import latest, named

    return named(store, run.text("resume")) if resume else latest(store, where.cwd)


def _checks(
    run: Run, where: Surroundings, toolbox: "Toolbox", schema: "SchemaCheck | None"
) -> tuple[Check, ...]:
    checks: list[Check] = [schema] if schema else []
    if commands := run.texts("verify"):
        from ..agent.checks.verify import CommandCheck

        checks += (
            CommandCheck(command, toolbox.sandbox, where.cwd, toolbox.env) for command in commands
        )
    return tuple(checks)


def schema_of(run: Run, where: Surroundings) -> "SchemaCheck | None":
    """The check of `--json-schema`.

    Raises:
        UsageError: it is neither JSON nor a file, or no JSON Schema.
    """
    if not (given := run.text("json_schema")):
        return None
    from ..agent.checks.schema import SchemaCheck, validated
    from .saved import json_argument

    return SchemaCheck(validated(json_argument(given, where.cwd)))

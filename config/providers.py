"""The providers: where each is reached, how it wants its key, and where it deviates."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from .errors import ConfigError
from .sections import DEFAULTS, headers, section
from .values import Table, merged

Wire = Literal["anthropic", "openai-responses", "openai-chat"]
"""Anthropic Messages, OpenAI Responses, OpenAI Chat Completions."""

_Url = Annotated[
    str, Meta(pattern=r"^(|https?://\S+[^/\s])$", description="an http(s) URL without a final /")
]


class Quirks(Struct, frozen=True, forbid_unknown_fields=True):
    """Where an endpoint deviates from the wire it speaks."""

    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    """What Chat Completions calls the longest answer."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` may be sent."""
    reasoning_field: Literal["reasoning_content", "reasoning", ""] = ""
    """The field of a Chat delta that carries reasoning; empty if none does."""
    echo_reasoning: bool = False
    """Whether that reasoning must be sent back with the tool calls it led to."""
    prompt_cache_key: bool = False
    """Whether a `prompt_cache_key` may be sent."""
    parallel_tool_calls: bool = False
    """Whether the parameter `parallel_tool_calls` may be sent."""
    images: bool = True
    """Whether the endpoint takes images at all; the model must take them too."""


class ProviderEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[providers.NAME]` may say."""

    title: str = ""
    """The name people know."""
    wire: Wire = "openai-chat"
    base_url: _Url = ""
    """The wire's own path is appended to it: `/v1/messages`, `/responses` or
    `/chat/completions`. Empty where an SDK builds it."""
    base_url_env: str = ""
    """The variable that this provider documents for it."""
    key_env: tuple[str, ...] = ()
    """The variables that may hold the key, best first."""
    sign_in_env: tuple[str, ...] = ()
    """Variables any of which shows that the SDK can sign in without a key."""
    required_env: tuple[tuple[str, ...], ...] = ()
    """What the SDK needs besides: of each group one variable."""
    auth: Literal["bearer", "x-api-key", "both", "api-key", "none"] = "bearer"
    """The header of the key: `Authorization: Bearer`, `x-api-key`, these two, or `api-key`."""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Sent with every request."""
    transport: Literal["http", "sdk"] = "http"
    """Our own adapter, or the vendor's SDK (which takes a second or two to import)."""
    sdk: Literal["", "azure", "bedrock", "foundry", "vertex"] = ""
    """The cloud that `transport = "sdk"` signs in to; empty for the plain client of the wire's
    vendor (`anthropic`, or else `openai`)."""
    local: bool = False
    """A server on this machine that needs no key."""
    probe: Annotated[str, Meta(pattern=r"^(|/\S*)$", description="a path that begins with /")] = ""
    """The path, from the root of the server, that answers 200 where it runs."""
    default_model: str = ""
    """Empty where the user must say."""
    quirks: Quirks = Quirks()


class ProviderTable(ProviderEntry, frozen=True, kw_only=True):
    """A provider that can be used."""

    name: str
    """The part of `provider/model` before the slash."""

    def endpoint(self, env: Mapping[str, str]) -> str:
        """The base URL: the one in the provider's own variable, or else `base_url`.

        For a local server the variable may also be just `host` or `host:port`, as `OLLAMA_HOST`
        is documented; what it leaves out comes from `base_url`.
        """
        given = env.get(self.base_url_env, "").rstrip("/") if self.base_url_env else ""
        if not given:
            return self.base_url
        return self.address(given) if self.local else given

    def address(self, given: str) -> str:
        """The base URL that is meant by an address: what it leaves out comes from `base_url`."""
        return _completed(given.rstrip("/"), self.base_url)

    @property
    def takes_a_key(self) -> bool:
        """Whether a key is all that it needs."""
        plain = not self.local and self.transport == "http" and not self.required_env
        return plain and bool(self.key_env)

    def can_sign_in(self, env: Mapping[str, str]) -> bool:
        """Whether a request could be made without the user doing anything: a key is there, or
        none is needed. Says nothing about whether the key is good."""
        return self.local or any(env.get(name) for name in (*self.key_env, *self.sign_in_env))

    def unset(self, env: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
        """The groups of `required_env` of which no variable is set. A `base_url` from the
        configuration stands in for its variable."""
        return tuple(
            group
            for group in self.required_env
            if not any(env.get(name) for name in group)
            and not (self.base_url and self.base_url_env in group)
        )


def names(overrides: Mapping[str, Table]) -> tuple[str, ...]:
    """Every provider: the packaged ones in their order, then the user's own."""
    packaged = tuple(headers(_text()))
    return (*packaged, *(name for name in overrides if name not in packaged))


def table(name: str, overrides: Mapping[str, Table]) -> ProviderTable:
    """The provider of that name, with what the user says over it (`Settings.providers`).

    Raises:
        ConfigError: there is none (names the nearest), or one of the user's own lacks `wire` or
            `base_url`.
    """
    packaged, over = section(_text(), name), overrides.get(name)
    if packaged is None and over is None:
        raise _unknown(name, names(overrides))
    if packaged is None and over is not None:
        _require(name, over)
    values = merged(packaged or {}, over or {})
    try:
        return msgspec.convert({"title": name, **values, "name": name}, ProviderTable)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error), key=f"providers.{name}") from error


def signed_in(env: Mapping[str, str], overrides: Mapping[str, Table]) -> Iterator[ProviderTable]:
    """The providers that are not local and that `env` has a key or sign-in for, in order.

    Lazy: the first costs no more than the tables before it.
    """
    for name in names(overrides):
        provider = table(name, overrides)
        if not provider.local and provider.can_sign_in(env):
            yield provider


def local_servers(overrides: Mapping[str, Table]) -> tuple[ProviderTable, ...]:
    """The providers that may be running on this machine, to be probed."""
    tables = (table(name, overrides) for name in names(overrides))
    return tuple(provider for provider in tables if provider.local)


def _text() -> str:
    return (DEFAULTS / "providers.toml").read_text(encoding="utf-8")


def _require(name: str, over: Table) -> None:
    missing = [key for key in ("wire", "base_url") if not over.get(key)]
    if missing:
        raise ConfigError(
            f"a provider of your own needs {' and '.join(missing)}",
            key=f"providers.{name}",
            hint=f"add {' and '.join(missing)} to [providers.{name}]",
        )


def _unknown(name: str, known: tuple[str, ...]) -> ConfigError:
    # Only a mistake pays for difflib.
    from .explain import nearest

    close = nearest(name, known)
    others = f"did you mean {close!r}?" if close else f"known: {', '.join(known)}"
    return ConfigError(
        f"unknown provider {name!r}; {others}",
        hint=f"one of your own needs [providers.{name}] in the user's config.toml",
    )


def _completed(given: str, base_url: str) -> str:
    """`given` with scheme, port and path of `base_url` where it has none of its own."""
    scheme, _, rest = base_url.partition("://")
    authority, _, path = rest.partition("/")
    if "://" in given:
        scheme, _, given = given.partition("://")
    elif not _has_port(given):
        given = f"{given}:{authority.rpartition(':')[2]}"
    host, slash, own_path = given.partition("/")
    return f"{scheme}://{host}/{own_path if slash else path}"


def _has_port(authority: str) -> bool:
    # The colons of an IPv6 address are within brackets.
    return ":" in authority.rpartition("]")[2]

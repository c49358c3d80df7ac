"""`kedge models`: providers, whether a key is present, and what is known of their models."""

import sys

import msgspec

from ...config.models import ModelProfile, known, profile
from ...config.providers import ProviderTable, names, table
from ...config.settings import Settings
from ..local_models import models_of
from ..provider_keys import ORIGINS, KeyOrigin, origin_of
from ..surroundings import Surroundings, surroundings
from .settings import load_for_commands


class ProviderRow(msgspec.Struct, frozen=True):
    """A provider, and what is known of it here."""

    provider: str
    title: str
    key: str
    """`present`, `missing` or `not needed`; never the key."""
    key_origin: KeyOrigin | None
    """Where the key is from that is present."""
    key_variables: tuple[str, ...]
    sign_in_variables: tuple[str, ...]
    """Any of them stands for a sign-in that needs no key."""
    unset_variables: tuple[tuple[str, ...], ...]
    """What is needed besides and is not there: of each group one variable."""
    default_model: str
    running: bool | None
    """Of a local server: whether it answers."""
    models: tuple[ModelProfile, ...]


def models(provider: str, *, as_json: bool) -> None:
    """Print the listing.

    Raises:
        ConfigError: the configuration is wrong, or there is no such provider.
    """
    where = surroundings()
    settings = load_for_commands(where).settings
    wanted = (provider,) if provider else names(settings.providers)
    for name in wanted:
        row = provider_row(table(name, settings.providers), settings, where)
        if as_json:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        else:
            sys.stdout.write(_text(row))


def provider_row(provider: ProviderTable, settings: Settings, where: Surroundings) -> ProviderRow:
    """What is known of a provider. Of a local server it is asked: that takes time."""
    models = known(provider.name, settings.models)
    running = None
    if provider.local:
        offered = tuple(models_of(provider, where.env))
        running = bool(offered)
        listed = {model.name for model in models}
        models += tuple(
            profile(provider.name, name, settings.models) for name in offered if name not in listed
        )
    origin = origin_of(provider, where)
    if origin is not None:
        key = "present"
    elif provider.can_sign_in(where.env) or provider.auth == "none":
        key = "not needed"
    else:
        key = "missing"
    return ProviderRow(
        provider.name,
        provider.title,
        key,
        origin,
        provider.key_env,
        provider.sign_in_env,
        provider.unset(where.env),
        provider.default_model,
        running,
        models,
    )


def _text(row: ProviderRow) -> str:
    lines = [f"{row.provider}  {row.title}: {state_of(row)}"]
    for model in row.models:
        mark = "*" if model.name == row.default_model else " "
        window = f"{model.context_window // 1000}k"
        lines.append(f" {mark} {model.name:<36} {window:>6}  {price_of(model)}")
    return "\n".join(lines) + "\n\n"


def state_of(row: ProviderRow) -> str:
    """Whether it can be used, and what to set if not."""
    if row.running is not None:
        return "answering" if row.running else "not running"
    unset = [" or ".join(group) for group in row.unset_variables]
    if row.key == "missing":
        keys = " or ".join((*row.key_variables, *row.sign_in_variables))
        noun = "sign-in" if row.sign_in_variables else "key"
        wanted = _all([keys, *unset] if keys else unset)
        return f"{noun} missing" + (f" (set {wanted})" if wanted else "")
    signed_in = row.key == "not needed" and row.sign_in_variables
    said = ORIGINS[row.key_origin] if row.key_origin else row.key
    state = "signed in" if signed_in else f"key {said}"
    return state + (f"; not set: {_all(unset)}" if unset else "")


def _all(wanted: list[str]) -> str:
    """Variables of which all are needed; some may be a choice of several."""
    return (", and " if any(" or " in names for names in wanted) else " and ").join(wanted)


def price_of(model: ModelProfile) -> str:
    """What it costs, in words."""
    if model.prices is None:
        return "price unknown"
    return f"${model.prices.input:g} in, ${model.prices.output:g} out per million tokens"

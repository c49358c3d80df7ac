"""Checks one layer against the classes of `settings`: every key known, every value in range."""

import msgspec

from .hooks import HookSettings
from .settings import Settings
from .sources import Layer, Source
from .values import KeyPath, Table


def check(layer: Layer) -> None:
    """Returns if every value of the layer could be used.

    Raises:
        ConfigError: an unknown key (names the nearest known one), a wrong type, or a value out
            of range (says what was expected), with its place.
    """
    hooks = layer.values.get("hooks")
    for hook in hooks if isinstance(hooks, list) else ():
        if isinstance(hook, dict):
            _convert(hook, HookSettings, layer.source, ("hooks",))
    _convert(layer.values, Settings, layer.source, ())
    if not ("providers" in layer.values or "models" in layer.values):
        return
    # Most layers name neither: they need not pay 5 ms.
    from .models import ModelEntry
    from .providers import ProviderEntry

    for section, entry in (("providers", ProviderEntry), ("models", ModelEntry)):
        tables = layer.values.get(section)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if section == "models" and not all(name.partition("/")):
                raise layer.source.error((section, name), "the key must be 'provider/model'")
            if isinstance(table, dict):
                _convert(table, entry, layer.source, (section, name))


def _convert(values: Table, kind: type[msgspec.Struct], source: Source, path: KeyPath) -> None:
    try:
        msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        # Explaining needs typing and difflib, which a run without a mistake never imports.
        from .explain import explained

        raise explained(error, kind, values, source, path) from error

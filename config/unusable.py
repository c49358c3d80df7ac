"""A project's file that cannot be used: it keeps nobody from working in a folder that they never
trusted, and what it may have meant to narrow is narrowed in its stead."""

import os
import pathlib
from typing import Final

import msgspec

from .errors import ConfigError
from .following import FOLLOWED
from .rule_settings import LISTS, RuleSettings
from .rules import rules_of
from .sources import Layer, Origin, Problem
from .trust import FILE, Trust

STAND_IN: Final = "ask"
"""The widest mode that such a file leaves: nothing is changed without a person."""


def was_accepted(file: pathlib.Path, data_dir: pathlib.Path | None) -> bool:
    """Whether a person trusted what this project's file said once, so that they count on it.

    Raises:
        ConfigError: the list of trusted folders is damaged.
    """
    root = os.path.realpath(file.parent.parent)
    accepted = Trust(data_dir / FILE).all().get(root) if data_dir else None
    return accepted is not None and accepted.text != FOLLOWED


def check_rules(layer: Layer) -> None:
    """Return if every rule of a checked layer can be used.

    Raises:
        ConfigError: one cannot, with its place.
    """
    rules = msgspec.convert(layer.values.get("rules", {}), RuleSettings)
    for name in LISTS:
        for index, item in enumerate(getattr(rules, name)):
            origin = Origin(layer.source, ("rules", name), index)
            try:
                rules_of(RuleSettings(**{name: (item,)}), {})
            except ConfigError as error:
                raise ConfigError(
                    error.reason, file=layer.source.where, line=origin.line, key=error.key
                ) from error


def ignored(file: pathlib.Path, error: ConfigError) -> Problem:
    """What a person is told of it."""
    reason = (
        f"{error.reason}; so ALL of this file is ignored, also what it may forbid, and the mode is"
        f" at most {STAND_IN} unless you say otherwise"
    )
    return Problem(error.file or str(file), error.line, error.key, reason)

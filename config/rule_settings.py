"""Rules as settings have them. What they mean: `rules`, which only runs that have some import."""

from typing import Final, Literal

from msgspec import Struct

RuleList = Literal["deny", "ask", "allow"]
"""The lists, strongest first."""

LISTS: Final[tuple[RuleList, ...]] = ("deny", "ask", "allow")


class RuleItem(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule with its examples, as a table of the settings."""

    rule: str
    match: tuple[str, ...] = ()
    """What it must cover: commands, paths, hosts or `server.tool`, as its tool has them."""
    not_match: tuple[str, ...] = ()


class RuleSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules; layers add to each list."""

    allow: tuple[str | RuleItem, ...] = ()
    ask: tuple[str | RuleItem, ...] = ()
    deny: tuple[str | RuleItem, ...] = ()

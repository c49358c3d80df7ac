"""What is allowed, asked about and denied beforehand, and what was granted on the way."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ....agent.events import Decision, Event, Grant
from ....config.grants import StoredGrant
from ....config.layers import Loaded
from ....config.rule_lint import lint
from ....config.rules import items_of
from ...counts import counted
from .page import Page, Row, Tone, head, page


def rules_page(loaded: Loaded) -> Page:
    """Every configured rule with its place, and what is wrong with them."""
    return page("rules", _rules(loaded))


def _rules(loaded: Loaded) -> Iterator[Row]:
    items = list(items_of(loaded.settings.rules, loaded.origins))
    tones: dict[str, Tone] = {"allow": "good", "ask": "warn", "deny": "bad"}
    rules = counted(len(items), "rule")
    yield head(f"mode {loaded.settings.mode}; {rules}, the strictest that fits decides")
    for verdict, item, origin in items:
        rule = item if isinstance(item, str) else item.rule
        yield Row(f"{verdict:<6} {rule}  ({origin or 'packaged'})", tones.get(verdict, ""))
    if not items:
        yield Row('none: add [rules] allow = ["bash(npm test *)"] to config.toml', "dim")
    remarks = lint(items_of(loaded.settings.rules, loaded.origins))
    if remarks:
        yield head("what is wrong with them")
    for remark in remarks:
        yield Row(f"{remark.origin}: {remark.text}", "bad" if remark.level == "error" else "warn")
    for problem in loaded.problems:
        yield Row(str(problem), "warn")


def grants_page(
    stored: Sequence[StoredGrant], facts: Sequence[Event], project: Path, now: datetime
) -> Page:
    """Every grant, those of the session last; those that are stored can be revoked by their id."""
    return page("grants", (*_stored(stored, project, now), *_of_session(facts)))


def _stored(stored: Sequence[StoredGrant], project: Path, now: datetime) -> Iterator[Row]:
    yield head("for good")
    for grant in stored:
        place = grant.project or "everywhere"
        until = grant.expires.astimezone(UTC).date().isoformat()
        holds = grant.holds(project, now)
        why = "" if holds else "expired" if grant.expires <= now else "not here"
        yield Row(
            f"{grant.rule}  {why}".rstrip(),
            "" if holds else "dim",
            grant.id,
            f"in {place}, until {until}, answered in {grant.origin}",
        )
    if not stored:
        yield Row("nothing was allowed for good", "dim")


def _of_session(facts: Sequence[Event]) -> Iterator[Row]:
    found: list[Grant] = [
        fact.body.grant
        for fact in facts
        if isinstance(fact.body, Decision) and fact.body.grant is not None
    ]
    yield head("in this session")
    for grant in found:
        if grant.scope == "session":
            yield from (Row(rule) for rule in grant.rules)
    if not any(grant.scope == "session" for grant in found):
        yield Row("nothing was allowed for the session", "dim")

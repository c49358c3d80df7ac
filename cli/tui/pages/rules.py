"""What is allowed, asked about and denied beforehand, and what was granted on the way."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from ....agent.events import Decision, Event
from ....config.grants import StoredGrant
from ....config.layers import Loaded
from ....config.rule_lint import lint
from ....config.rules import items_of
from ...counts import counted
from .page import Page, Row, Tone, head, page


def rules_page(loaded: Loaded, holding: Sequence[StoredGrant], facts: Sequence[Event]) -> Page:
    """Every configured rule with its place, what is wrong with them, and what was granted besides:
    the stored grants that are `holding` here, and those of the session."""
    granted = (*(one.rule for one in holding), *_session_rules(facts))
    return page("rules", (*_rules(loaded), *_granted(granted)))


def _granted(rules: Sequence[str]) -> Iterator[Row]:
    if rules:
        yield head(f"{counted(len(rules), 'rule')} from your answers; /grants takes them back")
    for rule in rules:
        yield Row(f"{'allow':<6} {rule}", "good")


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
    places = {str(project): "in this project", "": "everywhere"}
    for place, grants in groupby(sorted(stored, key=_place), key=_place):
        yield head(places.get(place, f"in {place}"))
        yield from (_stored_row(grant, project, now) for grant in grants)
    if not stored:
        yield head("saved")
        yield Row("no rule was saved with an answer", "dim")


def _place(grant: StoredGrant) -> str:
    return grant.project


def _stored_row(grant: StoredGrant, project: Path, now: datetime) -> Row:
    until = grant.expires.astimezone(UTC).date().isoformat()
    holds = grant.holds(project, now)
    why = "" if holds else "expired" if grant.expires <= now else "not here"
    return Row(
        f"{grant.rule}  {why}".rstrip(),
        "" if holds else "dim",
        grant.id,
        f"until {until}, answered in {grant.origin}",
    )


def _of_session(facts: Sequence[Event]) -> Iterator[Row]:
    yield head("in this session")
    rules = _session_rules(facts)
    yield from map(Row, rules)
    if not rules:
        yield Row("no rule was allowed for the session", "dim")


def _session_rules(facts: Sequence[Event]) -> list[str]:
    decided = (fact.body for fact in facts if isinstance(fact.body, Decision))
    grants = (one.grant for one in decided if one.grant is not None)
    return [rule for one in grants if one.scope == "session" for rule in one.rules]

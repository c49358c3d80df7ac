"""What was allowed for good holds as long as it stands in the file, and not a moment longer."""

from pathlib import Path

import pytest

from kedge.agent.events import Grant
from kedge.cli.granting import SessionGrants
from kedge.config.errors import ConfigError
from kedge.config.grants import Grants

RULE = "bash(make install)"


class Held:
    """The grants of a session, in a project."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "data" / "grants.json"
        self.project = folder
        self.notices: list[str] = []

    def session(self) -> SessionGrants:
        return SessionGrants(
            self.file, self.project, "s1", lambda code, words: self.notices.append(words)
        )


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def rules(session: SessionGrants) -> list[str]:
    return [str(rule.text) for rule in session.holding()]


def test_what_is_revoked_holds_no_longer_in_a_session_that_runs(held: Held) -> None:
    session = held.session()
    session.remember(Grant("project", (RULE,)))
    session.remember(Grant("session", ("bash(ls)",)))
    assert sorted(rules(session)) == ["bash(ls)", RULE]
    stored = Grants(held.file)
    stored.revoke([one.id for one in stored.all()])
    assert rules(session) == ["bash(ls)"]


def test_what_another_process_allows_for_the_project_holds_at_once(held: Held) -> None:
    session = held.session()
    assert rules(session) == []
    held.session().remember(Grant("user", (RULE,)))
    assert rules(session) == [RULE]


def test_rules_that_did_not_change_are_the_same_object(held: Held) -> None:
    session = held.session()
    session.remember(Grant("project", (RULE,)))
    assert session.holding() is session.holding()


def test_of_a_file_that_is_damaged_meanwhile_nothing_holds_and_that_is_told(held: Held) -> None:
    session = held.session()
    session.remember(Grant("project", (RULE,)))
    held.file.write_text("{")
    assert rules(session) == []
    assert "do not hold" in held.notices[0]
    with pytest.raises(ConfigError):
        held.session()


def test_what_cannot_be_kept_holds_in_the_session(held: Held) -> None:
    session = held.session()
    held.file.parent.write_text("in the way")
    session.remember(Grant("project", (RULE,)))
    assert rules(session) == [RULE]
    assert "kept for this session only" in held.notices[0]


def test_what_is_no_rule_is_not_kept(held: Held) -> None:
    session = held.session()
    session.remember(Grant("project", ("nobody(",)))
    assert rules(session) == []
    assert "not kept" in held.notices[0]
    assert not held.file.exists()

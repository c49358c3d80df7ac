"""What a person allowed for good is kept, ends, and can be taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kedge.config.errors import ConfigError
from kedge.config.grants import DAYS, Grants

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HERE, ELSEWHERE = Path("/projects/here"), Path("/projects/elsewhere")


@pytest.fixture
def grants(tmp_path):
    return Grants(tmp_path / "data" / "grants.json", lambda: NOW)


def rules(found):
    return [grant.rule for grant in found]


def test_a_project_grant_counts_in_its_project_alone(grants):
    grants.add("project", ["bash(make)"], HERE, "session s, action 3")
    assert rules(grants.holding(HERE)) == ["bash(make)"]
    assert grants.holding(ELSEWHERE) == ()


def test_a_user_grant_counts_everywhere(grants):
    grants.add("user", ["bash(make)", "bash(ls)"], HERE, "session s, action 3")
    assert rules(grants.holding(ELSEWHERE)) == ["bash(make)", "bash(ls)"]


def test_a_grant_ends(tmp_path, grants):
    grants.add("user", ["bash(make)"], HERE, "o")
    later = Grants(tmp_path / "data" / "grants.json", lambda: NOW + timedelta(days=DAYS))
    assert later.holding(HERE) == ()
    assert rules(later.all()) == ["bash(make)"]


def test_allowing_the_same_again_makes_no_second_grant(grants):
    grants.add("project", ["bash(make)"], HERE, "first")
    grants.add("project", ["bash(make)"], HERE, "second")
    grants.add("project", ["bash(make)"], ELSEWHERE, "third")
    assert [grant.origin for grant in grants.all()] == ["second", "third"]


def test_what_was_revoked_is_gone_and_the_rest_stays(grants):
    grants.add("user", ["bash(a)", "bash(b)"], HERE, "o")
    first, _ = grants.all()
    assert grants.revoke([first.id, "nothing"]) == (first,)
    assert rules(grants.all()) == ["bash(b)"]


def test_only_the_owner_can_read_the_file(tmp_path, grants):
    grants.add("user", ["bash(a)"], HERE, "o")
    assert (tmp_path / "data" / "grants.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"{", b'[{"id": 1}]', b"\xff"])
def test_a_damaged_file_grants_nothing_and_says_what_to_do(tmp_path, grants, damage):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "grants.json").write_bytes(damage)
    with pytest.raises(ConfigError, match=r"grants\.json") as caught:
        grants.holding(HERE)
    assert "remove it" in caught.value.hint


def test_grants_of_several_writers_at_once_are_all_kept(tmp_path):
    file = tmp_path / "grants.json"

    def add(number):
        Grants(file).add("user", [f"bash({number})"], HERE, "o")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert sorted(rules(Grants(file).all())) == [f"bash({number})" for number in range(8)]

"""Trust is bound to a folder and to exactly what was shown."""

import datetime
import os
import pathlib
import stat

import pytest

from kedge.config.errors import ConfigError
from kedge.config.trust import Changed, Trust, Trusted, Unknown

NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
PARTS = 'hooks[0].command = "x"\nmodel.name = "a/b"\n'


@pytest.fixture
def trust(tmp_path: pathlib.Path) -> Trust:
    return Trust(tmp_path / "data" / "trust.json", lambda: NOON)


def test_a_folder_that_nobody_accepted_is_unknown(trust: Trust, tmp_path: pathlib.Path) -> None:
    assert trust.state(tmp_path, PARTS) == Unknown()
    assert trust.state(tmp_path, "") == Unknown()


def test_what_was_accepted_is_trusted_in_that_folder_alone(
    trust: Trust, tmp_path: pathlib.Path
) -> None:
    trust.accept(tmp_path / "a", PARTS)
    assert trust.state(tmp_path / "a", PARTS) == Trusted(NOON)
    assert trust.state(tmp_path / "b", PARTS) == Unknown()
    assert trust.state(tmp_path / "a" / "inner", PARTS) == Unknown()


def test_any_change_is_shown_as_a_diff_until_it_is_accepted(
    trust: Trust, tmp_path: pathlib.Path
) -> None:
    trust.accept(tmp_path, PARTS)
    changed = PARTS.replace('"x"', '"y"')
    standing = trust.state(tmp_path, changed)
    assert isinstance(standing, Changed)
    assert '-hooks[0].command = "x"' in standing.diff
    assert '+hooks[0].command = "y"' in standing.diff
    trust.accept(tmp_path, changed)
    assert trust.state(tmp_path, changed) == Trusted(NOON)
    assert isinstance(trust.state(tmp_path, PARTS), Changed)


def test_what_is_revoked_is_unknown_again(trust: Trust, tmp_path: pathlib.Path) -> None:
    for name in "abc":
        trust.accept(tmp_path / name, PARTS)
    assert trust.revoke(str(tmp_path / "b")) == (str(tmp_path / "b"),)
    assert trust.state(tmp_path / "b", PARTS) == Unknown()
    assert trust.revoke(str(tmp_path / "b")) == ()
    assert list(trust.all()) == [str(tmp_path / "a"), str(tmp_path / "c")]
    assert len(trust.revoke()) == 2
    assert trust.all() == {}


def test_the_list_is_private_and_no_other_file_stays_beside_it(
    trust: Trust, tmp_path: pathlib.Path
) -> None:
    trust.accept(tmp_path, PARTS)
    file = tmp_path / "data" / "trust.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert {path.name for path in file.parent.iterdir()} == {"trust.json", ".trust.json.lock"}


def test_a_list_that_others_can_write_is_refused(trust: Trust, tmp_path: pathlib.Path) -> None:
    trust.accept(tmp_path, PARTS)
    (tmp_path / "data" / "trust.json").chmod(0o620)
    with pytest.raises(ConfigError, match="others can write"):
        trust.state(tmp_path, PARTS)


@pytest.mark.parametrize("text", ["", "[]", '{"/p": {"hash": 1}}', "\xff"])
def test_a_damaged_list_is_an_error_that_names_the_file(
    trust: Trust, tmp_path: pathlib.Path, text: str
) -> None:
    file = tmp_path / "data" / "trust.json"
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="trust.json"):
        trust.all()


def test_a_folder_whose_name_is_no_text_cannot_be_trusted(
    trust: Trust, tmp_path: pathlib.Path
) -> None:
    odd = pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        trust.accept(odd, PARTS)
    assert trust.state(odd, PARTS) == Unknown()

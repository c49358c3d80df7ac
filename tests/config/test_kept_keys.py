"""Keys that are kept are in one private file, and shown by nothing."""

import stat
from pathlib import Path

import pytest

from kedge.config.errors import ConfigError
from kedge.config.kept_keys import KeptKeys, is_key

SECRET = "sk-geheim-0123456789"


@pytest.fixture
def kept(tmp_path: Path) -> KeptKeys:
    return KeptKeys(tmp_path / "data" / "keys.json")


def values(kept: KeptKeys) -> dict[str, str]:
    return {name: key.reveal() for name, key in kept.all().items()}


def test_none_is_kept_at_first_and_looking_makes_no_file(kept: KeptKeys) -> None:
    assert kept.all() == {}
    assert not kept.file.parent.exists()


def test_a_key_is_kept_by_its_variable_until_another_one_is(kept: KeptKeys) -> None:
    kept.keep("A_KEY", "first")
    kept.keep("B_KEY", "other")
    kept.keep("A_KEY", "second")
    assert values(kept) == {"A_KEY": "second", "B_KEY": "other"}


def test_what_is_forgotten_is_gone_and_the_rest_stays(kept: KeptKeys) -> None:
    kept.keep("A_KEY", SECRET)
    kept.keep("B_KEY", "other")
    assert kept.forget(["A_KEY", "C_KEY"]) == ("A_KEY",)
    assert kept.forget(["A_KEY"]) == ()
    assert values(kept) == {"B_KEY": "other"}
    assert SECRET not in kept.file.read_text()


def test_the_file_is_private_and_no_other_one_holds_a_key(kept: KeptKeys) -> None:
    kept.keep("A_KEY", SECRET)
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.file.parent.stat().st_mode) == 0o700
    beside = [one for one in kept.file.parent.iterdir() if one != kept.file]
    assert all(SECRET not in one.read_text() for one in beside)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_can_read_or_write_is_refused(kept: KeptKeys, mode: int) -> None:
    kept.keep("A_KEY", SECRET)
    kept.file.chmod(mode)
    for use in (kept.all, lambda: kept.keep("B_KEY", "other"), lambda: kept.forget(["A_KEY"])):
        with pytest.raises(ConfigError, match="others can") as caught:
            use()
        assert "chmod 600" in caught.value.hint
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"A": 1}',
        '{"A": null}',
        '{"A": ""}',
        '{"": "x"}',
        '{"A": "x\\n"}',
        '{"A": "\xfc"}',
    ]
    + ["\xff", '{"A": {"key": "sk-geheim-0123456789"}}'],
)
def test_a_damaged_file_is_an_error_that_names_it_and_no_key(kept: KeptKeys, text: str) -> None:
    kept.file.parent.mkdir()
    kept.file.write_bytes(text.encode("latin-1"))
    kept.file.chmod(0o600)
    with pytest.raises(ConfigError, match="keys.json") as caught:
        kept.all()
    assert SECRET not in str(caught.value)


def test_no_representation_shows_a_key(kept: KeptKeys) -> None:
    kept.keep("A_KEY", SECRET)
    assert SECRET not in f"{kept.all()!r} {kept!r} {kept.all()}"


@pytest.mark.parametrize("text", ["", " ", "a\nb", " a", "a\t", "schlüssel", "a\0"])
def test_what_no_header_carries_is_no_key(text: str) -> None:
    assert not is_key(text)
    assert is_key(SECRET)

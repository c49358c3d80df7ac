"""Which of several keys counts, and where it is from."""

from pathlib import Path

import pytest
from msgspec import structs

from kedge.agent.errors import ProviderError
from kedge.agent.providers.endpoint import Endpoint
from kedge.cli.provider_keys import forget_keys, keep_key, key_file, key_of, lent, origin_of
from kedge.cli.surroundings import Surroundings, surroundings
from kedge.config.errors import KedgeError
from kedge.config.paths import Home
from kedge.config.providers import table
from kedge.config.secret_finder import SecretFinder
from kedge.config.secrets import Key
from kedge.config.settings import HttpSettings

ANTHROPIC = table("anthropic", {})
NAME, SECOND = ANTHROPIC.key_env
KEPT = Key("sk-kept-0123456789", NAME)


def where(folder: Path, **env: str) -> Surroundings:
    return Surroundings(env, folder, Home(folder, folder, folder / "data", folder))


def used(place: Surroundings) -> tuple[str, str] | None:
    key, origin = key_of(ANTHROPIC, place), origin_of(ANTHROPIC, place)
    return (key.reveal(), origin) if key and origin else None


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ("sk-kept-0123456789", "kept")),
        ({NAME: "  "}, ("sk-kept-0123456789", "kept")),
        ({NAME: "set"}, ("set", "environment")),
        ({SECOND: "set"}, ("set", "environment")),
    ],
)
def test_a_kept_key_counts_where_the_environment_has_none_for_the_provider(
    tmp_path: Path, env: dict[str, str], expected: tuple[str, str]
) -> None:
    assert used(keep_key(where(tmp_path, **env), KEPT)) == expected


def test_one_that_is_given_counts_most(tmp_path: Path) -> None:
    place = lent(keep_key(where(tmp_path, **{NAME: "set"}), KEPT), Key("given", NAME))
    assert used(place) == ("given", "given")
    assert used(keep_key(place, KEPT)) == ("set", "environment")


def test_what_is_forgotten_counts_no_longer(tmp_path: Path) -> None:
    after, gone = forget_keys(keep_key(where(tmp_path), KEPT), ANTHROPIC.key_env)
    assert (used(after), gone) == (None, 1)
    assert forget_keys(after, ANTHROPIC.key_env) == (after, 0)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(KedgeError, match="cannot be written"):
        keep_key(where(tmp_path), KEPT)


def test_the_environment_of_a_process_has_no_kept_key_and_its_finder_knows_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDGE_HOME", str(tmp_path))
    keep_key(surroundings(), KEPT)
    keep_key(surroundings(), Key("plain-words-9", "GONE_API_KEY"))
    monkeypatch.setenv(NAME, "sk-set-0123456789")
    place = surroundings()
    assert "plain-words-9" not in str(place.env)
    assert KEPT.reveal() not in repr(place)
    finder = SecretFinder(place.env)
    place.teach(finder)
    assert "0123456789" not in finder.redact_known("sk-kept-0123456789 sk-set-0123456789")
    assert "plain-words-9" not in finder.redact_known("plain-words-9")


def test_a_refused_key_is_said_to_be_from_where_it_is(tmp_path: Path) -> None:
    def told(place: Surroundings) -> str:
        endpoint = Endpoint(
            "anthropic/m", ANTHROPIC, "http://h", key_of(ANTHROPIC, place), HttpSettings()
        )
        return str(endpoint.worded(ProviderError("credentials", "refused")))

    typed = Key("sk-typed-0123456789", NAME)
    outside = where(tmp_path, **{NAME: "sk-set-0123456789"})
    assert told(outside) == f"refused (the key is from {NAME})"
    assert told(lent(outside, typed)) == "refused (the key is the one that you gave)"
    kept = keep_key(where(tmp_path), typed)
    assert told(kept) == "refused (the key is kept by kedge)"
    started = structs.replace(where(tmp_path), kept=key_file(kept).all())
    assert told(started) == "refused (the key is kept by kedge)"

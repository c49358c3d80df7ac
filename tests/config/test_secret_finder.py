"""What looks like a key is found wherever it stands, and hidden whole; the rest is untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples.secrets import samples

from kedge.config.secret_finder import SecretFinder
from kedge.config.secret_rules import rules

KNOWN = {"MY_PASSWORD": "correct-horse", "HOME_TOKEN": "a value/with+signs", "SHORT": "abc123"}
FINDER = SecretFinder(KNOWN)
SAMPLES = samples()
PIECES = st.sampled_from(
    [*(sample.text for sample in SAMPLES[::7]), *KNOWN.values(), "AKIA", "sk-", "-----", "key = "]
)


def test_the_samples_are_of_many_kinds() -> None:
    assert len({sample.issuer for sample in SAMPLES}) >= 60


@pytest.mark.parametrize("issuer", list(dict.fromkeys(sample.issuer for sample in SAMPLES)))
def test_a_key_is_found_in_whatever_stands_around_it(issuer: str) -> None:
    for sample in SAMPLES:
        if sample.issuer == issuer:
            hidden = FINDER.redact(sample.text)
            assert "[redacted: " in hidden
            # The place that a secret URL leads to may stay.
            assert sample.secret[-24:] not in hidden


def test_of_a_thousand_keys_hardly_one_is_missed() -> None:
    many = [sample for seed in range(2, 5) for sample in samples(seed)]
    missed = [sample for sample in many if sample.secret in FINDER.redact(sample.text)]
    assert len(missed) <= len(many) / 500


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "api_key = 'your-api-key-goes-right-here-1234'",
        "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "token: ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "token: ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "password = changeme",
        "password: ${DB_PASSWORD}",
        "secret = os.environ['THE_SECRET_OF_2026']",
        "token = self.settings.auth0_token_v2_for_s3",
        "private_key: ed25519.Ed25519PrivateKey",
        "postgres://user:password@localhost:5432/app",
        "postgres://user:%s@localhost/app",
        "Authorization: Bearer <token>",
        "the token is in the keyring of user1",
        "sha256 = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "NextToken = 'QTKknzFg2J4ygwa+XvHAxUl1hyHoY0gVfZdfjIedHZ0='",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUYl\n-----END CERTIFICATE-----",
        "commit d133f52a1b6c0b0a3f3d8f1d6e5b8a7c9d0e1f23",
        "id: 0b5f1c9e-8d64-4a3e-9f0e-7a1e2b3c4d5e",
        "https://cdn.test/app.3f2a1b4c5d6e7f80.js",
        "integrity sha512-" + "Zx9q" * 20 + "==",
        "",
    ],
)
def test_examples_names_and_hashes_are_no_secrets(text: str) -> None:
    assert FINDER.redact(text) is text


@pytest.mark.parametrize(
    "text",
    [
        "it is correct-horse, they say",
        "?p=a%20value%2Fwith%2Bsigns&q",
        "Y29ycmVjdC1ob3JzZQ",
    ],
)
def test_a_known_value_is_hidden_in_every_spelling(text: str) -> None:
    hidden = FINDER.redact(text)
    assert "[redacted: value of " in hidden
    assert not any(value in hidden for value in KNOWN.values())


@pytest.mark.parametrize("value", ["abc123", "password", "/run/user/1000/sock", "aaaaaaaaaa"])
def test_a_known_value_that_is_an_ordinary_word_is_left_alone(value: str) -> None:
    assert SecretFinder({"X": value}).find(f"it is {value} here") == ()


def test_only_the_value_is_hidden() -> None:
    sample = next(sample for sample in SAMPLES if sample.issuer == "password in a url")
    hidden = FINDER.redact(sample.text)
    assert hidden == "postgres://app:[redacted: password in a URL]@db.internal:5432/main"


def test_a_private_key_is_hidden_though_its_end_was_cut_off() -> None:
    whole = SAMPLES[-1].text
    assert FINDER.redact(f"a\n{whole[:300]}") == "a\n[redacted: private key]"


def test_a_private_key_is_hidden_where_its_lines_are_numbered_or_escaped() -> None:
    whole = SAMPLES[-1].text
    numbered = "\n".join(f"  {n}\t{line}" for n, line in enumerate(whole.split("\n")))
    for text in (numbered, whole.replace("\n", "\\n")):
        assert SAMPLES[-1].secret.split("\n")[3] not in FINDER.redact(text)


@given(st.text())
def test_a_text_of_anything_is_taken(text: str) -> None:
    FINDER.redact(text)


@given(st.lists(PIECES | st.text(max_size=12)).map("".join))
def test_what_is_hidden_once_stays_as_it_is(text: str) -> None:
    hidden = FINDER.redact(text)
    assert FINDER.redact(hidden) is hidden
    assert FINDER.find(hidden) == ()


@given(st.text(alphabet="abcdefg hij.,()\n"))
def test_a_text_without_anything_of_a_key_is_given_back_as_the_same_object(text: str) -> None:
    assert FINDER.redact(text) is text


@given(st.lists(PIECES | st.text(max_size=12)).map("".join))
def test_what_is_found_is_in_order_and_apart(text: str) -> None:
    end = 0
    for secret in FINDER.find(text):
        assert end <= secret.start < secret.end <= len(text)
        end = secret.end


def test_every_rule_is_a_pattern_that_can_be_read() -> None:
    assert len({rule.kind for rule in rules()}) == len(rules()) > 100
    for rule in rules():
        assert list(rule.places("nothing to see")) == []

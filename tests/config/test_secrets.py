"""Laws of keys: found where providers document them, shown nowhere."""

import copy
import pickle
import traceback

import pytest

from kedge.config.providers import table
from kedge.config.secrets import Key, find_key


def test_the_first_variable_that_is_set_holds_the_key() -> None:
    anthropic = table("anthropic", {})
    env = {"ANTHROPIC_API_KEY": " ", "ANTHROPIC_AUTH_TOKEN": "t0k\n", "OPENAI_API_KEY": "other"}
    key = find_key(anthropic, env)
    assert key is not None
    assert (key.reveal(), key.variable) == ("t0k", "ANTHROPIC_AUTH_TOKEN")
    assert find_key(anthropic, {"OPENAI_API_KEY": "other"}) is None
    assert find_key(table("ollama", {}), env) is None


def test_nothing_that_is_printed_shows_the_key() -> None:
    key = Key("s3cret", "X_API_KEY")
    shown = [repr(key), str(key), f"{key}", f"{[key]}"]
    try:
        raise ValueError(key)
    except ValueError:
        shown.append(traceback.format_exc())
    assert all("s3cret" not in text for text in shown)
    assert repr(key) == "Key(from X_API_KEY)"


def test_a_key_is_not_pickled_or_copied() -> None:
    key = Key("s3cret", "X_API_KEY")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(key)

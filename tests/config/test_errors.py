"""Laws of errors and exit codes."""

import typing

from kedge.config.errors import ConfigError, KedgeError, UsageError
from kedge.config.exit_codes import EXIT_CODES, Status


def test_every_status_has_an_exit_code_of_its_own() -> None:
    assert set(EXIT_CODES) == set(typing.get_args(Status))
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert EXIT_CODES["done"] == 0


def test_errors_exit_with_the_code_of_their_status() -> None:
    assert KedgeError("x").exit_code == 1
    assert UsageError("x").exit_code == 2
    assert ConfigError("x").exit_code == 3


def test_a_config_error_says_place_key_and_reason_as_far_as_they_are_known() -> None:
    assert str(ConfigError("bad", file="f", line=3, key="a.b")) == "f:3: a.b: bad"
    assert str(ConfigError("bad", file="--mode")) == "--mode: bad"
    assert str(ConfigError("bad")) == "bad"
    assert ConfigError("bad", hint="mend it").hint == "mend it"

"""How long ago something was."""

from datetime import UTC, datetime, timedelta

import pytest

from kedge.cli.ages import age, age_of
from kedge.config.errors import UsageError

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=400), "400 days"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(ago: timedelta, words: str) -> None:
    assert age_of(NOW - ago, NOW) == words


@pytest.mark.parametrize(
    ("said", "meant"),
    [("30d", timedelta(30)), ("12h", timedelta(hours=12)), ("0m", timedelta(0))],
)
def test_an_age_is_given_in_days_hours_or_minutes(said: str, meant: timedelta) -> None:
    assert age(said) == meant


@pytest.mark.parametrize("said", ["", "d", "30", "3w", "-1d", "1.5h", "30d ", "9999999d"])
def test_what_is_no_age_is_refused_with_an_example(said: str) -> None:
    with pytest.raises(UsageError, match="is no age") as refused:
        age(said)
    assert "30d" in str(refused.value.hint)

"""How long ago something was."""

from datetime import UTC, datetime, timedelta

import pytest

from kedge.cli.commands.sessions import age_of

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=400), "400 days"),
        (timedelta(seconds=-5), "0 min"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(ago: timedelta, words: str) -> None:
    assert age_of(NOW - ago, NOW) == words

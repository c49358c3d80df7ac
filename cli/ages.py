"""How long ago something was, in words; and ages that a person gives."""

import re
from datetime import datetime, timedelta

from ..config.errors import UsageError

_AGE = re.compile(r"(\d{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def age_of(then: datetime, now: datetime) -> str:
    """How long ago that was, in the largest unit that fits; under a minute it is `just now`."""
    minutes = max(0, int((now - then).total_seconds())) // 60
    if not minutes:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def age(said: str) -> timedelta:
    """An age such as `30d`, `12h` or `5m`.

    Raises:
        UsageError: it is none.
    """
    found = _AGE.fullmatch(said)
    if not found:
        raise UsageError(f"{said!r} is no age", hint="for example --older-than 30d, 12h or 5m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})

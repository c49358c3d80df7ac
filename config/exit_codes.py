"""How a run ended, and the exit code that says so to a shell."""

from collections.abc import Mapping
from typing import Final, Literal

Status = Literal[
    "done",
    "failed",
    "usage",
    "config",
    "credentials",
    "sandbox",
    "blocked",
    "approval",
    "budget",
    "turn_limit",
    "verification",
    "loop",
    "upstream",
    "interrupted",
    "terminated",
]
"""The status of a `result` record."""

EXIT_CODES: Final[Mapping[Status, int]] = {
    "done": 0,
    "failed": 1,
    "usage": 2,
    "config": 3,
    "credentials": 4,
    "sandbox": 5,
    "blocked": 6,
    "approval": 7,
    "budget": 8,
    "turn_limit": 9,
    "verification": 10,
    "loop": 11,
    "upstream": 75,
    "interrupted": 130,
    "terminated": 143,
}
"""One code per status; 75 is EX_TEMPFAIL of sysexits.h, 130 and 143 are 128 + signal."""


def status_of(exit_code: int) -> Status:
    """The status with this exit code; `failed` if none has it."""
    for status, code in EXIT_CODES.items():
        if code == exit_code:
            return status
    return "failed"

"""What a person allowed for good: literal rules with a scope, an origin and an end.

Kept in one JSON file of kedge's own, outside every project. Grants for a session are not here: they
live in its log.
"""

import pathlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Final, Literal

import msgspec

from .own_file import OwnFile

DAYS: Final = 90
"""How long a grant holds: what was forgotten should not stay open for ever."""

StoredScope = Literal["project", "user"]


class StoredGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule that somebody allowed."""

    id: str
    scope: StoredScope
    rule: str
    project: str
    """The project's folder, links resolved; empty for the user's own."""
    origin: str
    """The session and the action whose question was answered with it."""
    granted: datetime
    expires: datetime

    def holds(self, project: pathlib.Path, now: datetime) -> bool:
        """Whether it counts in a project."""
        here = self.scope == "user" or self.project == str(project)
        return here and now < self.expires


class Grants:
    """The grants of this person."""

    def __init__(
        self, file: pathlib.Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._file = OwnFile(file, "mend it, or remove it and allow again what you are asked about")
        self._clock = clock

    def all(self) -> tuple[StoredGrant, ...]:
        """Every grant, oldest first, expired ones included.

        Raises:
            ConfigError: the file is damaged, or others could have written it; nothing is granted
                then.
        """
        data = self._file.read()
        if data is None:
            return ()
        try:
            return msgspec.json.decode(data, type=tuple[StoredGrant, ...])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._file.error(f"not a list of grants: {error}") from error

    def holding(self, project: pathlib.Path) -> tuple[StoredGrant, ...]:
        """Those that count in a project now.

        Raises:
            ConfigError: the file is damaged.
        """
        now = self._clock()
        return tuple(grant for grant in self.all() if grant.holds(project, now))

    def add(
        self, scope: StoredScope, rules: Sequence[str], project: pathlib.Path, origin: str
    ) -> None:
        """Keep rules from now on; one that holds already holds anew.

        Raises:
            ConfigError: the file is damaged.
            OSError: it cannot be written.
        """
        now = self._clock()
        place = str(project) if scope == "project" else ""
        new = tuple(
            StoredGrant(token_hex(3), scope, rule, place, origin, now, now + timedelta(days=DAYS))
            for rule in rules
        )
        with self._file.locked():
            kept = (
                grant
                for grant in self.all()
                if (grant.scope, grant.project, grant.rule)
                not in {(scope, place, r) for r in rules}
            )
            self._write((*kept, *new))

    def revoke(self, ids: Sequence[str]) -> tuple[StoredGrant, ...]:
        """Forget grants by id; returns those that were there.

        Raises:
            ConfigError: the file is damaged.
            OSError: it cannot be written.
        """
        with self._file.locked():
            every = self.all()
            gone = tuple(grant for grant in every if grant.id in ids)
            self._write(tuple(grant for grant in every if grant.id not in ids))
        return gone

    def _write(self, grants: tuple[StoredGrant, ...]) -> None:
        self._file.write(msgspec.json.format(msgspec.json.encode(grants), indent=1) + b"\n")

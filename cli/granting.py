"""What was allowed for good, as a session goes by it: what stands in the file of grants now, and
what was allowed for this session alone."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.events import Grant
from ..config.errors import KedgeError

if TYPE_CHECKING:
    from ..config.rules import Rule


class SessionGrants:
    """The grants that hold in one session.

    The file is looked at whenever something is judged, and read when it is another: what is
    revoked, here or by another process, holds no longer from that moment on.
    """

    def __init__(
        self, file: Path, project: Path, session: str, notify: Callable[[str, str], None]
    ) -> None:
        """`project` is what grants for it are bound to; `notify` takes what a person should know,
        with a code.

        Raises:
            ConfigError: the file is damaged.
        """
        self._file = file
        self._project = project
        self._origin = f"session {session}"
        self._notify = notify
        self._own: list[Rule] = []
        self._lent: Sequence[Rule] = ()
        self._seen = _identity(file)
        self._rules: Sequence[Rule] = self._stored()

    def holding(self) -> "Sequence[Rule]":
        """The rules that hold now: the same object as long as they are the same. Never raises."""
        seen = _identity(self._file)
        if seen != self._seen:
            self._seen = seen
            self._look()
        return self._rules

    def remember(self, grant: Grant) -> None:
        """Let these rules hold from now on, and keep them where they are to outlive the session.
        Never raises."""
        from ..config.grants import Grants
        from ..config.rules import parse_rule

        try:
            rules = [
                parse_rule(rule, "allow", f"granted in {self._origin}") for rule in grant.rules
            ]
        except (KedgeError, ValueError) as error:
            self._notify("grant", f"not kept: {error}")
            return
        try:
            if grant.scope != "session":
                Grants(self._file).add(grant.scope, grant.rules, self._project, self._origin)
                return
        except (KedgeError, OSError) as error:
            self._notify("grant", f"kept for this session only: {error}")
        self._own += rules
        self._look()

    def lend(self, rules: Sequence[str], origin: str) -> None:
        """Let these rules hold, too, until others are lent; none ends that.

        Raises:
            ValueError: one of them is none.
        """
        if not (rules or self._lent):
            return
        from ..config.rules import parse_rule

        self._lent = tuple(parse_rule(rule, "allow", origin) for rule in rules)
        self._look()

    def _look(self) -> None:
        try:
            stored = self._stored()
        except (KedgeError, ValueError) as error:
            self._notify("grant", f"the saved rules do not hold: {error}")
            stored = ()
        self._rules = (*self._own, *self._lent, *stored)

    def _stored(self) -> "tuple[Rule, ...]":
        if self._seen is None:
            return ()
        from ..config.grants import Grants
        from ..config.rules import parse_rule

        holding = Grants(self._file).holding(self._project)
        return tuple(parse_rule(one.rule, "allow", f"grant {one.id}") for one in holding)


def _identity(file: Path) -> tuple[int, ...] | None:
    """Tells a file from what it is after a change; None if there is none."""
    try:
        seen = os.stat(file)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino, seen.st_mtime_ns, seen.st_size, seen.st_mode, seen.st_uid

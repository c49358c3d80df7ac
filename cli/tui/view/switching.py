"""What is said of a session's mode and sandbox: switches in a row are one remark."""

from msgspec import Struct

from ....agent.events import SessionStarted
from ....agent.person import ModeChanged


class Terms(Struct, frozen=True):
    """How a session runs."""

    mode: str = ""
    sandbox: str = ""
    """Its level."""


class Switching:
    """Follows the switches of one session."""

    def __init__(self) -> None:
        self._now = Terms()
        self._before = Terms()
        """How the session ran before the last remark."""
        self.remark = 0
        """The block with the last remark; whoever makes it says so."""

    def began(self, started: SessionStarted) -> None:
        """The session runs on these terms."""
        self._now = _terms(started.mode, started.sandbox)

    def hear(self, changed: ModeChanged, last: int) -> str:
        """In words what is different from before the last remark if that is the `last` block, else
        from now; empty for nothing."""
        then = Terms(changed.before, self._now.sandbox)
        self._now = _terms(changed.mode, changed.sandbox)
        if not self.remark or self.remark != last:
            self.remark, self._before = 0, then
        return _differences(self._before, self._now)


def _terms(mode: str, sandbox: str) -> Terms:
    # How the level is kept is none of what changes.
    return Terms(mode, sandbox.partition(" (")[0])


def _differences(before: Terms, now: Terms) -> str:
    pairs = (("mode", before.mode, now.mode), ("sandbox", before.sandbox, now.sandbox))
    return " · ".join(
        f"{what} {new} (was {old})" for what, old, new in pairs if old not in ("", new)
    )

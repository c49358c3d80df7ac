"""The mode: how much may happen without a person.

    plan   reading in the workspace; whatever would change anything is denied
    ask    reading in the workspace, and commands that are known to only read
    auto   edits in the workspace besides, and other commands where a sandbox confines them
    full   everything; what others deny stays denied, and the sandbox stays

What a mode does not allow it leaves to the rules, and in the end to a person: what is outside the
workspace, the network, dangerous commands, and in every mode leaving the sandbox.
"""

from collections.abc import Sequence

from ...config.settings import Mode
from ..effects import Effect, reads_only
from ..ports import ESCALATE, Action, Allow, Deny, Verdict
from .territory import Territory


class ModeValidator:
    """Allows what the mode lets through, and denies what it forbids. Pure."""

    name = "mode"

    def __init__(
        self, mode: Mode, territory: Territory | None = None, *, confined: bool = False
    ) -> None:
        """`confined`: whether a sandbox keeps commands within the workspace."""
        self._mode: Mode = mode
        self._territory = territory or Territory()
        self._confined = confined

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        places = range(len(action.effects))
        verdicts: list[Verdict] = []
        if self._mode == "plan":
            changing = tuple(p for p in places if not reads_only(action.effects[p]))
            if changing:
                verdicts.append(
                    Deny("mode plan changes nothing; describe what you would do instead", changing)
                )
        if action.call.name == ESCALATE:
            return verdicts
        allowed = tuple(place for place in places if self._allows(action.effects[place]))
        if allowed:
            verdicts.append(Allow(f"mode {self._mode} allows it", allowed))
        return verdicts

    def _allows(self, effect: Effect) -> bool:
        match self._mode:
            case "full":
                return True
            case "auto":
                return self._allows_reading(effect) or self._allows_working(effect)
            case "ask" | "plan":
                return self._allows_reading(effect)

    def _allows_reading(self, effect: Effect) -> bool:
        if effect.kind == "read":
            return self._territory.lets_read(effect.target)
        return reads_only(effect)

    def _allows_working(self, effect: Effect) -> bool:
        if effect.kind in ("write", "delete"):
            return self._territory.lets_write(effect.target)
        return self._confined and effect.command is not None and effect.command.risk == "unknown"

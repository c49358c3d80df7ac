"""What a person allowed on the way: rules that grow while a session runs."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..ports import Action, Validator, Verdict
from .territory import Territory

if TYPE_CHECKING:
    from ...config.rules import Rule


class Granted:
    """Allows what was granted, and says nothing else."""

    name = "grants"

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._rules: list[Rule] = []
        self._compiled: Validator | None = None

    def add(self, rules: "Iterable[Rule]") -> None:
        """These hold from now on; allow rules only."""
        # Who was granted nothing does not wait for the grammar of rules.
        from .rules import RuleValidator

        self._rules += rules
        self._compiled = RuleValidator(self._rules, self._territory, name=self.name)

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        return self._compiled.check(action) if self._compiled else ()

"""What a person allowed on the way: rules that come and go while a session runs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..ports import Action, Validator, Verdict
from .territory import Territory

if TYPE_CHECKING:
    from ...config.rules import Rule


class Granted:
    """Allows what is granted now, and says nothing else."""

    name = "grants"

    def __init__(self, territory: Territory, holding: "Callable[[], Sequence[Rule]]") -> None:
        """`holding` gives the allow rules that hold: another object once they are others."""
        self._territory = territory
        self._holding = holding
        self._rules: Sequence[Rule] = ()
        self._compiled: Validator | None = None

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        rules = self._holding()
        if rules is not self._rules:
            self._rules, self._compiled = rules, self._made(rules)
        return self._compiled.check(action) if self._compiled else ()

    def _made(self, rules: "Sequence[Rule]") -> Validator | None:
        if not rules:
            return None
        # Who was granted nothing does not wait for the grammar of rules.
        from .rules import RuleValidator

        return RuleValidator(rules, self._territory, name=self.name)

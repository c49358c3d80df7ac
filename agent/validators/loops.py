"""The loop guard's question: a call that keeps giving the same result needs a person's word."""

from collections.abc import Sequence

from ...config.guards import LoopSettings
from ..ports import Action, Ask, Verdict


class LoopValidator:
    """Asks, whatever allows the call. Says nothing of calls that do not repeat."""

    name = "loops"

    def __init__(self, settings: LoopSettings) -> None:
        self._from = settings.ask_at

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        times = action.repeats
        if not self._from or times + 1 < self._from:
            return ()
        return (
            Ask(
                f"the same call gave the same result {times} times, and nothing has changed "
                "since; doing it again will not help"
            ),
        )

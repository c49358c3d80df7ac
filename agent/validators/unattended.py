"""The answer in a person's place, where there is no person to ask."""

import shlex

from ..errors import ApprovalNeeded
from ..ports import Approval, No, Question


class Unattended:
    """Says no to everything, and what would let it through."""

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`."""
        reason = (
            f"{question.reason}, and nobody can be asked in a one-shot run; only the person who "
            f"starts kedge can allow it, for example with {_remedy(question)}"
        )
        return Approval(No(reason), "unattended")


class Failing:
    """Ends the run at the first question."""

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`.

        Raises:
            ApprovalNeeded: always.
        """
        raise ApprovalNeeded(
            f"a person would have to say: {question.reason}",
            hint=f"allow it with {_remedy(question)}",
        )


def _remedy(question: Question) -> str:
    """The options that would let it through."""
    ways = [f"--allow {shlex.quote(rule)}" for rule in question.offers]
    return " ".join(ways) or "a wider --mode"

"""The answer in a person's place, where there is no person to ask."""

import shlex

from ..errors import ApprovalNeeded
from ..ports import ESCALATE, Approval, No, Question


class Unattended:
    """Says no to everything, and what would let it through."""

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`."""
        reason = (
            f"{question.reason}, and nobody can be asked in this run; only the person who starts "
            f"kedge can allow it{_remedy(question)}"
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
            hint=f"run it at a terminal to be asked, or allow it{_remedy(question)}",
        )


def _remedy(question: Question) -> str:
    """The options that would let it through, if any would."""
    rules = question.offers
    if question.action.call.name == ESCALATE:
        kinds = {"read": "read:/", "write": "write:/", "reach": "domain:"}
        effects = question.action.effects
        rules = tuple(f"escalate({kinds.get(it.kind, '')}{it.target})" for it in effects)
    return f", with {' '.join(f'--allow {shlex.quote(rule)}' for rule in rules)}" if rules else ""

"""The answer in a person's place, where there is no person to ask."""

from ..ports import Approval, No, Question


class Unattended:
    """Says no to everything, and what would let it through."""

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`."""
        ways = [f"--allow {rule!r}" for rule in question.offers]
        remedy = f"{' '.join(ways)} or --mode full" if ways else "--mode full"
        reason = (
            f"{question.reason}, and nobody can be asked in a one-shot run; only the person who "
            f"starts kedge can allow it, with {remedy}"
        )
        return Approval(No(reason), "unattended")

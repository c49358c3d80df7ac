"""The answer in a person's place, where there is no person to ask."""

from ..ports import Action, Approval


class Unattended:
    """Says no to everything, and what would let it through."""

    async def decide(self, action: Action, question: str) -> Approval:
        """See `Approver.decide`."""
        return Approval(
            False,
            "unattended",
            f"{question}, and nobody can be asked in a one-shot run; only the person who starts "
            "kedge can allow it, with --mode full",
        )

"""What nobody may read, whichever way; and what is not changed without a person."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..ports import ESCALATE, Action, Ask, Deny, Verdict


class ProtectedFiles:
    """Judges paths by the same policy that sandbox and file tools obey, so that `cat .env` is
    answered as `read` of it is. Pure as far as what it is given is."""

    name = "protected files"

    def __init__(
        self,
        hides: Callable[[Path], bool],
        protects: Callable[[Path], bool],
        *,
        asks: bool = False,
    ) -> None:
        """Prepare.

        Args:
            hides: whether nobody may read what is at a resolved path.
            protects: whether programs outside obey what is written at a resolved path.
            asks: a person switched the sandbox off, so reading is asked about, not denied.
        """
        self._hides = hides
        self._protects = protects
        self._asks = asks

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        verdicts: list[Verdict] = []
        for place, effect in enumerate(action.effects):
            if effect.kind == "read" and self._hides(Path(effect.target)):
                reason = f"{effect.target} is one of the files whose content nobody may see"
                # To be let in is what an escalation asks for.
                asks = self._asks or action.call.name == ESCALATE
                verdicts.append((Ask if asks else Deny)(reason, (place,)))
            elif effect.kind in ("write", "delete") and self._is_kept(Path(effect.target)):
                reason = f"what is in {effect.target} is obeyed by programs, or secret"
                verdicts.append(Ask(reason, (place,)))
        return verdicts

    def _is_kept(self, path: Path) -> bool:
        return self._protects(path) or self._hides(path)

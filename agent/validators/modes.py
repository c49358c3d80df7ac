"""The mode: how much may happen without a person.

Until actions are judged one by one, nothing that changes anything runs unless the person chose
`full`; the sandbox confines it in every mode.
"""

from ...config.settings import Mode
from ..ports import Action, Allow, Ask, Deny, Verdict


class ModeValidator:
    """Lets reading through in every mode; what mutates, as the mode says."""

    name = "mode"

    def __init__(self, mode: Mode) -> None:
        self._mode: Mode = mode

    def check(self, action: Action) -> Verdict | None:
        """See `Validator.check`."""
        if not action.mutates:
            return Allow("it only reads")
        match self._mode:
            case "full":
                return Allow("mode full allows everything")
            case "plan":
                return Deny("mode plan changes nothing; describe what you would do instead")
            case "ask" | "auto":
                return Ask(f"mode {self._mode} asks before anything that is not only reading")

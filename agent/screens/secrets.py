"""Keeps what looks like a key out of what tools give back, and tells who put one into a prompt."""

from collections.abc import Sequence

from ...config.secret_finder import SecretFinder, hide
from ..ports import Deny
from ..stages import Flag, Passage, Replace


class SecretScreen:
    """Hides secrets in results; in prompts they stay, because a person put them there."""

    name = "secrets"

    def __init__(self, finder: SecretFinder) -> None:
        self._finder = finder

    def check(self, passage: Passage) -> Sequence[Replace | Flag | Deny]:
        """See `Screen.check`. Answers need no verdict: records are redacted anyway."""
        if passage.stage == "answer":
            return ()
        found = self._finder.find(passage.text)
        if not found:
            return ()
        kinds = ", ".join(dict.fromkeys(secret.kind for secret in found))
        if passage.stage == "result":
            return (Replace(hide(passage.text, found), f"it held what looks secret: {kinds}"),)
        return (
            Flag(
                "info",
                f"your prompt holds what looks secret ({kinds}); it is sent to the model as you "
                "wrote it, and kept redacted in the log",
            ),
        )

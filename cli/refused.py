"""A person's no: the words that the model is told, and those for the person themselves."""

from typing import Final

_TOLD: Final = "the person said no"
_SHOWN: Final = "you said no"


def told(words: str = "") -> str:
    """What the model is told of a no, with what it is to do instead."""
    return f"{_TOLD}: {words}" if words else _TOLD


def shown(reason: str) -> str:
    """A reason as the person reads it: their own no is theirs."""
    return _SHOWN + reason.removeprefix(_TOLD) if reason.startswith(_TOLD) else reason

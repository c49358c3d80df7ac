"""What holds for exactly one turn, because the prompt that begins it asks for it."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from ....config.errors import KedgeError
from ...surroundings import Surroundings

if TYPE_CHECKING:
    from ...compose import Composed


class Terms(Struct, frozen=True):
    """Of one turn."""

    asked_by: str = ""
    """Who asks for them, in words: `/name`."""
    model: str = ""
    """Who answers, by `provider/model`; empty: who does."""
    rules: tuple[str, ...] = ()
    """What is allowed besides, as what is granted for a session is."""


NONE: Final = Terms()
"""Nothing is asked for."""


async def agree(terms: Terms, composed: "Composed", where: Surroundings) -> str:
    """Let them hold, on record; what cannot be is said there, and left. Gives the model that
    answered before, by `provider/model`, if another one does now; else nothing."""
    if terms.rules:
        composed.judges.lend(terms.rules, terms.asked_by)
        rules = ", ".join(terms.rules)
        composed.session.notice("granted", f"{terms.asked_by} allows, for this turn: {rules}")
    present = composed.session.conduct.started.model
    if terms.model in ("", present):
        return ""
    before = composed.loaded.settings.model.name or present
    try:
        await composed.set_model(terms.model, None, where)
    except KedgeError as error:
        words = f"{terms.asked_by} asks for {terms.model}, but {present} answers: {error.in_words}"
        composed.session.notice("model", words)
        return ""
    return before

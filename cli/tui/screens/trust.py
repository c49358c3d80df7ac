"""Whether a person trusts what a folder brings."""

from collections.abc import Callable
from typing import Final

from textual.content import Content

from ..pages.brings import Offer
from .dialog import Dialog, coloured

_NO: Final = ("no", "Not now: work here without it")
_LEAVE: Final = ("leave", "Leave")


def trust_dialog(offer: Offer, grace: float, typed: Callable[[str], object] = str) -> Dialog:
    """The question whether a folder is trusted; what Enter takes at first is no. `grace` and
    `typed` as in `Dialog`."""
    answers = (_NO, ("yes", offer.agreed), _LEAVE)
    return Dialog("do you trust this folder?", _words(offer), answers, grace=grace, typed=typed)


def _words(offer: Offer) -> Content:
    return Content("\n").join(
        (
            Content.styled(offer.title, "bold"),
            Content(""),
            coloured(offer.lines),
            Content(""),
            Content(offer.limits),
        )
    )

"""How hard a model can be asked to think, in words."""

from typing import Final

from ....config.settings import Effort

AS_PROVIDED: Final = "default"
"""What stands for no effort of one's own."""
EFFORT_WORDS: Final[dict[Effort, str]] = {
    "": "provider default",
    "none": "answers at once, where the model can",
    "minimal": "hardly at all",
    "low": "quick and cheap",
    "medium": "in between",
    "high": "thorough",
    "xhigh": "more than that, where the model can",
    "max": "all that the model can",
}
"""From least to most."""

"""What the modes mean."""

from typing import Final

from ....config.settings import Mode

MODE_WORDS: Final[dict[Mode, str]] = {
    "plan": "look, change nothing, answer with a plan",
    "ask": "asks before anything is changed, sent or run; what only looks runs",
    "auto": "goes on by itself within the sandbox, asks beyond it",
    "full": "never asks; what is forbidden stays forbidden",
}

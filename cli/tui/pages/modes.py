"""What the modes mean."""

from typing import Final

from ....config.settings import Mode

MODE_WORDS: Final[dict[Mode, str]] = {
    "plan": "look, change nothing, answer with a plan",
    "ask": "you are asked before something is changed or run",
    "auto": "goes on by itself within the sandbox, asks beyond it",
    "full": "never asks; what is forbidden stays forbidden",
}

"""Draws the pictures in the README from recorded sessions: `python docs/screenshots.py`.

They need no network, neither to be drawn nor to be looked at. Run it in the environment of the
tests; what the sessions are is said in `tests/tui/replayed.py`.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from kedge.agent.events import ActionEnded, ActionProposed
from kedge.cli.tui.desk.reverting import FileDiff
from kedge.cli.tui.screens.diffs import DiffScreen

if (_TESTS := str(Path(__file__).parents[1] / "tests")) not in sys.path:
    sys.path.append(_TESTS)

from tui.replayed import (
    FACTS,
    TODO,
    Replayed,
    asked_edit,
    asking,
    first_turn,
    picture,
    until,
)
from tui.states import show_edit

IMAGES = Path(__file__).parent / "images"
SIZES = {"session": (120, 32)}
"""Columns and rows; of the others `SIZE`."""
SIZE = (100, 30)
WORKING = structs.replace(FACTS, working=True, todo=TODO)


def show_changes(app: Replayed) -> None:
    """Open what the session changed in all."""
    change = asked_edit().question.preview
    file = FileDiff("/home/ada/basket/basket.py", "basket.py", "modified", 1, 1, change)

    async def load() -> Sequence[FileDiff]:
        return [file]

    async def put_back(changed: FileDiff, checkpoint: str) -> str:
        return ""

    app.push_screen(DiffScreen([file], load, put_back))


def pictures() -> dict[str, Replayed]:
    """By file: what it shows."""
    return {
        "session": Replayed(until(ActionEnded, 8), WORKING),
        "question": Replayed(until(ActionProposed, 6), asking(asked_edit())),
        "light": Replayed(first_turn(), theme="light", then=show_edit),
        "changes": Replayed(first_turn(), then=show_changes),
    }


async def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    for name, shown in pictures().items():
        (IMAGES / f"{name}.svg").write_text(await picture(shown, SIZES.get(name, SIZE)))


if __name__ == "__main__":
    asyncio.run(main())

"""Draws the pictures in the README from recorded sessions: `python docs/screenshots.py`.

They need no network, neither to be drawn nor to be looked at. Run it in the environment of the
tests; what the sessions are is said in `tests/tui/replayed.py`, what stands on top of them in
`tests/tui/overlaid.py`.
"""

import asyncio
import sys
from pathlib import Path

from msgspec import structs

from kedge.agent.events import ActionEnded, ActionProposed

if (_TESTS := str(Path(__file__).parents[1] / "tests")) not in sys.path:
    sys.path.append(_TESTS)

from tui.overlaid import over
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
SIZES = {"session": (120, 32), "question": (100, 30)}
"""Columns and rows; of the others, which stand beside each other, `SIZE`."""
SIZE = (84, 24)
WORKING = structs.replace(FACTS, working=True, todo=TODO)


def pictures() -> dict[str, Replayed]:
    """By file: what it shows."""
    return {
        "session": Replayed(until(ActionEnded, 8), WORKING),
        "question": Replayed(until(ActionProposed, 6), asking(asked_edit())),
        "light": Replayed(first_turn(), theme="light", then=show_edit),
        **{
            name: Replayed(first_turn(), then=over(name))
            for name in ("changes", "rewind", "sessions")
        },
    }


async def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    for name, shown in pictures().items():
        (IMAGES / f"{name}.svg").write_text(await picture(shown, SIZES.get(name, SIZE)))


if __name__ == "__main__":
    asyncio.run(main())

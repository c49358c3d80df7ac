"""Every state of the screen, from recorded sessions.

    python tests/tui/states.py [NAME…]

draws the pictures beside this file anew, all or those; look at them before you commit them.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

if (_TESTS := str(Path(__file__).parents[1])) not in sys.path:
    sys.path.append(_TESTS)

from tui.overlaid import SCREENS, over
from tui.replayed import (
    FACTS,
    TODO,
    Replayed,
    asked_command,
    asked_edit,
    asking,
    busy,
    first_turn,
    picture,
    recorded,
    streamed,
    until,
)

from kedge.agent.events import ActionEnded, ActionProposed, Event
from kedge.agent.messages import Text
from kedge.cli.tui.asking.plan import PlanScreen
from kedge.cli.tui.desk.state import DeskState, Waiting
from kedge.cli.tui.transcript.search_bar import SearchBar
from kedge.cli.tui.view.blocks import Card, Thought

PICTURES = Path(__file__).parent / "pictures"
SMALL, WIDE = (80, 24), (120, 40)
PLAN = """# Plan

1. Compare with `>=` in `Basket.total`.
2. Add a test for a basket of exactly 100.00.
3. Run all the tests.
"""


def open_cards(app: Replayed) -> None:
    """Open every card and every thought."""
    for block in app.transcript.view.blocks:
        if isinstance(block, Card | Thought):
            app.transcript.toggle(block.id)


def show_edit(app: Replayed) -> None:
    """Open the card of the change."""
    blocks = app.transcript.view.blocks
    edit = next(one for one in blocks if isinstance(one, Card) and one.tool == "edit")
    app.transcript.toggle(edit.id)
    app.transcript.show_block(edit.id)


def review_plan(app: Replayed) -> None:
    """Open the plan."""

    async def unedited(text: str) -> str:
        return text

    app.push_screen(PlanScreen(PLAN, unedited))


def streaming(share: float) -> list[Event]:
    """The session while its last long answer comes."""
    return [*until(ActionEnded, 8), *streamed(5, share)]


def thinking() -> list[Event]:
    """The session while the model thinks."""
    return [*until(ActionProposed)[:3], *streamed(1, 0.6, thinking=True)]


def propose(app: Replayed) -> None:
    """Show what a word may become."""
    app.composer.put("/re")


def search(app: Replayed) -> None:
    """Look for something in the transcript."""
    app.query_one(SearchBar).open()


def waiting() -> DeskState:
    """The state while one prompt is about to be heard and another waits for the turn to end."""
    soon = Waiting(1, (Text("Leave the tests as they are"),))
    later = Waiting(2, (Text("Then write the changelog"),))
    return structs.replace(WORKING, steering=(soon,), queue=(later,))


def everything() -> DeskState:
    """The state when there is something to say about everything."""
    return structs.replace(
        busy(), name="boundary", dirty=True, effort="high", context_tokens=171_000,
        open_breakers=("reviewer",), queue=waiting().queue, sandbox="off",
    )  # fmt: skip


def two_questions() -> DeskState:
    """The state while two questions wait, one of them of a sub-agent."""
    of_other = structs.replace(asked_edit(), path=("main", "tester"))
    return structs.replace(asking(asked_command()), questions=(asked_command(), of_other))


def on_top(name: str, theme: str = "dark") -> Callable[[], Replayed]:
    """Makes an app with a screen on top of it."""
    return lambda: Replayed(first_turn(), theme=theme, then=over(name))


_IN_LITTLE_ROOM = ("sessions", "rewind", "changes", "trust", "tour", "keys")
WORKING = structs.replace(FACTS, working=True)
STATES: dict[str, tuple[Callable[[], Replayed], tuple[int, int]]] = {
    "empty": (lambda: Replayed([]), SMALL),
    "thinking": (lambda: Replayed(thinking(), WORKING), SMALL),
    "streaming": (lambda: Replayed(streaming(0.5), WORKING), SMALL),
    "cards": (lambda: Replayed(until(ActionEnded, 8), WORKING), SMALL),
    "cards-open": (lambda: Replayed(first_turn(), then=open_cards), WIDE),
    "diff": (lambda: Replayed(first_turn(), then=show_edit), SMALL),
    "question-command": (lambda: Replayed(first_turn(), asking(asked_command())), SMALL),
    "question-diff": (lambda: Replayed(until(ActionProposed, 6), asking(asked_edit())), SMALL),
    "question-small": (lambda: Replayed(first_turn(), asking(asked_edit())), (40, 16)),
    "plan-offered": (
        lambda: Replayed(first_turn(), structs.replace(FACTS, mode="plan")),
        SMALL,
    ),
    "plan-review": (lambda: Replayed([], then=review_plan), SMALL),
    "todo": (lambda: Replayed(until(ActionEnded, 6), busy()), WIDE),
    "todo-small": (lambda: Replayed(until(ActionEnded, 6), busy()), SMALL),
    "error": (
        lambda: Replayed(recorded(), structs.replace(FACTS, open_breakers=("reviewer",))),
        SMALL,
    ),
    "wide": (lambda: Replayed(first_turn(), structs.replace(FACTS, todo=TODO)), WIDE),
    "narrow": (lambda: Replayed(first_turn()), (30, 20)),
    "questions": (lambda: Replayed(first_turn(), two_questions()), SMALL),
    "completion": (lambda: Replayed(first_turn(), then=propose), SMALL),
    "search": (lambda: Replayed(first_turn(), then=search), SMALL),
    "waiting": (lambda: Replayed(until(ActionEnded, 6), waiting()), SMALL),
    "status-wide": (lambda: Replayed(first_turn(), everything()), (130, 12)),
    "status-narrow": (lambda: Replayed(first_turn(), everything()), (50, 12)),
    **{name: (on_top(name), SMALL) for name in SCREENS},
    **{f"{name}-small": (on_top(name), (40, 12)) for name in _IN_LITTLE_ROOM},
    **{f"{name}-none": (on_top(name, "none"), SMALL) for name in ("palette", "changes")},
    "sessions-light": (on_top("sessions", "light"), SMALL),
    **{
        f"theme-{theme}": (
            lambda theme=theme: Replayed(first_turn(), theme=theme, then=show_edit),
            SMALL,
        )
        for theme in ("light", "high-contrast", "colour-blind", "none")
    },
}


async def drawn(name: str) -> str:
    """A state as it looks now, as SVG."""
    make, size = STATES[name]
    return await picture(make(), size)


async def main() -> None:
    """Draw them."""
    PICTURES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or STATES:
        (PICTURES / f"{name}.svg").write_text(await drawn(name))


if __name__ == "__main__":
    asyncio.run(main())

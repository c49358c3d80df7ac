"""Recorded sessions on the screen: what the snapshots show, and the pictures in the README.

A picture depends on nothing but the recording: nothing blinks, turns or counts in it.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import structs
from textual.pilot import Pilot

from kedge.agent.codec import decode
from kedge.agent.effects import CommandPart, Effect
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    Body,
    Considered,
    Event,
    MessageAdded,
    Result,
    TextStreamed,
    ThinkingStreamed,
)
from kedge.agent.messages import Text, Thinking, ToolCall
from kedge.agent.ports import Action, Question
from kedge.agent.tools.todo import TodoItem
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui import panes
from kedge.cli.tui.composer.sources import Commands, Source
from kedge.cli.tui.desk.state import Asked, DeskState, Task
from kedge.cli.tui.slash.registry import COMMANDS
from kedge.config.paths import Home
from kedge.config.tui import TuiSettings

RECORDINGS = Path(__file__).parents[1] / "recordings" / "sessions"
STILL = 4
"""As many looks in a row that find the same mean that it stands still."""
_FONTS = re.compile(r" *@font-face \{.*?\}\n", re.DOTALL)
"""They would be fetched from the network."""
FACTS = DeskState(
    session="20261121-090000-ba5ce7",
    cwd="/home/ada/basket",
    model="anthropic/claude-sonnet-5-5",
    mode="auto",
    sandbox="workspace-write (namespaces, landlock 7, seccomp)",
    branch="main",
    context_tokens=14_200,
    context_window=200_000,
    cost_usd=0.0194,
    config_version="7109795",
)
TODO = (
    TodoItem("Find where the discount is decided", "completed"),
    TodoItem("Fix the boundary", "in_progress"),
    TodoItem("Run the tests", "pending"),
)


def recorded(name: str = "basket") -> list[Event]:
    """The events of a recorded session."""
    lines = (RECORDINGS / f"{name}.jsonl").read_bytes().splitlines()
    return [event for event in map(decode, lines) if event is not None]


def first_turn() -> list[Event]:
    """The work of the recorded session, until it was done."""
    events = recorded()
    ends = next(place for place, event in enumerate(events) if isinstance(event.body, Result))
    return events[: ends + 1]


def until(kind: type[Body], count: int = 1) -> list[Event]:
    """The recorded session up to the event of a kind, that event left out."""
    events = recorded()
    places = [place for place, event in enumerate(events) if isinstance(event.body, kind)]
    return events[: places[count - 1]]


def streamed(count: int, share: float, *, thinking: bool = False) -> Iterator[Event]:
    """The beginning of the model's message of that number, as it comes."""
    messages = [
        event
        for event in recorded()
        if isinstance(event.body, MessageAdded) and event.body.role == "assistant"
    ]
    event = messages[count - 1]
    assert isinstance(event.body, MessageAdded)
    for part in event.body.parts:
        if isinstance(part, Thinking):
            text = part.text if not thinking else part.text[: int(len(part.text) * share)]
            yield structs.replace(event, body=ThinkingStreamed(text))
        elif isinstance(part, Text) and not thinking:
            text = part.text[: int(len(part.text) * share)]
            yield structs.replace(event, body=TextStreamed(text))


def asked_command() -> Asked:
    """A question about a command, a part of which is what it is about."""
    line = "python3 -m unittest && git push --force origin main"
    part = CommandPart(
        ("git", "push", "--force", "origin", "main"), "unknown", "it rewrites history"
    )
    effects = (
        Effect("run", "python3 -m unittest", 0, (0, 19)),
        Effect("run", "git push --force origin main", 1, (23, 51), part),
        Effect("reach", "origin", 1, (23, 51)),
    )
    arguments: dict[str, object] = {"command": line, "description": "Publish the fix"}
    action = Action(ToolCall("11", "bash", "{}"), arguments, effects)
    heard = (Considered("mode", "ask", "mode auto asks before the network", effects=(2,)),)
    reason = "it would reach origin, and overwrite what is there"
    return Asked(1, Question(action, "gate", reason, (1, 2), (), "", heard), ("main",), 0.0)


def asked_edit() -> Asked:
    """A question about the recorded change of a file."""
    bodies = [event.body for event in recorded()]
    proposed = next(b for b in bodies if isinstance(b, ActionProposed) and b.tool == "edit")
    ended = next(b for b in bodies if isinstance(b, ActionEnded) and b.id == proposed.id)
    call = ToolCall(proposed.id, "edit", "{}")
    action = Action(call, dict(proposed.arguments), proposed.effects)
    reason = "nothing allows writing /home/ada/basket/basket.py"
    question = Question(
        action, "gate", reason, (0,), ("edit(/basket.py)",), ended.changes[0].diff or ""
    )
    return Asked(2, question, ("main",), 0.0)


class Replayed(panes.Panes):
    """The panes, showing a recorded session at one moment."""

    CSS_PATH = Path(panes.__file__).with_name("app.tcss")

    def __init__(
        self,
        events: list[Event],
        state: DeskState = FACTS,
        *,
        theme: str = "dark",
        then: "Callable[[Replayed], None]" = lambda app: None,
    ) -> None:
        """`then` is done to it before anybody looks."""
        nowhere = Path("/nonexistent")
        home = Home(nowhere, nowhere, nowhere, nowhere)
        where = Surroundings({"PATH": "/usr/bin:/bin"}, Path(state.cwd), home)
        super().__init__(where, TuiSettings(grace_ms=0), theme)
        self._events, self.then = events, then
        self.shows = False
        """Whether it stands there."""
        self.state = state
        self.animation_level = "none"

    def sources(self) -> Sequence[Source]:
        """See `Panes.sources`."""
        return (Commands(lambda: [command.entry for command in COMMANDS]),)

    def on_mount(self) -> None:
        """Show it."""
        self.composer.cursor_blink = False
        self.composer.focus()
        self.call_after_refresh(self._replay)

    async def _replay(self) -> None:
        await self.furnish()
        self.transcript.replay(self._events)
        self._show()
        self.shows = True

    def measure(self) -> None:
        """Guess no heights: when they are made exact is else a matter of timing."""
        shown = self.transcript
        shown.sheet.settle(len(shown.sheet.column), sys.maxsize, 0)
        shown.action_scroll_end()


def asking(asked: Asked) -> DeskState:
    """The state while a question waits."""
    return structs.replace(FACTS, working=True, mode="ask", questions=(asked,))


def busy() -> DeskState:
    """The state in the middle of everything."""
    command = "python3 -m http.server 8000"
    task = Task("bash_1", command, 12.0, "Serving HTTP on 0.0.0.0", True, "running for 12 s")
    return structs.replace(FACTS, working=True, todo=TODO, tasks=(task,))


async def picture(app: Replayed, size: tuple[int, int], title: str = "kedge") -> str:
    """What is on the screen at last, as SVG."""
    async with app.run_test(size=size) as pilot:
        await _at_rest(app, pilot)
        app.measure()
        await _at_rest(app, pilot)
        app.then(app)
        return _FONTS.sub("", await _at_rest(app, pilot, title))


async def _at_rest(app: Replayed, pilot: Pilot[int], title: str = "") -> str:
    """The screen once nothing moves any more."""
    seen: list[str] = []
    while not app.shows or len(seen) < STILL or len({*seen[-STILL:]}) > 1:
        await pilot.pause()
        seen.append(app.export_screenshot(title=title))
    return seen[-1]

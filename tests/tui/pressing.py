"""What a person might do at the keyboard, at random: seeds make it repeatable."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from textual import events
from textual.errors import NoWidget
from textual.pilot import Pilot

from kedge.cli.tui.keys import ACTIONS, key_name
from loopback.script import Call, Fault, Text, Thinking, Turn

LEAVING = ("ctrl+c", "ctrl+d")
"""Pressed more rarely than other keys: else nothing would ever go on for long."""
KEYS = sorted({key for action in ACTIONS for key in action.keys} - {*LEAVING})
WORDS = (
    *("fix it", "why?", "@no", "@notes.md ", "ü世界🙂", "\t", "a\nb", "x" * 300, " "),
    *("!echo mine", "!sleep 0.2", "#remember this", "/", "/he", "/mode auto", "/mode ask"),
    *("/new", "/clear", "/undo", "/rewind", "/resume", "/fork", "/compact", "/diff", "/why"),
    *("/cost", "/context", "/model", "/theme", "/tasks", "/rules", "/keys", "/help", "/rename it"),
    *("/config", "/grants", "/memory", "/stats", "/mcp", "/hooks", "/doctor", "/nonsense"),
)
NAMES = {"\n": "ctrl+j", "\t": "tab", " ": "space"}
CONTROLS = ("ctrl+j", "tab")
PASTES = ("one", "two\nlines\n", "\x1b[31mred\x07", "line\n" * 50, "'a.png'", "", "\r\n\t")
DIALOGS = 12
"""That may lie upon each other."""
SIZES = ((80, 24), (120, 40), (40, 10), (20, 6), (200, 60), (81, 24))
COMMANDS = ("echo short", "sleep 0.3", "seq 300", "touch made", "false", "printf '\\033[2Jx'")
ANSWER = """## Found

It is in `notes.md`, *before* the **total**:

```python
def total(lines):
    return sum(lines)
```

| case | before |
|---|--:|
| empty | none |
"""


def answering(random: Random) -> Callable[..., Turn]:
    """A model that says and does something else each time."""

    def answer(*_: object) -> Turn:
        parts: list[Text | Thinking | Call] = []
        if random.random() < 0.3:
            parts.append(Thinking("Where might it be? " * random.randint(1, 20)))
        if random.random() < 0.8:
            parts.append(Text(ANSWER * random.randint(1, 3)))
        parts += [_call(random) for _ in range(random.choice((0, 0, 1, 1, 3)))]
        slow = Fault("slow", delay=random.choice((0.001, 0.01, 0.05)))
        fault = random.choice((None, None, slow, slow, Fault("cut_chunked", times=1)))
        return Turn(tuple(parts) or (Text("Yes."),), fault=fault, delta=random.randint(1, 60))

    return answer


def _call(random: Random) -> Call:
    todo = [{"content": "look", "status": "in_progress"}]
    return random.choice(
        (
            Call("bash", {"command": random.choice(COMMANDS)}),
            Call("read", {"file_path": "notes.md"}),
            Call("grep", {"pattern": "a"}),
            Call("write", {"file_path": "made.md", "content": str(random.random())}),
            Call("edit", {"file_path": "notes.md", "old_string": "a", "new_string": "b"}),
            Call("todo", {"items": todo}),
            Call("bash", "{broken"),
            Call("nobody", {"a": 1}),
        )
    )


class Presser:
    """Does one thing after another, and remembers what."""

    def __init__(self, pilot: Pilot[int], random: Random, done: list[str]) -> None:
        """`done` is where it is noted."""
        self._pilot = pilot
        self._app = pilot.app
        self._random = random
        self.done = done
        self._ways: tuple[tuple[int, Callable[[], Awaitable[str]]], ...] = (
            (40, self._key),
            (20, self._words),
            (8, self._wait),
            (5, self._paste),
            (5, self._click),
            (3, self._scroll),
            (3, self._resize),
            (2, self._focus),
            (4, self._say),
            (1, self._leave),
        )

    async def step(self) -> None:
        """One thing."""
        weights = [weight for weight, _ in self._ways]
        (way,) = self._random.choices([way for _, way in self._ways], weights)
        self.done.append(await way())

    async def _key(self) -> str:
        key = self._random.choice(KEYS)
        await self._pilot.press(key)
        return key

    async def _words(self) -> str:
        words = self._random.choice(WORDS)
        # Faster than the pilot, who waits after each key.
        for character in words[:40]:
            key = NAMES.get(character) or key_name(character)
            self._app.post_message(events.Key(key, None if key in CONTROLS else character))
        await self._pilot.pause()
        sends = self._random.random() < 0.6
        if sends:
            await self._pilot.press(self._random.choice(("enter", "enter", "alt+enter")))
        return f"{words!r}{' sent' * sends}"

    async def _wait(self) -> str:
        await self._pilot.pause(self._random.choice((0.0, 0.05, 0.3)))
        return "wait"

    async def _paste(self) -> str:
        text = self._random.choice(PASTES)
        self._app.post_message(events.Paste(text))
        await self._pilot.pause()
        return f"paste {text!r}"

    async def _click(self) -> str:
        place = self._place()
        # Nothing is there just after the window became another size.
        with suppress(NoWidget):
            await self._pilot.click(offset=place, times=self._random.choice((1, 1, 1, 2, 3)))
        return f"click {place}"

    async def _scroll(self) -> str:
        x, y = self._place()
        kind = self._random.choice((events.MouseScrollUp, events.MouseScrollDown))
        self._app.post_message(kind(None, x, y, 0, 0, 0, False, False, False, x, y))
        await self._pilot.pause()
        return f"{kind.__name__} {x, y}"

    def _place(self) -> tuple[int, int]:
        width, height = self._app.size
        return self._random.randrange(width), self._random.randrange(height)

    async def _resize(self) -> str:
        width, height = self._random.choice(SIZES)
        await self._pilot.resize_terminal(width, height)
        return f"resize {width}x{height}"

    async def _focus(self) -> str:
        event = self._random.choice((events.AppBlur, events.AppFocus))
        self._app.post_message(event())
        await self._pilot.pause()
        return event.__name__

    async def _say(self) -> str:
        """Out of whatever is open, and something for the model: else little would ever happen."""
        for _ in range(DIALOGS):
            if len(self._app.screen_stack) > 1:
                await self._pilot.press("escape")
        await self._pilot.press("ctrl+end", "shift+ctrl+home", "backspace", *"go", "enter")
        return "'go' said"

    async def _leave(self) -> str:
        key = self._random.choice(LEAVING)
        await self._pilot.press(key)
        return key

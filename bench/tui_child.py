"""The application that `tui_stream.py` measures: the transcript above the composer, or its floor.

`python tui_child.py WHAT BLOCKS RATE TOKENS DESCRIPTOR`: WHAT is `kedge`, or `log`, which shows the
same text in Textual's own `Log`. It fills itself with that many blocks; F5 starts the stream. How
far it got is told line by line on the descriptor.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Log
from tui.composer_app import desktop_at
from tui.happening import Happening

from kedge.agent.events import TextStreamed
from kedge.agent.messages import Text
from kedge.cli.tui.composer.bar import ComposerBar
from kedge.cli.tui.composer.composer import Composer
from kedge.cli.tui.transcript.transcript import Transcript

ANSWER = """## what was found

the *total* is computed **before** the discount, see `basket.py:41`, and so the last line is wrong.

- the first test expects the old value
- the second one does not look at it
  - nor does the third

```python
def total(self, lines):
    \"\"\"what the basket costs.\"\"\"
    return sum(line.price * line.count for line in lines) - self.discount(lines)
```

| case | before | after |
|---|--:|--:|
| empty | none | none |
| one line | wrong | right |

"""


class Child(App[None]):
    """Shows what is streamed, hears keys."""

    BINDINGS = [Binding("f5", "stream", show=False)]

    def __init__(self, what: str, blocks: int, rate: float, tokens: int, folder: Path) -> None:
        super().__init__()
        self._desktop = desktop_at(folder)
        self._what, self._blocks, self._rate, self._tokens = what, blocks, rate, tokens
        self._happens = Happening()
        self._streaming: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        yield Transcript(cwd="/w") if self._what == "kedge" else Log()
        yield ComposerBar(self._desktop)

    def on_mount(self) -> None:
        self.query_one(Composer).focus()
        if self._what == "kedge":
            shown = self.query_one(Transcript)
            while len(shown.view.ids) < self._blocks:
                shown.replay(self._happens.turn_of_work(ANSWER))
        self.set_timer(1, lambda: tell("ready"))

    def action_stream(self) -> None:
        self._streaming = asyncio.create_task(self._stream())

    async def _stream(self) -> None:
        text = ANSWER * (self._tokens * 5 // len(ANSWER) + 1)
        tokens = re.findall(r"\s*\S{1,4}|\s+", text)[: self._tokens]
        began = time.monotonic()
        for number, token in enumerate(tokens):
            early = began + number / self._rate - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)
            if self._what == "kedge":
                self.query_one(Transcript).hear(self._happens(TextStreamed(token)))
            else:
                self.query_one(Log).write(token)
        if self._what == "kedge":
            whole = self._happens.message(Text("".join(tokens)))
            self.query_one(Transcript).hear(whole)
        self.set_timer(0.5, lambda: tell("streamed"))


def tell(words: str) -> None:
    """Say how far it is."""
    os.write(int(sys.argv[5]), f"{words}\n".encode())


if __name__ == "__main__":
    _, kind, count, pace, size, _ = sys.argv
    with tempfile.TemporaryDirectory(prefix="kedge-bench-") as made:
        Child(kind, int(count), float(pace), int(size), Path(made)).run()

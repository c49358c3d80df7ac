"""kedge with a defect, as a process: what becomes of it when something of its own raises.

Usage: breaking.py WHERE full|inline MODEL PROMPT
"""

import sys
from inspect import getfile
from pathlib import Path
from typing import cast

from rich.text import Text
from textual.widget import Widget

from kedge.cli.options import OPTIONS, Run, Value
from kedge.cli.surroundings import surroundings
from kedge.cli.terminal import Out
from kedge.cli.tui.app import KedgeApp
from kedge.cli.tui.composer.messages import Submitted
from kedge.cli.tui.start import lived
from kedge.cli.tui.terminal.display import Shown
from kedge.config.tui import TuiSettings

WHERE = ("handler", "widget", "task", "timer")


def fail() -> None:
    raise RuntimeError("a defect for the test")


class Broken(Widget):
    DEFAULT_CSS = "Broken { height: 1; }"

    def render(self) -> Text:
        fail()
        return Text()


class Breaking(KedgeApp):
    """Breaks at one place as soon as a prompt is typed."""

    # Textual would look for it beside this file.
    CSS_PATH = Path(getfile(KedgeApp)).with_name("app.tcss")
    where_it_breaks = ""

    def on_submitted(self, message: Submitted) -> None:
        match self.where_it_breaks:
            case "widget":
                self.mount(Broken())
            case "task":
                self.later(self._broken())
            case "timer":
                self.set_timer(0.01, fail)
            case _:
                fail()

    async def _broken(self) -> None:
        fail()


def main(place: str, shown: str, model: str, prompt: str) -> int:
    values: dict[str, Value] = {option.field: option.default for option in OPTIONS}
    values |= {"sandbox": "off", "mode": "full", "model": model}
    app = Breaking(Run(prompt, values), surroundings(""), TuiSettings(), shown=cast("Shown", shown))
    app.where_it_breaks = place
    return lived(app, Out(2))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

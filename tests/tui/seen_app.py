"""The whole app on a screen that nobody sees, for tests of what stands on top of it."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from inspect import getfile
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import OptionList, Static

from kedge.cli.options import OPTIONS, Run, Value
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui.app import KedgeApp
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.kept_keys import FILE, KeptKeys
from kedge.config.paths import Home
from kedge.config.tui import TuiSettings

Part = dict[str, object]
Script = list[tuple[list[str], list[Part]]]


def text(words: str) -> Part:
    """The model says this."""
    return {"type": "text", "text": words}


def bash(command: str) -> Part:
    """The model calls a command."""
    arguments = json.dumps({"command": command})
    return {"type": "tool_call", "id": "1", "name": "bash", "arguments": arguments}


AT_ONCE = TuiSettings(grace_ms=0)
HELLO: Script = [(["user"], [text("Hello.")])]


class Telling(KedgeApp):
    """Keeps what it says."""

    # Textual would look for it beside this file.
    CSS_PATH = Path(getfile(KedgeApp)).with_name("app.tcss")

    def __init__(
        self, run: Run, where: Surroundings, settings: TuiSettings, *, welcomes: bool
    ) -> None:
        super().__init__(run, where, settings, welcomes=welcomes)
        self.told: list[str] = []

    def say(self, words: str, *, wrong: bool = False, holds: float = 0.0) -> None:
        self.told.append(words)
        super().say(words, wrong=wrong, holds=holds)


class Seen:
    """An app, and what a person sees and does."""

    def __init__(self, app: Telling, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds; every change ends in a message that the app handles."""
        async with asyncio.timeout(60):
            while not holds():
                await self.pilot.pause()

    async def ready(self) -> None:
        """The session is open."""
        await self.until(lambda: self.app.state.session)

    @property
    def rests(self) -> bool:
        """Whether the session does nothing, and the app knows: what it shows follows what is, and
        says before the first turn that nothing works, too."""
        now, shown = self.app.look(), self.app.state
        return shown.session == now.session != "" and not (now.working or shown.working)

    async def write(self, words: str) -> None:
        """Type words."""
        names = {" ": "space", "/": "slash", "-": "minus", ".": "full_stop", ":": "colon"}
        await self.pilot.press(*(names.get(one, one) for one in words))

    async def send(self, words: str) -> None:
        """Type words and Enter, whatever is proposed on the way."""
        self.app.composer.put(words)
        await self.pilot.pause()
        self.app.composer.close_proposals()
        await self.pilot.press("enter")

    async def on(self, kind: type[Screen[Any]]) -> None:
        """A screen of this kind is on top."""
        await self.until(lambda: isinstance(self.app.screen, kind))
        await self.pilot.pause()

    async def said(self, words: str) -> None:
        """The app said something with these words."""
        await self.until(lambda: words in self.told)

    @property
    def told(self) -> str:
        """Everything that the app said so far."""
        return "\n".join(self.app.told)

    def texts(self, kind: type[Answer] | type[Said]) -> list[str]:
        """The words of the blocks of a kind."""
        return [one.text for one in self.app.transcript.view.blocks if isinstance(one, kind)]

    @property
    def rows(self) -> list[str]:
        """The list on the screen that is on top."""
        options = self.app.screen.query_one(OptionList)
        return [str(option.prompt) for option in options.options]

    @property
    def shown(self) -> str:
        """The words of the screen that is on top, besides the list."""
        return "\n".join(str(one.content) for one in self.app.screen.query(Static))


class Stage:
    """A person's machine: a project, a home, and apps that are started there."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self.folder = folder
        own = folder / "home"
        self.home = Home(own / "config", own / "state", own / "data", own / "cache")
        plain = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.env = {**plain, "HOME": str(folder), "SHELL": "/bin/sh", **env}

    @property
    def where(self) -> Surroundings:
        """Where apps are started."""
        kept = KeptKeys(self.home.data_dir / FILE).all()
        return Surroundings(self.env, self.work, self.home, kept)

    @asynccontextmanager
    async def app(
        self,
        script: Script | None = None,
        prompt: str | None = None,
        *,
        welcomes: bool = False,
        settings: TuiSettings = AT_ONCE,
        **values: Value,
    ) -> AsyncGenerator[Seen]:
        """An app that plays a script; without one, the model is what `values` say."""
        given: dict[str, Value] = {option.field: option.default for option in OPTIONS}
        given |= {"sandbox": "off", "mode": "full"}
        if script is not None:
            given["model"] = f"scripted:{self._written(script)}"
        app = Telling(Run(prompt, given | values), self.where, settings, welcomes=welcomes)
        try:
            async with app.run_test(size=(80, 24)) as pilot:
                yield Seen(app, pilot)
        finally:
            await app.close()

    def _written(self, script: Script) -> Path:
        lines: list[object] = [{"scripted": 1, "model": "anthropic/claude-sonnet-5-5"}]
        for roles, parts in script:
            calls = any(part["type"] == "tool_call" for part in parts)
            reason = "tool_use" if calls else "end"
            expect = [{"role": role} for role in roles]
            lines.append({"expect": expect, "parts": parts, "stop_reason": reason})
        file = self.folder / "script.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        return file

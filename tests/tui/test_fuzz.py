"""Random keys, pastes, clicks and sizes, while a model streams, acts and asks: nothing breaks,
nothing that was recorded goes unseen, and one can leave.

`KEDGE_FUZZ=20000/7 pytest tests/tui/test_fuzz.py` does as many things, and by another seed.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

from textual.pilot import Pilot
from tui.pressing import Presser, answering

from e2e import law
from kedge.agent.codec import decode
from kedge.cli.options import OPTIONS, Run, Value
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui.app import KedgeApp
from kedge.cli.tui.view.blocks import Block, Ended, Opened, Told
from kedge.cli.tui.view.fold import View
from kedge.cli.tui.view.lines import words_of
from kedge.config.paths import Home
from kedge.config.tui import TuiSettings
from loopback.fixtures import Loopback

STEPS, _, SEED = os.environ.get("KEDGE_FUZZ", "150/1").partition("/")
EVERY = 50
"""Steps after which everything is brought to rest and compared."""
SCREENS = 12
"""Dialogs may lie upon each other, and Ctrl+C closes one at a time."""


def known(view: View) -> list[tuple[str, int, str]]:
    """What a view shows, as far as it follows from the log."""
    return [_identity(block) for block in view.blocks if not isinstance(block, Opened)]


def _identity(block: Block) -> tuple[str, int, str]:
    words = "" if isinstance(block, Ended | Told) else words_of(block)
    return type(block).__name__, block.seq, words


def folded(log: Path) -> View:
    """The view of a stored session."""
    view = View()
    for line in log.read_bytes().splitlines():
        event = decode(line)
        if event is not None:
            view.add(event)
    return view


class Place:
    """A directory to work in, and what kedge needs."""

    def __init__(self, tmp_path: Path, url: str) -> None:
        work, own = tmp_path / "work", tmp_path / "home"
        work.mkdir()
        (work / "notes.md").write_text("a\n" * 50)
        self.home = Home(own / "config", own / "state", own / "data", own / "cache")
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SHELL": "/bin/sh"}
        self.where = Surroundings({**env, "ANTHROPIC_API_KEY": "sk-none"}, work, self.home)
        self._url = url

    @property
    def logs(self) -> list[Path]:
        return sorted((self.home.state_dir / "sessions").glob("*.jsonl"))

    def app(self) -> KedgeApp:
        given: dict[str, Value] = {option.field: option.default for option in OPTIONS}
        given |= {
            "model": "anthropic/claude-sonnet-5-5",
            "set": (f"providers.anthropic.base_url={self._url}",),
            "sandbox": "off",
            "continue": bool(self.logs),
        }
        return KedgeApp(Run(None, given), self.where, TuiSettings(grace_ms=0, editor="true"))


async def live(place: Place, random: Random, steps: Iterator[int]) -> None:
    """Use one app until it is left, or there are no steps any more."""
    app = place.app()
    done: list[str] = []
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            presser = Presser(pilot, random, done)
            for step in steps:
                await presser.step()
                if app.return_value is not None:
                    return
                if step % EVERY == 0:
                    await settle(pilot)
                    await all_is_shown(place, pilot)
            await settle(pilot)
            await all_is_shown(place, pilot)
            for _ in range(SCREENS):
                if app.return_value is None:
                    await pilot.press("ctrl+c")
            assert app.return_value == 0, (app.screen_stack, app.focused)
    except BaseException as error:
        error.add_note(f"did last: {done[-30:]}")
        raise
    finally:
        await app.close()


async def settle(pilot: Pilot[int]) -> None:
    """Answer no question and stop what runs, until nothing goes on."""
    app = pilot.app
    assert isinstance(app, KedgeApp)
    async with asyncio.timeout(60):
        await pilot.pause()
        while not (now := app.look()).session or now.working or now.doing:
            await pilot.press("escape")
            app.action_interrupt()
            await pilot.pause(0.01)


async def all_is_shown(place: Place, pilot: Pilot[int]) -> None:
    """The view has all that follows from the log, or gets it: what is stored is heard of later."""
    app = pilot.app
    assert isinstance(app, KedgeApp)
    log = place.home.state_dir / "sessions" / f"{app.look().session}.jsonl"
    stored = known(folded(log)) if log.exists() else []
    async with asyncio.timeout(60):
        while [one for one in stored if one not in known(app.transcript.view)]:
            await pilot.pause(0.01)


async def test_whatever_is_pressed_nothing_breaks(tmp_path: Path, loopback: Loopback) -> None:
    random = Random(int(SEED or 1))
    server = await loopback(answering(random), allow_unused=True)
    place = Place(tmp_path, server.url)
    steps = iter(range(int(STEPS)))
    while steps.__length_hint__():
        await live(place, random, steps)
    for log in place.logs:
        law.check(log)
    assert place.logs
    server.failures.clear()

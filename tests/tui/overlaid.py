"""What stands on top of the app, filled from the recorded session, for the pictures of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from textual.screen import Screen
from tui.replayed import FACTS, Replayed, asked_edit, busy, first_turn

from kedge.agent.stores.summary import Said, Summary, said
from kedge.agent.transcript import transcript
from kedge.cli.catalogue import Catalogue
from kedge.cli.commands.models import provider_row
from kedge.cli.surroundings import Surroundings
from kedge.cli.tui.composer.history import Entry as Earlier
from kedge.cli.tui.composer.history_search import HistorySearch
from kedge.cli.tui.desk.points import Point
from kedge.cli.tui.desk.reverting import FileDiff
from kedge.cli.tui.desk.watch import Watch
from kedge.cli.tui.keys import KeyTable
from kedge.cli.tui.pages.activity import tasks_page, why_page
from kedge.cli.tui.pages.brings import Offer as Brought
from kedge.cli.tui.pages.context import context_page
from kedge.cli.tui.pages.cost import cost_page
from kedge.cli.tui.pages.keys import help_page, keys_page
from kedge.cli.tui.pages.models import Offer
from kedge.cli.tui.pages.page import Page
from kedge.cli.tui.screens.diffs import DiffScreen
from kedge.cli.tui.screens.line import LineScreen
from kedge.cli.tui.screens.models import ModelPicker
from kedge.cli.tui.screens.offers import SetupScreen
from kedge.cli.tui.screens.page import PageScreen
from kedge.cli.tui.screens.picker import Act
from kedge.cli.tui.screens.pickers import CommandPalette, ModePicker, ThemePicker
from kedge.cli.tui.screens.rewind import RewindPicker
from kedge.cli.tui.screens.sessions import SessionPicker
from kedge.cli.tui.screens.tour import TourScreen
from kedge.cli.tui.screens.trust import trust_dialog
from kedge.cli.tui.slash.appearance import APPEARANCE
from kedge.cli.tui.slash.registry import COMMANDS
from kedge.config.paths import Home
from kedge.config.providers import names, table
from kedge.config.settings import Settings

NOWHERE = Path("/nonexistent")
WHERE = Surroundings(
    {"ANTHROPIC_API_KEY": "-"}, Path(FACTS.cwd), Home(NOWHERE, NOWHERE, NOWHERE, NOWHERE)
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When somebody looks."""
ENTRIES = tuple(command.entry for command in (*COMMANDS, *APPEARANCE))
_FIX = "A test fails. Find the bug, fix it, and show that it is fixed."


async def _nothing(about: object) -> str:
    return ""


class Remembered(Catalogue):
    """Knows the recorded session alone."""

    def __init__(self) -> None:
        super().__init__(WHERE)

    def last_words(self, id: str) -> list[Said]:
        """See `Catalogue.last_words`."""
        spoken = [words for event in first_turn() if (words := said(event))]
        return spoken[-2:] if id == FACTS.session else []


def _summary(id: str, hours: int, cwd: str, prompt: str, cost: float, name: str = "") -> Summary:
    when = (NOW - timedelta(hours=hours)).isoformat()
    return Summary(
        id, when, when, cwd, cwd, FACTS.model, name, prompt, "done", prompts=hours % 7 + 1,
        cost_usd=cost,
    )  # fmt: skip


def sessions() -> SessionPicker:
    """Which session to go on with."""
    shop, basket = "/home/ada/shop", FACTS.cwd
    rows = (
        _summary(FACTS.session, 1, basket, _FIX, 0.0194, "boundary"),
        _summary("20261120-164210-0c41aa", 19, shop, "Why is the checkout slow?", 0.312),
        _summary("20261120-091500-77de02", 27, shop, "Move the invoices to the new API", 1.904),
        _summary("20261117-101112-5a5a01", 99, basket, "Write the first tests", 0.0871),
    )
    return SessionPicker(
        Remembered(), rows, open_now=FACTS.session, rename=_nothing, delete=_nothing, now=NOW
    )


def points() -> RewindPicker:
    """Where to go back to."""
    later = (NOW - timedelta(minutes=4)).isoformat()
    return RewindPicker(
        (
            Point(4, 1, _FIX, (NOW - timedelta(minutes=52)).isoformat(),
                  ("modified basket.py +1 -1",), (), True),
            Point(43, 2, "Add a test for exactly 100.00, and publish it", later,
                  ("modified test_basket.py +6 -0", "created CHANGELOG.md +3 -0"),
                  ("git push origin main",), True),
        ),
        now=NOW,
    )  # fmt: skip


def models() -> ModelPicker:
    """Which model answers."""
    known = [table(name, {}) for name in names({})]
    rows = [provider_row(one, Settings(), WHERE) for one in known if not one.local]
    return ModelPicker(rows, FACTS.model, "high")


def changes() -> DiffScreen:
    """What the session changed in all."""
    test = (
        "--- test_basket.py\n+++ test_basket.py\n@@ -20,3 +20,6 @@\n     def test_total(self):\n"
        "         self.assertEqual(Basket().total(), 0)\n+\n+    def test_at_the_boundary(self):\n"
        "+        self.assertEqual(Basket(10_000).total(), 9_000)\n"
    )
    files = (
        FileDiff(
            "/home/ada/basket/basket.py",
            "basket.py",
            "modified",
            1,
            1,
            asked_edit().question.preview,
        ),
        FileDiff("/home/ada/basket/test_basket.py", "test_basket.py", "modified", 3, 0, test),
    )

    async def load() -> Sequence[FileDiff]:
        return files

    async def put_back(changed: FileDiff, checkpoint: str) -> str:
        return ""

    return DiffScreen(files, load, put_back)


def _read(page: Page, *acts: Act[str]) -> PageScreen:
    async def same() -> Page:
        return page

    return PageScreen(page, same, acts=acts)


def context() -> PageScreen:
    """What fills the window."""
    return _read(context_page(transcript(first_turn()), FACTS.context_tokens, FACTS.context_window))


def cost() -> PageScreen:
    """What it cost."""
    return _read(cost_page(first_turn(), Settings()))


def why() -> PageScreen:
    """Why something was allowed."""
    watch = Watch()
    for event in first_turn():
        watch.add(event)
    return _read(why_page(watch.why(asked_edit().question.action.call.id)))


def tasks() -> PageScreen:
    """What runs."""
    return _read(
        tasks_page(busy().tasks, "Ctrl+B"), Act[str]("ctrl+d", "stops it", _nothing, sure=True)
    )


def trust() -> Screen[str | None]:
    """The first question in a folder that brings something."""
    offer = Brought(
        "/home/ada/basket",
        "",
        "/home/ada/basket wants",
        (
            'hook  format  after write: ruff format "$KEDGE_FILE"',
            "rule  allow  bash(python3 -m unittest *)",
            "",
            "and brings",
            "AGENTS.md: instructions",
            "/changes: a command; runs `git status --short`",
        ),
        "It would run with your rights, outside the sandbox. Programs are shown as far as the "
        "configuration names them; what they load in turn is not.",
        "Trust it, as long as its settings stay as they are",
    )
    return trust_dialog(offer, 0.0)


def set_up() -> SetupScreen:
    """Who has no key."""
    return SetupScreen(
        [
            Offer("ollama/qwen3-coder", title="Ollama: qwen3-coder"),
            Offer("anthropic/claude-sonnet-5-5", "ANTHROPIC_API_KEY", "Anthropic",
                  "https://console.anthropic.com/settings/keys"),
            Offer("openai/gpt-5.5", "OPENAI_API_KEY", "OpenAI",
                  "https://platform.openai.com/api-keys"),
        ]
    )  # fmt: skip


def a_key() -> LineScreen:
    """The key of a provider."""
    about = "It is neither shown nor logged; whether it is kept is asked next."
    return LineScreen("the key of Anthropic", "0123456789", about=about, secret=True)


def earlier() -> HistorySearch:
    """What was typed before."""
    return HistorySearch([Earlier(_FIX), Earlier("git status", "shell"), Earlier("Write tests")])


SCREENS: Mapping[str, Callable[[], Screen[Any]]] = {
    "sessions": sessions,
    "rewind": points,
    "model": models,
    "mode": lambda: ModePicker("auto"),
    "theme": lambda: ThemePicker("dark", lambda name: None),
    "palette": lambda: CommandPalette(ENTRIES, KeyTable({})),
    "changes": changes,
    "context": context,
    "cost": cost,
    "why": why,
    "tasks": tasks,
    "help": lambda: _read(help_page(ENTRIES, KeyTable({}))),
    "keys": lambda: _read(keys_page(KeyTable({}))),
    "trust": trust,
    "setup": set_up,
    "key": a_key,
    "tour": TourScreen,
    "history": earlier,
}
"""By the name of the picture."""


def over(name: str) -> Callable[[Replayed], None]:
    """Opens one of them."""
    return lambda app: void(app.push_screen(SCREENS[name]()))


def void(done: object) -> None:
    """Nothing is waited for."""

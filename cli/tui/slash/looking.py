"""Commands that show something."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..screens.picker import Act, Item
from .command import Command
from .showing import answered, facts_of, here, loaded_of, read

if TYPE_CHECKING:
    from ..seated import Seated


async def _context(app: "Seated", words: str) -> None:
    from ....agent.transcript import transcript
    from ..pages.context import context_page

    facts = app.look()
    await read(
        app,
        lambda: context_page(transcript(facts_of(app)), facts.context_tokens, facts.context_window),
    )


async def _cost(app: "Seated", words: str) -> None:
    from ..pages.cost import cost_page

    await read(app, lambda: cost_page(facts_of(app), loaded_of(app).settings))


async def _stats(app: "Seated", words: str) -> None:
    from ...catalogue import Catalogue
    from ..pages.cost import stats_page

    await read(app, lambda: stats_page(facts_of(app), Catalogue(app.where).summaries()))


async def _rules(app: "Seated", words: str) -> None:
    from ..pages.rules import rules_page

    await read(app, lambda: rules_page(loaded_of(app)))


async def _grants(app: "Seated", words: str) -> None:
    from ....agent.memory.repository import find_repository
    from ...commands.grants import stored_grants
    from ...knowledge import root_of
    from ..pages.rules import grants_page

    place = here(app)
    stored = stored_grants(app.where)

    async def revoke(item: Item[str]) -> str:
        if not item.value:
            return "that one ends with the session"
        gone = await asyncio.to_thread(stored.revoke, (item.value,))
        return f"revoked: {', '.join(grant.rule for grant in gone)}; the next session asks again"

    root = root_of(place, find_repository(place.cwd))
    await read(
        app,
        lambda: grants_page(stored.all(), facts_of(app), root, datetime.now(UTC)),
        acts=(Act[str]("ctrl+d", "revokes it", revoke, sure=True),),
    )


async def _config(app: "Seated", words: str) -> None:
    from ....config.narrowing import FILE
    from ..pages.settings import config_page

    files = (app.where.home.config_dir / "config.toml", Path(app.desk.facts.cwd) / FILE)
    await read(app, lambda: config_page(loaded_of(app), files))


async def _experiment(app: "Seated", words: str) -> None:
    from ..pages.settings import experiment_line

    app.say(experiment_line(await asyncio.to_thread(loaded_of, app)))


async def _memory(app: "Seated", words: str) -> None:
    from ...commands.memory import instructions_here
    from ..pages.settings import memory_page

    await read(app, lambda: memory_page(instructions_here(here(app)).merged()))


async def _hooks(app: "Seated", words: str) -> None:
    from ...commands.hooks import hook_rows
    from ..pages.settings import hooks_page

    paused = app.look().open_breakers
    await read(app, lambda: hooks_page(hook_rows(loaded_of(app), here(app)), paused))


async def _mcp(app: "Seated", words: str) -> None:
    from ..pages.settings import mcp_page

    await read(app, mcp_page)


async def _tasks(app: "Seated", words: str) -> None:
    from ..pages.now import tasks_page
    from ..pages.page import Page
    from ..screens.page import PageScreen

    async def stop(item: Item[str]) -> str:
        if not item.value:
            return "Esc stops that one, Ctrl+B sends it to the background"
        await app.desk.kill(item.value)
        return f"{item.value} was stopped"

    async def page() -> Page:
        # Jobs belong to this loop.
        return tasks_page(app.look().tasks)

    acts = (Act[str]("ctrl+d", "stops it", stop, sure=True),)
    await answered(app, PageScreen(await page(), page, acts=acts, every=1.0))


async def _why(app: "Seated", words: str) -> None:
    from ..pages.now import why_page

    said = app.desk.why(words)
    await read(app, lambda: why_page(said))


async def _keys(app: "Seated", words: str) -> None:
    from ..pages.keys import keys_page

    await read(app, lambda: keys_page(app.keys))


async def _doctor(app: "Seated", words: str) -> None:
    from ..pages.now import doctor_page
    from .health import health

    app.say("looking …")
    facts = app.look()
    size = app.size
    terminal = (
        ("size", f"{size.width} by {size.height}"),
        ("colours", app.console.color_system or "none"),
        ("theme", app.theme),
    )
    found = await health(facts, loaded_of(app), app.where, terminal)
    await read(app, lambda: doctor_page(found))


async def _diff(app: "Seated", words: str) -> None:
    from ..screens.diffs import DiffScreen

    found = await app.desk.changes()
    if not found:
        app.say("no file is otherwise than when the session began")
        return
    await answered(app, DiffScreen(found, app.desk.changes, app.desk.put_back))


LOOKING: tuple[Command, ...] = (
    Command("diff", "all changes of the session; put single files back", _diff),
    Command("context", "what fills the window, by what it is", _context),
    Command("cost", "what the session cost, by model and prompt", _cost, aliases=("usage",)),
    Command("tasks", "commands under way, and stopping them", _tasks, aliases=("bashes",)),
    Command("why", "the last decision explained, or that on a call", _why, "[call]"),
    Command("rules", "what is allowed, asked about and denied", _rules, aliases=("permissions",)),
    Command("grants", "what you allowed for good, and taking it back", _grants),
    Command("memory", "instruction files and notes", _memory),
    Command("config", "every setting, and where it is from", _config, aliases=("settings",)),
    Command("experiment", "which configuration runs", _experiment),
    Command("hooks", "hooks and their health", _hooks),
    Command("mcp", "MCP servers and their health", _mcp),
    Command("stats", "figures of this session and of all", _stats),
    Command("keys", "all keys, and what is in another's way", _keys, aliases=("keybindings",)),
    Command("doctor", "the sandbox, the terminal, keys, what is kept", _doctor),
)
"""Their order is that of the help."""

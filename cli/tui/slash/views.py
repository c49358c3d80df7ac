"""Commands that show something."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from ..pages.page import Page
from .command import Command
from .lookups import facts_of, here, loaded_of, log_of, read
from .surface import Deed, Surface


async def _context(surface: Surface, words: str) -> None:
    from ....agent.transcript import transcript
    from ..pages.context import context_page

    now = surface.look()

    def page() -> Page:
        said = transcript(facts_of(surface))
        return context_page(said, now.context_tokens, now.context_window)

    await read(surface, page)


async def _cost(surface: Surface, words: str) -> None:
    from ..pages.cost import cost_page

    await read(surface, lambda: cost_page(facts_of(surface), loaded_of(surface).settings))


async def _stats(surface: Surface, words: str) -> None:
    from ...catalogue import Catalogue
    from ..pages.cost import stats_page

    await read(surface, lambda: stats_page(facts_of(surface), Catalogue(surface.where).summaries()))


async def _rules(surface: Surface, words: str) -> None:
    from ....agent.memory.repository import find_repository
    from ...commands.grants import stored_grants
    from ...knowledge import root_of
    from ..pages.rules import rules_page

    def page() -> Page:
        place = here(surface)
        facts = facts_of(surface) if surface.desk.state.session else []
        root = root_of(place, find_repository(place.cwd))
        holding = stored_grants(surface.where).holding(root)
        return rules_page(loaded_of(surface), holding, facts)

    await read(surface, page)


async def _grants(surface: Surface, words: str) -> None:
    from ....agent.memory.repository import find_repository
    from ...commands.grants import stored_grants
    from ...knowledge import root_of
    from ..pages.rules import grants_page

    place = here(surface)
    stored = stored_grants(surface.where)

    async def revoke(id: str) -> str:
        if not id:
            return "that one ends with the session"
        gone = await asyncio.to_thread(stored.revoke, (id,))
        return f"revoked: {', '.join(grant.rule for grant in gone)}; kedge asks again from here on"

    root = root_of(place, find_repository(place.cwd))
    await read(
        surface,
        lambda: grants_page(stored.all(), facts_of(surface), root, datetime.now(UTC)),
        deeds=(Deed("ctrl+d", "revokes it", revoke),),
    )


async def _config(surface: Surface, words: str) -> None:
    from ....config.narrowing import FILE
    from ..pages.settings import config_page

    files = (surface.where.home.config_dir / "config.toml", Path(surface.desk.state.cwd) / FILE)
    await read(surface, lambda: config_page(loaded_of(surface), files))


async def _experiment(surface: Surface, words: str) -> None:
    from ...catalogue import Catalogue, around
    from ..pages.experiment import MOST, experiment_page, ran

    def page() -> Page:
        catalogue, place = Catalogue(surface.where), around(here(surface))
        known = [one for one in catalogue.summaries(place) if one.id != surface.desk.state.session]
        earlier = [found for one in known[:MOST] if (found := ran(catalogue.store, one.id))]
        now = surface.desk.seat.composed.session.conduct.started
        return experiment_page(loaded_of(surface), now, earlier)

    await read(surface, page)


async def _memory(surface: Surface, words: str) -> None:
    from ...commands.memory import instructions_here
    from ..pages.settings import memory_page

    await read(surface, lambda: memory_page(instructions_here(here(surface)).merged()))


async def _hooks(surface: Surface, words: str) -> None:
    from ...commands.hooks import hook_rows
    from ..pages.settings import hooks_page

    paused = surface.look().open_breakers
    await read(surface, lambda: hooks_page(hook_rows(loaded_of(surface), here(surface)), paused))


async def _mcp(surface: Surface, words: str) -> None:
    from ..pages.settings import mcp_page

    await read(surface, mcp_page)


async def _tasks(surface: Surface, words: str) -> None:
    from ..pages.activity import tasks_page

    interrupt, background = surface.handles()

    async def stop(id: str) -> str:
        if not id:
            return f"{interrupt} stops that one, {background} sends it to the background"
        await surface.desk.seat.background.kill(id)
        return f"{id} was stopped"

    async def page() -> Page:
        # Jobs belong to this loop.
        return tasks_page(surface.look().tasks, background)

    await surface.show(page, deeds=(Deed("ctrl+d", "stops it", stop),), every=1.0)


async def _todo(surface: Surface, words: str) -> None:
    from ..pages.activity import todo_page

    await read(surface, lambda: todo_page(surface.look().todo))


async def _status(surface: Surface, words: str) -> None:
    from ..pages.status import status_page

    now, terminal = surface.look(), surface.terminal()
    places = (
        ("settings", str(surface.where.home.config_dir / "config.toml")),
        ("log", log_of(surface)),
    )
    await read(surface, lambda: status_page(now, (*places, *terminal)))


async def _why(surface: Surface, words: str) -> None:
    from ..pages.activity import why_page

    said = surface.desk.seat.watch.why(words)
    await read(surface, lambda: why_page(said))


async def _keys(surface: Surface, words: str) -> None:
    await read(surface, surface.keys_page)


async def _doctor(surface: Surface, words: str) -> None:
    from ..pages.activity import doctor_page
    from .health import health

    surface.say("looking …")
    now, terminal = surface.look(), surface.terminal()
    loaded = await asyncio.to_thread(loaded_of, surface)
    found = await health(now, loaded, surface.where, terminal)
    await read(surface, lambda: doctor_page(found))


async def _diff(surface: Surface, words: str) -> None:
    found = await surface.desk.hindsight.changes()
    if not found:
        surface.say("no file is otherwise than when the session began")
    else:
        await surface.show_changes(found)


async def _help(surface: Surface, words: str) -> None:
    await read(surface, surface.help_page)


async def _trust(surface: Surface, words: str) -> None:
    from .first_run import ask_trust

    if not await ask_trust(surface, again=True):
        surface.say("nothing here waits for your trust")


async def _tour(surface: Surface, words: str) -> None:
    await surface.tour()


async def _copy(surface: Surface, words: str) -> None:
    answer = surface.last_answer()
    if not answer:
        surface.say("the model has said nothing yet")
        return
    how = await surface.copy(answer)
    surface.say(f"{how}: the last answer, {len(answer):,} characters of Markdown")


VIEWS: tuple[Command[Surface], ...] = (
    Command("diff", "all changes of the session; put single files back", _diff),
    Command("status", "how things stand: session, model, mode, sandbox", _status),
    Command("help", "what can be typed, and the keys", _help, aliases=("commands",)),
    Command("context", "what fills the window, by what it is", _context, aliases=("tokens",)),
    Command("cost", "what the session cost, by model and prompt", _cost, aliases=("usage",)),
    Command("tasks", "commands under way, and stopping them", _tasks,
            aliases=("bashes", "ps", "bg", "shells", "jobs")),
    Command("why", "the last decision explained, or that on a call", _why, "[call]"),
    Command("rules", "what is allowed, asked about and denied", _rules,
            aliases=("permissions", "approvals", "approve", "allowed-tools")),
    Command("grants", "the rules you saved with answers, and revoking them", _grants),
    Command("memory", "instruction files and notes", _memory),
    Command("config", "every setting, and where it is from", _config, aliases=("settings",)),
    Command("experiment", "the configuration that runs, and those before it", _experiment),
    Command("hooks", "hooks and their health", _hooks),
    Command("mcp", "MCP servers and their health", _mcp),
    Command("stats", "figures of this session and of all", _stats),
    Command("keys", "all keys, and what is in another's way", _keys,
            aliases=("keybindings", "keymap", "hotkeys", "shortcuts")),
    Command("doctor", "the sandbox, the terminal, keys, what is kept", _doctor),
    Command("copy", "copy the last answer", _copy),
    Command("trust", "what this folder brings, and whether it may", _trust),
    Command("tour", "the two screens for those who are new", _tour),
    Command("todo", "the list of tasks", _todo, aliases=("todos",), listed=False),
)  # fmt: skip
"""Their order is that of the help."""

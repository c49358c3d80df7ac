"""Commands about the session: which one, how far back, who answers, how much may happen."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import structs

from ....agent.messages import Text
from ....config.errors import UsageError
from ....config.settings import MODES, Effort
from ..pages.efforts import AS_PROVIDED, EFFORT_WORDS
from ..pages.models import Answering
from .access import ask_another_key, forget_key, made_ready
from .command import Command, named
from .lookups import loaded_of
from .preferences import choose, for_now
from .session_picker import may_leave, pick_session
from .setup import in_use, remember, use
from .surface import Surface

if TYPE_CHECKING:
    from ....config.providers import ProviderTable

_EFFORTS: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_FORCE = "--force"
"""Undoes also what somebody else changed since."""


async def _model(surface: Surface, words: str) -> None:
    chosen, now = for_now(words)
    name, _, rest = chosen.partition(" ")
    effort = _effort_of(rest.strip()) if rest.strip() else None
    if not surface.desk.state.session and surface.desk.state.trouble:
        await (use(surface, name, lasts=not now) if name else surface.begin())
        if effort is not None and surface.desk.state.session:
            await _think(surface, Answering("", effort, not now))
        return
    wanted = Answering(name, effort, not now) if name else await surface.choose_model()
    if wanted is None:
        return
    before = surface.where
    if ready := await made_ready(surface, wanted.model):
        working = surface.desk.state.working
        same = ready == surface.desk.state.model
        await surface.desk.set_model("" if same else ready, wanted.effort)
        when = " from the next prompt on" if working else ""
        said = in_use(ready, before, surface.where, when)
        await remember(surface, said, ready, lasts=wanted.lasts and not now)
        await _say_effort(surface, wanted.effort, lasts=wanted.lasts and not now)


async def _effort(surface: Surface, words: str) -> None:
    given, now = for_now(words)
    effort = _effort_of(given) if given else None
    wanted = (
        await surface.choose_effort(surface.desk.state.effort)
        if effort is None
        else Answering("", effort)
    )
    if wanted is not None:
        await _think(surface, structs.replace(wanted, lasts=wanted.lasts and not now))


def _effort_of(word: str) -> Effort:
    """Raises:
    UsageError: it is none.
    """
    return "" if word == AS_PROVIDED else named(word, _EFFORTS, "effort")


async def _think(surface: Surface, wanted: Answering) -> None:
    await surface.desk.set_model("", wanted.effort)
    await _say_effort(surface, wanted.effort, lasts=wanted.lasts)


async def _say_effort(surface: Surface, effort: Effort | None, *, lasts: bool) -> None:
    """Say how hard it thinks if that was chosen; if it `lasts`, later sessions begin with it."""
    if effort is not None:
        late = " from the next prompt on" if surface.desk.state.working else ""
        said = f"the effort is {effort or EFFORT_WORDS[effort]}{late}"
        await choose(surface, said, ("model", "effort"), effort, lasts=lasts)


async def _key(surface: Surface, words: str) -> None:
    used = await _provider_used(surface)
    if not words and not used:
        await surface.begin()
        return
    provider = await _keyed(surface, words, used)
    if not await ask_another_key(surface, provider):
        return
    surface.say(f"{provider.title} is called with that key")
    if not surface.desk.state.session:
        await surface.begin()
    elif provider.name == used:
        await surface.desk.set_model("")
        surface.desk.go_on()


async def _logout(surface: Surface, words: str) -> None:
    used = await _provider_used(surface)
    await forget_key(surface, await _keyed(surface, words, used))


async def _provider_used(surface: Surface) -> str:
    """What stands before the slash of the model that answers, or is to; empty if there is none."""
    model = surface.desk.state.model or await asyncio.to_thread(lambda: surface.desk.wanted)
    return model.partition("/")[0]


async def _keyed(surface: Surface, words: str, used: str) -> "ProviderTable":
    """The provider that words name, else the one that is used.

    Raises:
        KedgeError: there is none, or it takes no key.
    """
    from ....config.providers import names, table

    settings = (await asyncio.to_thread(loaded_of, surface)).settings
    if not words and used not in names(settings.providers):
        raise UsageError("the model that answers takes no key", hint="/key anthropic, for example")
    provider = table(words or used, settings.providers)
    if not provider.takes_a_key:
        hint = f"/model {provider.name}/ asks for its address" if provider.local else ""
        raise UsageError(f"{provider.title} takes no key here", hint=hint)
    return provider


async def _mode(surface: Surface, words: str) -> None:
    mode = named(words, MODES, "mode") if words else None
    mode = mode or await surface.choose_mode(surface.desk.state.mode)
    if mode is not None:
        await surface.desk.set_mode(mode)


async def _plan(surface: Surface, words: str) -> None:
    if not words and await surface.review_plan():
        return
    await surface.desk.set_mode("plan")
    if words:
        surface.desk.submit((Text(words),))


async def _compact(surface: Surface, words: str) -> None:
    if words == "undo":
        surface.say(surface.desk.hindsight.undo_compaction())
    else:
        surface.say(await surface.desk.hindsight.compact(words))


async def _new(surface: Surface, words: str) -> None:
    if await may_leave(surface, "begin a new session"):
        before = surface.desk.resumable
        await surface.desk.new()
        if before:
            surface.say(f"a new session; back to the one before: /resume {before}")


async def _continue(surface: Surface, words: str) -> None:
    if words or not surface.desk.go_on():
        surface.desk.seat.require_rest()
        await _resume(surface, words)


async def _resume(surface: Surface, words: str) -> None:
    from ...catalogue import Catalogue
    from ...saved import named

    if not words:
        await pick_session(surface)
        return
    catalogue = Catalogue(surface.where)
    try:
        found = await asyncio.to_thread(named, catalogue.store, words, catalogue.names)
    except UsageError:
        await pick_session(surface, words)
        return
    if await may_leave(surface):
        await surface.desk.resume(found)


async def _fork(surface: Surface, words: str) -> None:
    if not await may_leave(surface):
        return
    before = surface.desk.state.session
    await surface.desk.fork()
    surface.say(f"a fork of {before}, which stays as it is")


async def _rewind(surface: Surface, words: str) -> None:
    surface.desk.seat.require_rest()
    points = await surface.desk.hindsight.points()
    if not points:
        surface.say("there is no prompt yet to go back to")
        return
    chosen = await surface.choose_point(points)
    if chosen is None:
        return
    prompt, said = await surface.desk.hindsight.rewind(*chosen)
    if chosen[1] != "files":
        surface.put(prompt)
    surface.say(said)


async def _undo(surface: Surface, words: str) -> None:
    given = words.split()
    counts = [one for one in given if one != _FORCE]
    if len(counts) > 1 or not all(one.isdecimal() for one in counts):
        raise UsageError(f"{words!r} is no number of turns", hint=f"/undo 2, or /undo {_FORCE}")
    count = int(counts[0]) if counts else 1
    surface.say(await surface.desk.hindsight.undo(count, force=_FORCE in given))


async def _redo(surface: Surface, words: str) -> None:
    surface.say(await surface.desk.hindsight.redo())


async def _rename(surface: Surface, words: str) -> None:
    from ...catalogue import Catalogue
    from ...commands.sessions import free_name

    known = await asyncio.to_thread(Catalogue(surface.where).names)
    surface.desk.seat.rename(free_name(words, surface.desk.state.session, known))


async def _export(surface: Surface, words: str) -> None:
    from ...commands.export import form_of, write_new, written_down

    if words.startswith("-"):
        raise UsageError(
            f"{words!r} is no name of a file here", hint="/export notes.md, or /export alone"
        )
    id, storage = surface.desk.seat.id, surface.desk.seat.composed.storage
    file = Path(surface.desk.state.cwd) / (words or f"kedge-{id}.md")

    def write() -> None:
        form = form_of(file.name)
        write_new(file, written_down(storage.store, id, form, surface.where, redact=True))

    await asyncio.to_thread(write)
    surface.say(f"written without secrets and names: {file}")


async def _init(surface: Surface, words: str) -> None:
    await _ask_for("init", surface, words)


async def _review(surface: Surface, words: str) -> None:
    await _ask_for("review", surface, words)


async def _ask_for(name: str, surface: Surface, words: str) -> None:
    """Say what the prompt of this name says, and the person's words."""
    from ....config.prompts import prompt

    text = (await asyncio.to_thread(prompt, name, surface.where.home.config_dir)).text
    surface.desk.submit((Text(f"{text}\n\n{words}" if words else text),))


async def _quit(surface: Surface, words: str) -> None:
    surface.leave()


CONVERSATION: tuple[Command[Surface], ...] = (
    Command("model", "which model answers, and how hard it thinks", _model,
            "[name] [effort] [--now]", aliases=("models",)),
    Command("effort", "how hard it thinks", _effort, "[level] [--now]",
            aliases=("reasoning",), words=(AS_PROVIDED, *_EFFORTS)),
    Command("key", "give a provider's key, and keep it", _key, "[provider]",
            aliases=("login", "connect", "provider")),
    Command("logout", "forget a provider's key that is kept", _logout, "[provider]"),
    Command("mode", "how much may happen without asking", _mode, "[plan|ask|auto|full]",
            words=MODES),
    Command("plan", "look and plan first; or read the plan that waits", _plan, "[what to plan]"),
    Command("compact", "summarise the conversation; undo takes it back", _compact,
            "[what matters|undo]", words=("undo",),
            aliases=("summarize", "compress", "condense")),
    Command("new", "a new session", _new, aliases=("clear", "reset")),
    Command("continue", "continue the turn that broke off, else resume a session",
            _continue, "[id or name]", aliases=("go-on",)),
    Command("resume", "resume another session", _resume, "[id or name]",
            aliases=("sessions", "session", "history")),
    Command("fork", "go on in a copy of this session", _fork, aliases=("branch",)),
    Command("rewind", "rewind files, conversation or both to before a prompt", _rewind,
            aliases=("checkpoint", "restore", "tree")),
    Command("undo", "the files as they were before the last turns", _undo, "[turns] [--force]",
            words=(_FORCE,)),
    Command("redo", "redo the last undo or rewind", _redo),
    Command("rename", "call the session something", _rename, "<name>", aliases=("name", "title")),
    Command("export", "write the session down: .md, .html or .json", _export, "[file]",
            aliases=("share",)),
    Command("init", "have a first AGENTS.md written", _init, "[what matters]"),
    Command("review", "have the changes that are not committed reviewed", _review,
            "[what matters]", gives_way=True),
    Command("quit", "leave", _quit, aliases=("exit", "q")),
)  # fmt: skip
"""Their order is that of the help."""

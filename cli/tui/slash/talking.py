"""Commands about the session: which one, how far back, who answers, how much may happen."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from ....agent.messages import Text
from ....config.errors import UsageError
from ....config.settings import MODES, Effort, Mode
from .command import Command
from .showing import answered, loaded_of

if TYPE_CHECKING:
    from ...catalogue import Catalogue
    from ..seated import Seated

_EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


async def _model(app: "Seated", words: str) -> None:
    name, _, rest = words.partition(" ")
    effort: Effort | None = next((one for one in _EFFORTS if one == rest.strip()), None)
    if rest.strip() and effort is None:
        raise UsageError(f"{rest.strip()!r} is no effort", hint=f"one of {', '.join(_EFFORTS)}")
    if not app.desk.facts.session and app.desk.facts.trouble:
        if name:
            app.desk.settle(app.where, name)
        await app.begin()
        return
    if not name:
        name, effort = await _picked_model(app)
        if not name:
            return
    working = app.desk.facts.working
    await app.desk.set_model(name, effort)
    app.say(f"{name} answers{' from the next prompt on' if working else ''}")


async def _picked_model(app: "Seated") -> tuple[str, Effort | None]:
    from ....config.providers import names, table
    from ...commands.models import provider_row
    from ..screens.models import ModelPicker

    settings = loaded_of(app).settings
    known = [table(name, settings.providers) for name in names(settings.providers)]
    facts = app.look()
    rows = [provider_row(one, settings, app.where) for one in known if not one.local]
    picker = ModelPicker(rows, facts.model, facts.effort)

    async def look() -> None:
        for one in known:
            if one.local:
                row = await asyncio.to_thread(provider_row, one, settings, app.where)
                if row.running and picker.is_mounted:
                    picker.add([row])

    looking = asyncio.create_task(look())
    try:
        name = await answered(app, picker)
    finally:
        looking.cancel()
    changed = picker.effort != facts.effort
    return name or "", picker.effort if changed else None


async def _mode(app: "Seated", words: str) -> None:
    from ..screens.small import ModePicker

    mode: Mode | None
    if words:
        mode = next((one for one in MODES if one == words), None)
        if mode is None:
            raise UsageError(f"{words!r} is no mode", hint=f"one of {', '.join(MODES)}")
    else:
        mode = await answered(app, ModePicker(app.desk.facts.mode))
    if mode is not None:
        await app.desk.set_mode(mode)


async def _plan(app: "Seated", words: str) -> None:
    from ..asking.plan import PlanOffer

    if not words and app.query_one(PlanOffer).plan:
        app.action_review_plan()
        return
    await app.desk.set_mode("plan")
    if words:
        app.desk.submit((Text(words),))


async def _compact(app: "Seated", words: str) -> None:
    if words == "undo":
        app.say(app.desk.undo_compaction())
    else:
        app.say(await app.desk.compact(words))


async def _new(app: "Seated", words: str) -> None:
    await app.desk.new()


async def _continue(app: "Seated", words: str) -> None:
    if words or not app.desk.go_on():
        app.desk.seat.require_rest()
        await _resume(app, words)


async def _resume(app: "Seated", words: str) -> None:
    from ...catalogue import Catalogue
    from ...saved import named

    catalogue = Catalogue(app.where)
    if words:
        found = await asyncio.to_thread(named, catalogue.store, words, catalogue.names)
        await app.desk.resume(found)
        return
    await _pick_session(app, catalogue)


async def _pick_session(app: "Seated", catalogue: "Catalogue") -> None:
    from ..screens.sessions import SessionPicker
    from .kept import SessionKeeping

    rows = await asyncio.to_thread(catalogue.summaries)
    if not rows:
        app.say("there are no other sessions yet")
        return
    keeping = SessionKeeping(app, catalogue)
    taken = await answered(
        app,
        SessionPicker(
            catalogue,
            rows,
            open_now=app.desk.facts.session,
            rename=keeping.rename,
            delete=keeping.delete,
        ),
    )
    if taken is not None:
        await app.desk.resume(taken.id)
        if taken.how == "fork":
            await app.desk.fork()


async def _fork(app: "Seated", words: str) -> None:
    before = app.desk.facts.session
    await app.desk.fork()
    app.say(f"a fork of {before}, which stays as it is")


async def _rewind(app: "Seated", words: str) -> None:
    from ..screens.rewind import RewindPicker

    app.desk.seat.require_rest()
    points = await app.desk.points()
    if not points:
        app.say("there is no prompt yet to go back to")
        return
    taken = await answered(app, RewindPicker(points))
    if taken is None:
        return
    prompt, said = await app.desk.rewind(taken.seq, taken.what)
    if taken.what != "files" and not app.composer.text:
        app.composer.put(prompt)
    app.say(said)


async def _undo(app: "Seated", words: str) -> None:
    if words and not words.isdecimal():
        raise UsageError(f"{words!r} is no number of turns")
    app.say(await app.desk.undo(int(words or 1)))


async def _redo(app: "Seated", words: str) -> None:
    app.say(await app.desk.redo())


async def _rename(app: "Seated", words: str) -> None:
    from ...catalogue import Catalogue
    from ...commands.sessions import free_name

    known = await asyncio.to_thread(Catalogue(app.where).names)
    app.desk.rename(free_name(words, app.desk.facts.session, known))


async def _export(app: "Seated", words: str) -> None:
    from ...commands.export import form_of, write_new, written_down

    id, kept = app.desk.seat.id, app.desk.seat.at.composed.kept
    file = Path(app.desk.facts.cwd) / (words or f"kedge-{id}.md")

    def write() -> None:
        form = form_of(file.name)
        write_new(file, written_down(kept.store, id, form, app.where, redact=True))

    await asyncio.to_thread(write)
    app.say(f"written without secrets and names: {file}")


async def _init(app: "Seated", words: str) -> None:
    from ....config.prompts import prompt

    text = prompt("init", app.where.home.config_dir).text
    app.desk.submit((Text(f"{text}\n\n{words}" if words else text),))


async def _quit(app: "Seated", words: str) -> None:
    app.exit(0)


TALKING: tuple[Command, ...] = (
    Command("model", "which model answers, and how hard it thinks", _model, "[name] [effort]"),
    Command("mode", "how much may happen without asking", _mode, "[plan|ask|auto|full]"),
    Command("plan", "look and plan first; or read the plan that waits", _plan, "[what to plan]"),
    Command("compact", "summarise the conversation; undo takes it back", _compact,
            "[what matters|undo]"),
    Command("new", "a new session", _new, aliases=("clear", "reset")),
    Command("continue", "go on with the turn that broke off, else with another session",
            _continue, "[id or name]", aliases=("go-on",)),
    Command("resume", "go on with another session", _resume, "[id or name]",
            aliases=("sessions",)),
    Command("fork", "go on in a copy of this session", _fork, aliases=("branch",)),
    Command("rewind", "go back to before a prompt: files, talk, or both", _rewind,
            aliases=("checkpoint",)),
    Command("undo", "the files as they were before the last turns", _undo, "[turns]"),
    Command("redo", "take the last going back back", _redo),
    Command("rename", "call the session something", _rename, "<name>"),
    Command("export", "write the session down: .md, .html or .json", _export, "[file]"),
    Command("init", "have a first AGENTS.md written", _init, "[what matters]"),
    Command("quit", "leave", _quit, aliases=("exit", "q")),
)  # fmt: skip
"""Their order is that of the help."""

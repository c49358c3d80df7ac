"""Commands about how things look, and about the commands themselves."""

from typing import TYPE_CHECKING, Final

from ....config.errors import UsageError
from ....config.tui import Thinking
from ..screens.waiting import answered
from ..view.palette import AUTOMATIC, PALETTES
from .command import Command, named
from .preferences import choose, for_now

if TYPE_CHECKING:
    from ..seated import Seated


_WAYS: Final[tuple[Thinking, ...]] = ("collapsed", "shown", "hidden")
_THEME: Final = ("tui", "theme")


async def _theme(app: "Seated", words: str) -> None:
    from ..screens.pickers import ThemePicker
    from ..themes import PREFIX

    before = app.theme

    def wear(name: str) -> None:
        app.theme = before if name == AUTOMATIC else PREFIX + name

    chosen, now = for_now(words)
    known = (*PALETTES, AUTOMATIC)
    if chosen and chosen not in known:
        raise UsageError(f"there is no theme {chosen!r}", hint=f"one of {', '.join(known)}")
    if not chosen:
        picker = ThemePicker(before.removeprefix(PREFIX), wear)
        chosen, now = await answered(app, picker) or "", now or picker.now
    if not chosen:
        return
    wear(chosen)
    if chosen == AUTOMATIC:
        await choose(app, "the theme goes by the terminal from the next start on", _THEME, "")
    else:
        await choose(app, f"theme {chosen}", _THEME, chosen, lasts=not now)


async def _vim(app: "Seated", words: str) -> None:
    said, now = for_now(words)
    if said not in ("", "on", "off"):
        raise UsageError(f"{said!r} is neither on nor off")
    on = app.composer.vim is None if not said else said == "on"
    if on != (app.composer.vim is not None):
        app.composer.set_vim(on)
    state = "vim keys on: Esc ends inserting" if on else "vim keys off"
    await choose(app, state, ("tui", "vim"), on, lasts=not now)


async def _thinking(app: "Seated", words: str) -> None:
    said, only_now = for_now(words)
    after = _WAYS[(_WAYS.index(app.thinking) + 1) % len(_WAYS)]
    now = named(said, _WAYS, "way to show it") if said else after
    app.thinking = now
    app.transcript.restyle(thinking=now)
    state = f"what the model thinks is {now}"
    await choose(app, state, ("tui", "thinking"), now, lasts=not only_now)


async def _palette(app: "Seated", words: str) -> None:
    from ..screens.pickers import CommandPalette

    chosen = await answered(app, CommandPalette(app.entries(), app.keys))
    if chosen is None:
        return
    if not chosen.startswith("/"):
        await app.run_action(chosen.replace("-", "_"))
        return
    entry = next(one for one in app.entries() if one.name == chosen[1:])
    if entry.arguments.startswith("<"):
        app.composer.put(f"{chosen} ")
    else:
        app.ask_slash(chosen[1:])


async def _details(app: "Seated", words: str) -> None:
    app.action_expand()


async def _editor(app: "Seated", words: str) -> None:
    await app.composer.action_editor()


APPEARANCE: tuple[Command["Seated"], ...] = (
    Command("palette", "search everything that can be done", _palette),
    Command("theme", "how everything looks", _theme, "[name] [--now]",
            aliases=("themes",), words=(*PALETTES, AUTOMATIC)),
    Command("thinking", "show, fold or hide what the model thinks", _thinking,
            "[collapsed|shown|hidden] [--now]", words=_WAYS),
    Command("vim", "vim keys, on or off", _vim, "[on|off] [--now]", words=("on", "off")),
    Command("details", "open or close the details of the transcript", _details,
            aliases=("expand",), listed=False),
    Command("editor", "write in the external editor", _editor, listed=False),
)  # fmt: skip
"""Of the full screen alone. Their order is that of the help."""

"""The one table of what keys do: packaged keys, a person's own, and where these are in each other's
way."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from textual.binding import Binding

Context = Literal["global", "composer", "completion", "transcript", "ask"]
"""Where the keys of an action are heard. What has the focus is asked before `global`."""

RESERVED = frozenset({"ctrl+c"})
"""Keys that always mean the same: whatever else breaks, one can leave."""

UNBOUND = "unbound"
"""The name of no key: what an action is bound to that a person wants no key for."""


class Action(Struct, frozen=True):
    """Something that keys start."""

    name: str
    context: Context
    keys: tuple[str, ...]
    """By Textual's names, the first is the one that is shown."""
    help: str
    run: str = ""
    """Textual's name of the action; empty: `name` with underscores."""

    @property
    def call(self) -> str:
        """What Textual is told to run."""
        return self.run or self.name.replace("-", "_")


def _composer(name: str, keys: str, help: str, run: str = "") -> Action:
    return Action(name, "composer", tuple(keys.split()), help, run)


def _global(name: str, keys: str, help: str) -> Action:
    return Action(name, "global", tuple(keys.split()), help)


ACTIONS: tuple[Action, ...] = (
    _global("interrupt", "escape", "stop what is running; twice: clear the prompt, or rewind"),
    _global("quit", "ctrl+c", "clear the prompt; twice: leave"),
    _global("leave", "ctrl+d", "leave, when the prompt is empty"),
    _global("suspend", "ctrl+z", "back to the shell; fg returns"),
    _global("background", "ctrl+b", "let the running command go on in the background"),
    _global("next-mode", "shift+tab", "the next mode: ask, auto, plan"),
    _global("palette", "ctrl+p", "search everything that can be done"),
    _global("expand", "ctrl+o", "open or close the last card, or the one chosen with ctrl+up"),
    _global("todo", "ctrl+t", "show or hide the list of tasks"),
    _global("take-back", "alt+up", "take the last waiting prompt back"),
    _global("page-up", "pageup", "scroll the transcript up"),
    _global("page-down", "pagedown", "scroll the transcript down"),
    _global("to-beginning", "alt+home", "to the beginning of the transcript"),
    _global("to-end", "alt+end", "to the end of the transcript, and stay there"),
    _global("block-before", "ctrl+up", "to the block before; ctrl+o opens it"),
    _global("block-after", "ctrl+down", "to the next block; ctrl+o opens it"),
    _global("find", "ctrl+f", "find words in the transcript"),
    _global("answer", "f2", "to the question that waits, or back"),
    _global("review-plan", "f3", "read, edit and accept the plan"),
    _global("redraw", "ctrl+l", "draw the screen anew"),
    _global("help", "f1", "the keys and commands"),
    _composer("submit", "enter", "send; while it works: say it after the current actions"),
    _composer("later", "alt+enter", "send when the turn is over"),
    _composer("newline", "ctrl+j shift+enter", "a new line (or \\ and Enter)"),
    _composer("complete", "tab", "complete the word; while it works: send when the turn is over"),
    _composer("history-search", "ctrl+r", "search earlier prompts"),
    _composer("editor", "ctrl+g", "write in the external editor"),
    _composer("paste-image", "ctrl+v alt+v", "attach the picture in the clipboard"),
    _composer("up", "up", "a line up; at the top: the prompt before, or the last that waits"),
    _composer("down", "down", "a line down; at the bottom: the next prompt"),
    _composer("history-previous", "alt+p", "the prompt before"),
    _composer("history-next", "alt+n", "the next prompt"),
    _composer("left", "left", "to the left", "cursor_left"),
    _composer("right", "right", "to the right", "cursor_right"),
    _composer("word-left", "alt+b ctrl+left alt+left", "a word back", "cursor_word_left"),
    _composer("word-right", "alt+f ctrl+right alt+right", "a word on", "cursor_word_right"),
    _composer("line-start", "ctrl+a home", "to the start of the line", "cursor_line_start"),
    _composer("line-end", "ctrl+e end", "to the end of the line", "cursor_line_end"),
    _composer("text-start", "ctrl+home", "to the start of the text"),
    _composer("text-end", "ctrl+end", "to the end of the text"),
    _composer("select-left", "shift+left", "select to the left", "cursor_left(True)"),
    _composer("select-right", "shift+right", "select to the right", "cursor_right(True)"),
    _composer("select-up", "shift+up", "select upwards", "cursor_up(True)"),
    _composer("select-down", "shift+down", "select downwards", "cursor_down(True)"),
    _composer(
        "select-word-left", "ctrl+shift+left", "select the word before", "cursor_word_left(True)"
    ),
    _composer(
        "select-word-right", "ctrl+shift+right", "select the next word", "cursor_word_right(True)"
    ),
    _composer(
        "select-line-start", "shift+home", "select to the line's start", "cursor_line_start(True)"
    ),
    _composer("select-line-end", "shift+end", "select to the line's end", "cursor_line_end(True)"),
    _composer("select-all", "alt+a f7", "select everything"),
    _composer("delete-left", "backspace", "delete the character before"),
    _composer("delete-right", "delete ctrl+d", "delete the character at the cursor"),
    _composer("kill-word-left", "ctrl+w alt+backspace ctrl+backspace", "cut the word before"),
    _composer("kill-word-right", "alt+d alt+delete ctrl+delete", "cut the next word"),
    _composer("kill-to-start", "ctrl+u", "cut to the start of the line"),
    _composer("kill-to-end", "ctrl+k", "cut to the end of the line"),
    _composer("yank", "ctrl+y", "put in what was cut last"),
    _composer("yank-pop", "alt+y", "instead of what was just put in, what was cut before it"),
    _composer("cut", "ctrl+x", "cut the selection"),
    _composer("copy", "alt+w super+c", "copy the selection"),
    _composer("undo", "ctrl+underscore ctrl+slash super+z", "undo"),
    _composer("redo", "alt+r ctrl+shift+z", "redo"),
    Action("completion-next", "completion", ("down", "ctrl+n"), "the next proposal"),
    Action("completion-previous", "completion", ("up", "ctrl+p"), "the proposal before"),
    Action("completion-take", "completion", ("tab",), "take the proposal"),
    Action("completion-run", "completion", ("enter",), "take the proposal; a command is run"),
    Action("completion-close", "completion", ("escape",), "no proposals for this word"),
    Action("ask-once", "ask", ("1", "y"), "yes, this once", "ask_answer('1')"),
    Action("ask-session", "ask", ("2",), "yes, in this session", "ask_answer('2')"),
    Action("ask-project", "ask", ("3",), "yes, in this project", "ask_answer('3')"),
    Action("ask-everywhere", "ask", ("4",), "yes, everywhere", "ask_answer('4')"),
    Action("ask-no", "ask", ("5", "n"), "no", "ask_answer('5')"),
    Action("ask-no-because", "ask", ("6",), "no, with words for the model", "ask_answer('6')"),
    Action(
        "ask-no-all",
        "ask",
        ("7",),
        "no to all that wait, and to the rest of the batch",
        "ask_answer('7')",
    ),
    Action("ask-take", "ask", ("enter",), "what is highlighted"),
    Action("ask-right", "ask", ("right", "down"), "highlight the next answer", "ask_move(1)"),
    Action("ask-left", "ask", ("left", "up"), "highlight the answer before", "ask_move(-1)"),
    Action("ask-next", "ask", ("tab",), "the next question that waits", "ask_turn(1)"),
    Action(
        "ask-previous",
        "ask",
        ("shift+tab",),
        "the question before; of an edit alone: mode auto",
        "ask_turn(-1)",
    ),
    Action("ask-edit", "ask", ("e",), "edit the rules that would be stored"),
    Action("ask-why", "ask", ("w",), "how this was decided"),
    Action("ask-open", "ask", ("o",), "all of it, or less again"),
    Action("ask-down", "ask", ("j", "space"), "scroll the question down", "ask_scroll(1)"),
    Action("ask-up", "ask", ("k", "b"), "scroll the question up", "ask_scroll(-1)"),
)

_BY_NAME = {action.name: action for action in ACTIONS}

_ALIASES = {
    "return": "enter",
    "esc": "escape",
    "meta": "alt",
    "option": "alt",
    "opt": "alt",
    "control": "ctrl",
    "cmd": "super",
    "command": "super",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "del": "delete",
    "ins": "insert",
}
_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""What Textual calls characters otherwise than Unicode does (textual.keys)."""
_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_NAMED = frozenset({
    "enter", "escape", "tab", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown",
    "up", "down", "left", "right", "space",
})  # fmt: skip
_SAME_AS = {
    "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape"
}  # fmt: skip
_CONTROLS = frozenset({*(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")}) | {
    *("ctrl+@", "ctrl+backslash", "ctrl+right_square_bracket", "ctrl+circumflex_accent"),
    *("ctrl+underscore", "ctrl+left_square_bracket"),
}
"""What a terminal has a byte for, together with Ctrl (ECMA-48, C0)."""


def key_name(words: str) -> str:
    """A key as Textual names it: `Ctrl-P` is `ctrl+p`, `?` is `question_mark`.

    Raises:
        ValueError: there is no such key.
    """
    *modifiers, key = re.split(r"(?<=.)[+-](?=.)", words.strip())
    wanted = {_ALIASES.get(one.lower(), one.lower()) for one in modifiers}
    key = _ALIASES.get(key.lower(), key)
    if len(key) == 1 and not key.isalnum():
        name = unicodedata.name(key, "").lower().replace(" ", "_").replace("-", "_")
        key = _NAMES.get(name, name)
    elif wanted == {"alt"} and len(key) == 1 and key.isupper():
        wanted, key = {"alt", "shift"}, key.lower()
    elif wanted or len(key) > 1:
        key = key.lower()
    if not key or not wanted <= {*_MODIFIERS} or not re.fullmatch(r"\w+", key):
        raise ValueError(f"{words!r} is no key; keys look like ctrl+p, alt+enter, f5 or ?")
    return "+".join([*sorted(wanted), key])


def hardly_sent(key: str) -> str:
    """Why a terminal may not send a key, in words; empty if every terminal does.

    Terminals with the Kitty keyboard protocol (kitty, Ghostty, WezTerm, foot, iTerm2, Alacritty)
    tell more keys apart than others: https://sw.kovidgoyal.net/kitty/keyboard-protocol/
    """
    *modifiers, bare = key.split("+")
    only_kitty = "only terminals with the Kitty keyboard protocol tell it apart"
    if key in _SAME_AS:
        return f"most terminals send {_SAME_AS[key]} for it"
    if {"super", "hyper", "meta"} & {*modifiers}:
        return only_kitty
    if bare in ("enter", "escape", "tab", "backspace", "space"):
        plain = {*modifiers} <= {"alt"} or key == "shift+tab"
        return "" if plain else only_kitty
    if bare in _NAMED or re.fullmatch(r"f\d+", bare):
        return ""
    if "ctrl" in modifiers:
        without_alt = "+".join([*(one for one in modifiers if one != "alt"), bare])
        return "" if without_alt in _CONTROLS else only_kitty
    if "alt" in modifiers and len(bare) > 1:
        return only_kitty
    return ""


WHERE: dict[Context, str] = {
    "global": "everywhere",
    "composer": "in the prompt",
    "completion": "while there are proposals",
    "transcript": "in the transcript",
    "ask": "while a question waits",
}
"""The contexts, in words."""

_BEFORE: tuple[tuple[Context, Context], ...] = (
    ("completion", "composer"),
    ("completion", "global"),
    ("composer", "global"),
    ("transcript", "global"),
    ("ask", "global"),
)
"""Contexts that are heard at the same time, and which of the two first."""


class Conflict(Struct, frozen=True):
    """A key that more than one action is bound to: in this context the first gets it."""

    context: Context
    key: str
    actions: tuple[str, ...]

    @property
    def words(self) -> str:
        """For a person."""
        named = " and ".join(self.actions)
        return f"{self.key} is bound to {named}; {WHERE[self.context]} {self.actions[0]} gets it"


class Row(Struct, frozen=True):
    """An action as the help screen shows it."""

    action: Action
    keys: tuple[str, ...]
    remapped: bool
    notes: tuple[str, ...]
    """What is to be known of single keys, one line each."""


class KeyTable:
    """The keys in force."""

    def __init__(self, remapped: Mapping[str, Sequence[str]] | None = None) -> None:
        """The packaged keys, but for the actions that a person has bound; an action without keys
        is bound to none. What cannot be obeyed is said in `problems`, and the rest holds."""
        self.problems: tuple[str, ...] = ()
        self._own: dict[str, tuple[str, ...]] = {}
        for name, keys in (remapped or {}).items():
            if name not in _BY_NAME:
                self._complain(f"there is no action {name!r}; see /keys")
            elif RESERVED & {*_BY_NAME[name].keys}:
                self._complain(f"the keys of {name!r} are fixed")
            else:
                self._own[name] = tuple(self._understood(name, keys))
        self.conflicts = tuple(self._conflicts())
        self._actions: dict[tuple[Context, str], str] = {}
        for action in ACTIONS:
            for key in self.keys(action.name):
                self._actions.setdefault((action.context, key), action.name)

    def _complain(self, words: str) -> None:
        self.problems = (*self.problems, f"[tui.keys] {words}")

    def _understood(self, name: str, keys: Sequence[str]) -> list[str]:
        understood: list[str] = []
        for words in keys:
            try:
                key = key_name(words)
            except ValueError as error:
                self._complain(f"{name}: {error}")
                continue
            if key in RESERVED:
                self._complain(f"{name}: {key} is reserved")
            else:
                understood.append(key)
        return understood

    def _conflicts(self) -> Iterator[Conflict]:
        """Within a context, and between two that are heard at the same time. What is packaged there
        is meant so."""
        users: dict[tuple[Context, str], list[str]] = {}
        for action in ACTIONS:
            for key in self.keys(action.name):
                users.setdefault((action.context, key), []).append(action.name)
        for (context, key), names in users.items():
            if len(names) > 1:
                yield Conflict(context, key, tuple(names))
            for first, then in _BEFORE:
                others = users.get((then, key), []) if first == context else []
                if others and not self._is_packaged(key, names[0], others[0]):
                    yield Conflict(context, key, (names[0], others[0]))

    @staticmethod
    def _is_packaged(key: str, *names: str) -> bool:
        return all(key in _BY_NAME[name].keys for name in names)

    @property
    def wrong(self) -> str:
        """What is wrong first with what a person has bound, and how much else; or empty."""
        said = [*self.problems, *(f"[tui.keys] {one.words}" for one in self.conflicts)]
        more = f", and {len(said) - 1} more" if len(said) > 1 else ""
        return f"{said[0]}{more}" if said else ""

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of an action, the one to show first. An unknown action has none."""
        action = _BY_NAME.get(name)
        return self._own.get(name, action.keys if action else ())

    def shown(self, name: str) -> str:
        """The key of an action that is shown; empty if it has none."""
        return next(iter(self.keys(name)), "")

    def action(self, context: Context, key: str) -> str:
        """The action that a key starts in a context; empty if there is none."""
        return self._actions.get((context, key), "")

    def call(self, context: Context, key: str) -> str:
        """What Textual is told to run for a key in a context; empty if there is nothing."""
        name = self.action(context, key)
        return _BY_NAME[name].call if name else ""

    @property
    def keymap(self) -> dict[str, str]:
        """For Textual's `App.set_keymap`. Of actions with the same key only the first keeps it."""
        return {
            name: ",".join(key for key in keys if self.action(_BY_NAME[name].context, key) == name)
            or UNBOUND
            for name, keys in ((action.name, self.keys(action.name)) for action in ACTIONS)
        }

    @property
    def rows(self) -> list[Row]:
        """Everything, for the help screen."""
        rows: list[Row] = []
        for action in ACTIONS:
            keys = self.keys(action.name)
            notes = tuple(f"{key}: {why}" for key in keys if (why := hardly_sent(key)))
            rows.append(Row(action, keys, action.name in self._own, notes))
        return rows


def bindings(context: Context) -> list["Binding"]:
    """The packaged keys of a context, for the `BINDINGS` of what hears them. Their ids are the
    names of the actions, so that `KeyTable.keymap` can rebind them."""
    # Here, so that settings can be checked without Textual.
    from textual.binding import Binding

    return [
        Binding(",".join(action.keys), action.call, action.help, show=False, id=action.name)
        for action in ACTIONS
        if action.context == context
    ]

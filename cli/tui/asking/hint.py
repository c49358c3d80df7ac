"""The line below the answers: what else can be done than answer, and what just could not be."""

from typing import Final

from textual.content import Content
from textual.widgets import Static

from ..keys import KeyTable
from .pending import Pending
from .sheet import QuestionSheet

_EDITS: Final = ("edit", "write", "apply_patch")
_ELSE: Final = ("open", "down", "up", "edit", "why")
_HELD: Final = "too soon: keys count in a moment, press it again"


class AskHint(Static):
    """What keys do, after a complaint if there is one."""

    DEFAULT_CSS = "AskHint { color: $text-muted; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._keys = ""
        self._complaint = ""

    def show(self, keys: str) -> None:
        """Say what keys do from now on."""
        self._keys = keys
        self._paint()

    def complain(self, words: str) -> None:
        """Say what could not be done, until something else is said; nothing: all is well."""
        self._complaint = words
        self._paint()

    def hold(self, seconds: float) -> None:
        """A key came too soon: that is said for as long as it is so, unless something worse is."""
        self.complain(self._complaint or _HELD)
        self.set_timer(seconds, self._release)

    def _release(self) -> None:
        self.complain("" if self._complaint == _HELD else self._complaint)

    def _paint(self) -> None:
        told = Content.styled(self._complaint, "bold $text-warning")
        self.update(told.append(f" · {self._keys}") if self._complaint else Content(self._keys))


def sparing(pending: Pending, keys: KeyTable) -> str:
    """How not to be asked about edits, in words, where one alone is asked about."""
    asked = pending.open
    edits = asked is not None and asked.question.action.call.name in _EDITS
    alone = edits and len(pending.waiting) == 1 and pending.state.mode == "ask"
    return f"{keys.shown('ask-previous')}: auto, edits unasked" if alone else ""


def keys_in_words(sheet: QuestionSheet, pending: Pending, keys: KeyTable, *, why: bool) -> str:
    """What else can be done than answer."""
    shown = {name: next(iter(keys.keys(f"ask-{name}")), "") for name in _ELSE}
    if not sheet.is_cut:
        reach = ""
    elif sheet.is_open:
        reach = f"{shown['down']} {shown['up']} scroll"
    else:
        reach = f"{shown['open']} shows all of it"
    edit = f"{shown['edit']} edits the rule" if pending.rules else ""
    closes = "esc closes it" if why or sheet.is_open else ""
    parts = (reach, closes, edit, f"{shown['why']} why", sparing(pending, keys))
    return " · ".join(filter(None, parts))

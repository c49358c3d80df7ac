"""What was said and is not heard yet, above the prompt."""

from typing import Final

from textual.content import Content
from textual.widgets import Static

from ..questions import first_line
from .composer.draft_area import PLACEHOLDER
from .composer.sources import InputMode
from .desk.state import DeskState
from .keys import KeyTable

_MOST: Final = 3
"""Prompts that are shown; of the others only how many there are."""


_OTHERWISE: Final[dict[InputMode, str]] = {
    "shell": "runs in your shell; esc leaves",
    "note": "a note for later sessions; esc leaves",
}


def waiting_in_lines(state: DeskState, take_back: str) -> str:
    """A line for each prompt, the next one first; `take_back` is the key for the last, if
    there is one. Empty if nothing waits."""
    waiting = [(one, "sent after the current step") for one in state.steering]
    waiting += [(one, _until(state)) for one in state.queue]
    lines = [f"{until}: {first_line(one.words).strip() or 'a picture'}" for one, until in waiting]
    if not lines:
        return ""
    more = len(lines) - _MOST
    shown = [*lines[:_MOST], *([f"… and {more} more"] if more > 0 else ())]
    hint = [f"{take_back} edits the last one"] if take_back else []
    return "\n".join([*shown, *hint])


def _until(state: DeskState) -> str:
    """When a prompt is sent that waits for the turn to be over."""
    if not state.session:
        return "once a session is open"
    # After a turn that was stopped nothing goes on by itself.
    return "after this turn" if state.working or state.doing else "after your next prompt"


def invitation(
    state: DeskState, keys: KeyTable, *, asks: bool = False, mode: InputMode = "prompt"
) -> str:
    """What stands where nothing is written; `asks`: a question has the keys; `mode` is what would
    be written."""
    if mode != "prompt":
        return _OTHERWISE[mode]
    submit, later = keys.shown("submit"), keys.shown("complete")
    if state.questions:
        return _asked(keys, asks=asks)
    if submit and not (state.working or state.doing):
        if state.unfinished:
            return f"The last turn broke off: {submit} goes on with it; or say what to do instead"
        if state.queue and state.trouble and not state.session:
            return f"{submit} tries again to open a session, and sends what waits"
        if state.queue and state.session:
            return f"{submit} sends what waits; or say something else first"
    if submit and later and state.working:
        return f"Say more: {submit} after the current actions, {later} when the turn is over"
    return PLACEHOLDER


def _asked(keys: KeyTable, *, asks: bool) -> str:
    """What can be done while a question waits."""
    once, because = keys.shown("ask-once"), keys.shown("ask-no-because")
    to, submit = keys.shown("answer"), keys.shown("submit")
    if asks:
        writes = f", {to} to write" if to else ""
        return f"A question waits: {once}-{because} answer it{writes}"
    to = to or "a click"
    return f"A question waits: {to} to answer it; or say more: {submit} after the current actions"


class WaitingList(Static):
    """The prompts that wait. Not there while none does."""

    DEFAULT_CSS = """
    WaitingList { height: auto; padding: 0 1; color: $text-accent; display: none;
                  text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, take_back: str, *, id: str | None = None) -> None:
        """`take_back` is the key that gives the last one back."""
        super().__init__(id=id, markup=False)
        self._take_back = take_back
        self._words = ""

    def show(self, state: DeskState) -> None:
        """Show those of this state."""
        words = waiting_in_lines(state, self._take_back)
        if words != self._words:
            self._words = words
            self.display = bool(words)
            self.update(Content(words))

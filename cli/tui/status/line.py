"""The line that says how things stand, and the one that says what is being done."""

import time
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct, structs
from rich.cells import cell_len
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from ...counts import percent
from ...money import dollars
from ...terminal import harmless
from ..desk.state import DeskState
from ..running import running_app

_JOINT: Final = " · "
_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME_SECONDS: Final = 0.2
_ALMOST_FULL: Final = 80
"""Percent of the context from which on it is a warning."""
_MODES: Final = {
    "plan": "$text-accent",
    "ask": "$text-success",
    "auto": "$text-warning",
    "full": "bold $text-error",
}

Side = Literal["left", "right"]


class Piece(Struct, frozen=True):
    """One statement of the status line."""

    words: str
    rank: int
    """Where there is no room the highest goes first."""
    style: str = ""
    side: Side = "left"


def pieces(state: DeskState) -> list[Piece]:
    """All that there is to say, in order."""
    said = [
        _mode(state),
        Piece(f"{state.model.rpartition('/')[2]} {state.effort}".strip(), 2),
        _sandbox(state),
        Piece(f"{state.branch}{'*' if state.dirty else ''}", 6),
        Piece(_counted(len(state.queue) + len(state.steering), "waiting"), 3, "$text-accent"),
        Piece(_counted(sum(task.running for task in state.tasks), "running"), 4, "$text-accent"),
        Piece(_open(state), 1, "bold $text-warning"),
        _context(state),
        Piece(_cost(state), 5, side="right"),
        Piece(state.name, 8, side="right"),
        Piece(state.config_version[:7] and f"config {state.config_version[:7]}", 9, side="right"),
    ]
    return [piece for piece in said if piece.words]


def _mode(state: DeskState) -> Piece:
    return Piece(state.mode, 0, _MODES[state.mode])


def _sandbox(state: DeskState) -> Piece:
    """The level that was attested, without how."""
    level = state.sandbox.partition(" (")[0]
    if level in ("off", "none"):
        return Piece(f"sandbox {level}", 0, "bold $text-error")
    return Piece(level, 7)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count else ""


def _open(state: DeskState) -> str:
    """The breakers that are open."""
    names = state.open_breakers
    return f"{names[0]} is off" if len(names) == 1 else _counted(len(names), "breakers open")


def _context(state: DeskState) -> Piece:
    if not state.context_window:
        known = f"{state.context_tokens / 1000:.0f}k tokens" if state.context_tokens else ""
        return Piece(known, 3, side="right")
    is_full = state.context_tokens * 100 >= state.context_window * _ALMOST_FULL
    words = f"context {percent(state.context_tokens, state.context_window)}"
    return Piece(words, 1 if is_full else 2, "bold $text-warning" if is_full else "", "right")


def _cost(state: DeskState) -> str:
    if state.cost_usd == 0:
        return ""
    return dollars(state.cost_usd, estimated=state.cost_estimated, digits=2, unknown="$?")


def fit(said: list[Piece], width: int) -> list[Piece]:
    """What of it fits into so many columns, the least important left out."""
    kept = list(said)
    while kept and _width(kept) > width:
        least = max(kept, key=lambda piece: piece.rank)
        kept.remove(least)
    return kept


def _width(said: list[Piece]) -> int:
    return sum(cell_len(harmless(piece.words)) for piece in said) + len(_JOINT) * (len(said) - 1)


def laid_out(said: list[Piece], width: int) -> Content:
    """The line, its right side at the right."""
    left, right = (
        Content(_JOINT)
        .stylize("$text-muted")
        .join(
            Content.styled(harmless(piece.words), piece.style or "$text-muted")
            for piece in said
            if piece.side == side
        )
        for side in ("left", "right")
    )
    gap = max(1, width - left.cell_length - right.cell_length)
    return left + " " * gap + right if right.plain else left


def owned(own: str, state: DeskState, width: int) -> Content:
    """A person's own line, with what may happen without asking at its end in any case."""
    may = [structs.replace(one, side="right") for one in (_mode(state), _sandbox(state))]
    said = fit([one for one in may if one.words], width // 2)
    room = width - _width(said) - 1
    return laid_out(
        [Piece(Content(harmless(own)).truncate(room, ellipsis=True).plain, 0), *said], width
    )


class StatusLine(Static):
    """How things stand, in one line that always fits."""

    DEFAULT_CSS = "StatusLine { height: 1; padding: 0 1; color: $text-muted; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._state = DeskState()
        self._own = ""

    def show(self, state: DeskState) -> None:
        """Say this state."""
        if state != self._state:
            self._state = state
            self._draw()

    def replace(self, words: str) -> None:
        """Show a person's own line instead; empty: the state again."""
        if words != self._own:
            self._own = words
            self._draw()

    def on_resize(self) -> None:
        """Another width holds more or less."""
        self._draw()

    def _draw(self) -> None:
        width = self.content_size.width
        if self._own:
            self.update(owned(self._own, self._state, width), layout=False)
        elif width:
            self.update(laid_out(fit(pieces(self._state), width), width), layout=False)


class WorkLine(Static):
    """What is being done, for how long, and how to stop it. Not there at rest."""

    DEFAULT_CSS = """
    WorkLine { height: 1; padding: 0 1; color: $text-muted; display: none;
               text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(
        self,
        interrupt: str = "esc",
        background: str = "ctrl+b",
        *,
        clock: Callable[[], float] = time.monotonic,
        moving: bool = True,
        id: str | None = None,
    ) -> None:
        """`interrupt` and `background` are keys; `moving`: whether something may turn round."""
        super().__init__(id=id, markup=False)
        self._interrupt = interrupt
        self._background = background
        self._clock = clock
        self._moving = moving
        self._state = DeskState()
        self._frame = 0
        self._drawn = ("", "")
        self._timer: Timer | None = None

    def show(self, state: DeskState) -> None:
        """Say what this state says is being done."""
        self._state = state
        works = state.working or bool(state.doing)
        self.display = works
        if works and self._timer is None:
            self._timer = self.set_interval(_FRAME_SECONDS, self._turn)
        elif not works and self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._draw()

    def _turn(self) -> None:
        self._frame = (self._frame + 1) % len(_FRAMES)
        self._draw()

    def _draw(self) -> None:
        if self.display:
            moving = self._moving and running_app().animation_level != "none"
            frame = _FRAMES[self._frame] if moving else "*"
            words = work_in_words(self._state, self._clock(), self._interrupt, self._background)
            if self._drawn != (frame, words):
                self._drawn = frame, words
                line = Content.assemble((frame, "$text-accent"), " ", words)
                self.update(line, layout=False)


def work_in_words(state: DeskState, now: float, interrupt: str, background: str = "ctrl+b") -> str:
    """What is being done, for how long, and the keys to stop it or not to wait for it."""
    doing = state.doing
    if not doing and state.questions:
        doing = "waiting for your answer"
    running: list[str] = []
    if not doing:
        running = [task.command for task in state.tasks if task.running and not task.id]
        doing = "running" if running else "working"
    seconds = f" {elapsed(now - state.since)}" if state.since else ""
    stops = f"{interrupt} interrupts" if state.working or state.runs_own else ""
    # Last, because it may be long.
    leaves = (
        (f"{background} to the background" if background else "", running[0].splitlines()[0])
        if running
        else ()
    )
    return harmless(_JOINT.join(filter(None, (f"{doing}{seconds}", stops, *leaves))))


def elapsed(seconds: float) -> str:
    """A duration as a clock that runs: `7s`, `2m 05s`, `1h 02m`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole // 60 % 60:02d}m"

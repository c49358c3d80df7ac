"""The questions that wait, which of them is open, and what a person made of them."""

from ..desk.state import Asked, DeskState


class Pending:
    """Questions in the order in which they came; at most one of them is open."""

    def __init__(self) -> None:
        self.state = DeskState()
        self.open: Asked | None = None
        self.waiting: tuple[Asked, ...] = ()
        """Those that nobody has answered here."""
        self._answered: set[int] = set()
        self._edited: dict[int, tuple[str, ...]] = {}

    def hear(self, state: DeskState) -> bool:
        """Take this state in; whether the open question still waits."""
        known = {asked.id for asked in state.questions}
        self._answered &= known
        self._edited = {id: rules for id, rules in self._edited.items() if id in known}
        self.state = state
        self.waiting = tuple(one for one in state.questions if one.id not in self._answered)
        return any(one == self.open for one in self.waiting)

    @property
    def first(self) -> Asked | None:
        """The one that came first."""
        return self.waiting[0] if self.waiting else None

    @property
    def others(self) -> tuple[Asked, ...]:
        """Those that are not open."""
        return tuple(one for one in self.waiting if one is not self.open)

    @property
    def are_several(self) -> bool:
        """Whether there is more to say no to than the open one."""
        return self.count > 1

    @property
    def count(self) -> int:
        """Of those that wait and what may be asked after them, all in all."""
        return len(self.waiting) + len(self.state.to_come)

    @property
    def rules(self) -> tuple[str, ...]:
        """What "always" would store, as the person wants it."""
        return (
            () if self.open is None else self._edited.get(self.open.id, self.open.question.offers)
        )

    def edit(self, rules: tuple[str, ...]) -> None:
        """Let the open question store these instead."""
        if self.open is not None:
            self._edited[self.open.id] = rules

    def turn(self, by: int) -> Asked | None:
        """Another one that waits, so many places on; None if there is none."""
        if self.open is None or len(self.waiting) < 2:
            return None
        return self.waiting[(self.place + by) % len(self.waiting)]

    @property
    def place(self) -> int:
        """Of the open one, from 0."""
        return self.waiting.index(self.open) if self.open in self.waiting else 0

    def answered(self, *asked: Asked) -> None:
        """These were answered; the desk may not know yet."""
        self._answered |= {one.id for one in asked}

"""Questions that wait in a list for whoever sits at the desk."""

import asyncio
import time
from collections.abc import Callable

from ....agent.ports import Approval, No, Question
from .state import Asked


class DeskApprover:
    """See `Approver`: any number of questions wait at once and are answered in any order.

    A question is withdrawn when whoever asked stops waiting. Belongs to one event loop.
    """

    def __init__(
        self, changed: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`changed` is called whenever the list is another."""
        self._changed = changed
        self._clock = clock
        self._open: dict[int, tuple[Asked, asyncio.Future[Approval]]] = {}
        self._last = 0
        self._refuses: Callable[[str], bool] = lambda call: False
        self._refusal = Approval(No(), "person")

    @property
    def waiting(self) -> tuple[Asked, ...]:
        """What is still open, oldest first."""
        return tuple(asked for asked, answer in self._open.values() if not answer.done())

    async def decide(self, question: Question) -> Approval:
        """See `Approver.decide`."""
        if self._refuses(question.action.call.id):
            return self._refusal
        self._last += 1
        id = self._last
        answer: asyncio.Future[Approval] = asyncio.get_running_loop().create_future()
        self._open[id] = Asked(id, question, ("main",), self._clock()), answer
        self._changed()
        try:
            return await answer
        finally:
            self._open.pop(id, None)
            self._changed()

    def answer(self, id: int, approval: Approval) -> bool:
        """Answer a question; whether it was still open. The first answer counts."""
        _, answer = self._open.get(id, (None, None))
        if answer is None or answer.done():
            return False
        answer.set_result(approval)
        self._changed()
        return True

    def refuse(self, refusal: No, also: Callable[[str], bool]) -> None:
        """Answer all that is open with a no, and whatever is asked later of calls with such ids."""
        self._refuses, self._refusal = also, Approval(refusal, "person")
        for id in list(self._open):
            self.answer(id, self._refusal)

"""Model calls beside the conversation: for a reviewer, a summary, a title.

They are announced, booked, counted and recorded as those of the agent itself, under a path of
their own, so that they are no part of what the agent's model sees.
"""

import asyncio
from contextlib import aclosing

from .budget import Ledger
from .bus import Bus
from .context import ModelUse
from .errors import BudgetError, ProviderError
from .events import Body, MessageAdded, ModelRequest, Purpose
from .messages import Message
from .metering import Meter
from .ports import Provider, Request
from .reply import Reply
from .transcript import CHARACTERS_PER_TOKEN
from .view import characters


class Aside:
    """A model that is asked for one purpose."""

    def __init__(
        self,
        provider: Provider,
        use: ModelUse,
        purpose: Purpose,
        *,
        ledger: Ledger,
        bus: Bus,
        path: tuple[str, ...],
    ) -> None:
        self._provider = provider
        self._use = use
        self._purpose: Purpose = purpose
        self._ledger = ledger
        self._bus = bus
        self._path = path

    async def ask(self, request: Request) -> Message:
        """The model's answer, whole.

        Raises:
            ProviderError: it failed, or was left unfinished.
            BudgetError: a limit leaves no room for the call.
            StoreError: the log has ended, or what was spent cannot be kept.
        """
        return Message("assistant", (await self.answered(request)).parts)

    async def answered(self, request: Request) -> MessageAdded:
        """As `ask`, with how the answer ended."""
        size = len(request.system) + sum(map(characters, request.messages))
        tokens = round(size / CHARACTERS_PER_TOKEN)
        with self._ledger.reserve(self._use, tokens) as refused:
            if refused is not None:
                raise BudgetError(
                    f"no room is left for this model call within the {refused.scope}'s limit of "
                    f"{refused.name} ({refused.limit:g})"
                )
            name = self._provider.name
            self._bus.announce(ModelRequest(self._purpose, name, tokens), self._path)
            return await self._answer(request, tokens)

    async def _answer(self, request: Request, tokens: int) -> MessageAdded:
        reply = Reply(self._provider.name, self._use, Meter(tokens), self._emit)
        try:
            async with aclosing(self._provider.stream(request)) as deltas:
                async for delta in deltas:
                    reply.add(delta)
            return reply.complete()
        except (asyncio.CancelledError, ProviderError):
            reply.break_off()
            raise

    def _emit(self, body: Body) -> None:
        self._bus.emit(body, self._path)

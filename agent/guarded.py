"""A provider behind its circuit breaker: while that is open, calls fail at once.

It stands outside of what repeats failed attempts, so that one call is one voice.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from .breaker import Breaker
from .counting import counted
from .deltas import Delta, Finished
from .errors import ProviderError
from .ports import Provider, Request


class Guarded:
    """Wraps a provider; passes its deltas on unchanged."""

    def __init__(self, provider: Provider, breaker: Breaker) -> None:
        self._provider = provider
        self._breaker = breaker

    @property
    def name(self) -> str:
        """That of the wrapped provider."""
        return self._provider.name

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request; see `Provider.stream`.

        Only trouble upstream that may pass by itself counts as a failure: a wrong key or a request
        that does not fit says nothing about the next one.

        Raises:
            ProviderError: the wrapped provider's; or `paused`, it was not asked.
        """
        if not self._breaker.allows():
            raise ProviderError(
                "paused",
                f"{self.name} is left alone for now: {self._breaker.paused}",
                retryable=True,
            )
        said = False
        try:
            async with aclosing(self._provider.stream(request)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, Finished):
                        said = True
                        self._breaker.succeeded()
                    yield delta
        except ProviderError as error:
            if error.retryable and not said:
                said = True
                self._breaker.failed(str(error))
            raise
        finally:
            if not said:
                self._breaker.withdrawn()

    async def count(self, request: Request) -> int | None:
        """See `Counts.count`; says nothing about the health of the provider."""
        return await counted(self._provider, request)

    async def close(self) -> None:
        """Release the wrapped provider's connections."""
        await self._provider.close()


if TYPE_CHECKING:
    _: type[Provider] = Guarded

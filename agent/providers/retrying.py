"""A provider that repeats what failed, where repeating can help and is safe.

It is safe at any point before `Finished`: until then an answer is only words, and no tool has
run. `Restarted` tells the reader that those words are void.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from ...config.settings import RetrySettings
from ..counting import counted
from ..deltas import Delta, Finished, Restarted
from ..errors import ProviderError
from ..ports import Provider, Request

_JITTER = 0.25
"""The part of a wait of our own choosing that is left to chance: clients that failed together do
not come back together."""
_EMPTY_ATTEMPTS = 2
"""A model that twice has nothing to say will not have more to say the third time."""


class Retrying:
    """Wraps a provider; passes its deltas on unchanged."""

    def __init__(
        self,
        provider: Provider,
        settings: RetrySettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._provider = provider
        self._settings = settings
        self._sleep = sleep
        self._chance = chance

    @property
    def name(self) -> str:
        """That of the wrapped provider."""
        return self._provider.name

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request; see `Provider.stream`.

        Raises:
            ProviderError: the last attempt's; its text says how many there were.
        """
        attempt = 1
        empty = 0
        while True:
            failure: ProviderError
            try:
                async with aclosing(self._provider.stream(request)) as deltas:
                    async for delta in deltas:
                        yield delta
                        if isinstance(delta, Finished):
                            return
                return
            except ProviderError as error:
                failure = error
            empty += failure.kind == "empty"
            self._give_up_if_hopeless(failure, attempt, empty)
            wait = self._wait(failure, attempt)
            attempt += 1
            yield Restarted(attempt, wait, str(failure))
            await self._sleep(wait)

    async def count(self, request: Request) -> int | None:
        """See `Counts.count`; asked once."""
        return await counted(self._provider, request)

    async def close(self) -> None:
        """Release the wrapped provider's connections."""
        await self._provider.close()

    def _give_up_if_hopeless(self, failure: ProviderError, attempt: int, empty: int) -> None:
        """Raises the failure, its text completed, if there is to be no further attempt."""
        longest = self._settings.retry_after_max_seconds
        if not failure.retryable:
            reason = ""
        elif failure.retry_after is not None and failure.retry_after > longest:
            reason = (
                f"the provider asks to wait {failure.retry_after:.0f} s, "
                f"more than retry.retry_after_max_seconds = {longest:g} allows"
            )
        elif attempt >= self._settings.attempts or empty >= _EMPTY_ATTEMPTS:
            reason = "giving up"
        else:
            return
        tried = f"after {attempt} attempts" if attempt > 1 else ""
        ending = " ".join(part for part in (reason, tried) if part)
        if ending:
            failure.args = (f"{failure}; {ending}",)
        raise failure

    def _wait(self, failure: ProviderError, attempt: int) -> float:
        """Seconds before the next attempt: the provider's wish, or doubling with jitter."""
        if failure.retry_after is not None:
            return failure.retry_after
        doubled = self._settings.base_seconds * 2.0 ** min(attempt - 1, 30)
        return min(doubled, self._settings.max_seconds) * (1 - _JITTER * self._chance())


if TYPE_CHECKING:
    _: type[Provider] = Retrying

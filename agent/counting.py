"""The seam to providers that can say how long a request is without answering it."""

from typing import Protocol, runtime_checkable

from .ports import Provider, Request


@runtime_checkable
class Counts(Protocol):
    """A provider that may know."""

    async def count(self, request: Request) -> int | None:
        """Input tokens of a request; None if that cannot be had, or not soon. Costs nothing."""
        ...


async def counted(provider: Provider, request: Request) -> int | None:
    """As `Counts.count`, of any provider."""
    return await provider.count(request) if isinstance(provider, Counts) else None

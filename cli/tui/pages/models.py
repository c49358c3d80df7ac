"""Models that could answer, for who has none."""

from typing import Final

from msgspec import Struct

from ....config.settings import Effort


class Answering(Struct, frozen=True):
    """Who is to answer from here on."""

    model: str
    """`provider/model`; empty: who does now."""
    effort: Effort | None = None
    """How hard they think; None: as it is."""
    lasts: bool = True
    """Whether that holds for later starts, too."""


class Offer(Struct, frozen=True):
    """A model that could answer."""

    model: str
    """`provider/model`; without a model, one of those that its server will offer; empty: of a
    server that is still to be named."""
    variable: str = ""
    """Where its key would be found; empty if it needs none."""
    title: str = ""
    page: str = ""
    """Where a key is to be had."""

    @property
    def silent(self) -> bool:
        """Whether its server does not answer so far."""
        return self.model.endswith("/")


ANY_SERVER: Final = Offer("", title="Another server, by its URL")
"""One that speaks OpenAI's Chat Completions."""

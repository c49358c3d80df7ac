"""Composes the reviewer model: another model, asked at the expense of the session it reviews."""

from msgspec import structs

from ..agent.aside import Aside
from ..agent.errors import ProviderError
from ..agent.messages import Message
from ..agent.ports import Request
from ..agent.reviewers.excerpt import Excerpt
from ..agent.reviewers.model import ModelReviewer
from ..agent.session import Session
from ..config.prompts import prompt
from ..config.reviewer import effective_rules
from ..config.settings import Settings
from .models import model_of
from .surroundings import Surroundings


class ReviewingModel:
    """A model that reviews one session."""

    def __init__(self, settings: Settings, where: Surroundings, session: str) -> None:
        """Connect.

        Raises:
            KedgeError: the model cannot be used, or has no known price where money is limited.
        """
        wanted = settings.reviewer
        named = structs.replace(settings.model, name=wanted.model)
        own = structs.replace(settings, model=named)
        self._model = model_of(own, where)
        self._use = self._model.use(own)
        self._aside: Aside | None = None
        self.excerpt = Excerpt()
        """To be shown every event of the session."""
        self.reviewer = ModelReviewer(
            wanted,
            prompt("reviewer", where.home.config_dir).text,
            effective_rules(wanted),
            self._ask,
            self.excerpt,
            session,
        )

    def attach(self, session: Session) -> None:
        """Say whose expense it is."""
        self._aside = session.aside(self._model.provider, self._use, "reviewer")

    async def _ask(self, request: Request) -> Message:
        if self._aside is None:
            raise ProviderError("paused", "the reviewer model belongs to no session")
        return await self._aside.ask(request)

    async def close(self) -> None:
        """Release its connections."""
        await self._model.provider.close()

"""What one does with sessions that are kept, from the list of them."""

import asyncio
from typing import TYPE_CHECKING

from ....config.errors import UsageError
from ...catalogue import Catalogue
from ...commands.sessions import rename
from ...commands.sessions_delete import forget_outputs
from ..screens.line import LineScreen
from ..screens.waiting import answered

if TYPE_CHECKING:
    from ..seated import Seated


class SessionKeeping:
    """Names and deletes sessions for a person who looks at the list."""

    def __init__(self, app: "Seated", catalogue: Catalogue) -> None:
        self._app = app
        self._catalogue = catalogue

    async def rename(self, id: str) -> str:
        """Ask for a name, and give it."""
        names = await asyncio.to_thread(self._catalogue.names)
        about = "Empty takes the name away."
        name = await answered(self._app, LineScreen("a name", names.get(id, ""), about=about))
        if name is None:
            return ""
        if id == self._app.desk.state.session:
            self._app.desk.seat.rename(name)
        else:
            await asyncio.to_thread(rename, self._catalogue, id, name)
        return f"called {name!r}" if name else "it has no name any more"

    async def delete(self, id: str) -> str:
        """Delete it for good; the person has been asked."""
        if id == self._app.desk.state.session:
            raise UsageError("that is the session you are in")

        def away() -> None:
            rows = {row.id: row for row in self._catalogue.summaries()}
            try:
                self._catalogue.store.delete(id)
            except OSError as error:
                raise UsageError(f"it was not deleted: {error.strerror}") from error
            forget_outputs(self._catalogue, self._app.where.home.state_dir, rows, [id])

        await asyncio.to_thread(away)
        return f"deleted: {id}"

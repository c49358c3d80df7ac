"""The `recall` tool: what was said in past sessions of this project."""

from typing import Annotated

from msgspec import Meta

from ..errors import StoreError, ToolError
from ..recollection import Recall
from .function import FunctionTool, read_only


class Recaller:
    """Searches past sessions."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    async def recall(self, query: str, limit: Annotated[int, Meta(ge=1, le=20)] = 5) -> str:
        """Search past sessions of this project for words."""
        try:
            found = self._recall.search(query, limit)
        except StoreError as error:
            raise ToolError("other", f"past sessions cannot be searched: {error}") from error
        if not found:
            return "Nothing was found. Try other words."
        return "\n\n".join(
            f"{one.session}, {one.when[:10]}, {one.speaker}:\n{one.text}" for one in found
        )

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.recall, effects=read_only)

"""Notes to memory that a person makes themselves."""

from pathlib import Path
from typing import Literal

from msgspec import structs

from ....agent.errors import ToolError
from ....agent.memory.repository import find_repository
from ....config.errors import UsageError
from ....config.layers import Loaded
from ...knowledge import notes_of
from ...surroundings import Surroundings

Scope = Literal["project", "user"]


async def noted(text: str, scope: Scope, where: Surroundings, cwd: Path, loaded: Loaded) -> str:
    """Keep a note for later sessions; where, in words, and what it says.

    Raises:
        UsageError: it cannot be kept.
    """
    here = structs.replace(where, cwd=cwd)
    notes = notes_of(loaded, here, find_repository(cwd))
    try:
        return f"{await notes.remember(text, scope)}\n- {text}"
    except ToolError as error:
        raise UsageError(str(error)) from error

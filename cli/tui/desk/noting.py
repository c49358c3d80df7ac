"""Notes to memory that a person makes themselves."""

from pathlib import Path
from typing import Literal

from msgspec import structs

from ....agent.errors import ToolError
from ....agent.memory.instructions import NOTES
from ....agent.memory.repository import find_repository
from ....agent.tools.notes import Notes
from ....config.errors import UsageError
from ...knowledge import root_of
from ...surroundings import Surroundings

Scope = Literal["project", "user"]


async def noted(text: str, scope: Scope, where: Surroundings, cwd: Path) -> str:
    """Keep a note for later sessions; where, in words, and what it says.

    Raises:
        UsageError: it cannot be kept.
    """
    here = structs.replace(where, cwd=cwd)
    root = root_of(here, find_repository(cwd))
    notes = Notes({"project": root / ".kedge" / NOTES, "user": where.home.config_dir / NOTES})
    try:
        return f"{await notes.remember(text, scope)}\n- {text}"
    except ToolError as error:
        raise UsageError(str(error)) from error

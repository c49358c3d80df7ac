"""Searching without ripgrep, with the program `grep_python`."""

import sys
from typing import TYPE_CHECKING

import msgspec

from .file_types import unknown_type
from .searcher import Query

if TYPE_CHECKING:
    from .grep_python import Asked
    from .searcher import Engine


class PythonSearch:
    """The engine that is always there."""

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        """As `Engine.command`."""
        if query.type_name:
            raise unknown_type(query.type_name)
        asked: Asked = {
            "pattern": query.pattern,
            "file": query.place.name if query.is_file else "",
            "mode": query.mode,
            "context": query.context,
            "ignore_case": query.ignore_case,
            "multiline": query.multiline,
            "names": query.names,
            "widest_line": query.widest_line,
            "ordered": ordered,
        }
        program = f"{__package__}.grep_python"
        # -P: the workspace must not give Python its modules.
        return (sys.executable, "-P", "-m", program, msgspec.json.encode(asked).decode())


if TYPE_CHECKING:
    _engine: type[Engine] = PythonSearch

"""What Tab proposes: commands at the beginning of a line, files behind an @."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ....config.errors import KedgeError
from ...surroundings import Surroundings
from ..composer.files import FileIndex
from ..composer.mentions import written

_COMMAND = re.compile(r"/[\w:.-]*")
_MOST = 50


class Completing:
    """For the main thread: nothing else waits for it there."""

    def __init__(self, where: Surroundings) -> None:
        self._env = where.env
        self._index = FileIndex(where.cwd, env=where.env)
        self.commands: Sequence[str] = ()
        """Names of commands."""

    def move(self, root: Path, hides: Callable[[Path], bool]) -> None:
        """Propose the files of this directory from here on. For any thread."""
        self._index = FileIndex(root, env=self._env, hides=hides)

    def words(self, line: str) -> Sequence[str]:
        """How the last word of a line could go on."""
        if _COMMAND.fullmatch(line):
            return [f"/{name} " for name in self.commands if name.startswith(line[1:])]
        word = line.rpartition(" ")[2]
        if not word.startswith("@"):
            return ()
        import asyncio

        index = self._index  # may be another one soon
        try:
            asyncio.run(index.refresh())
        except (KedgeError, OSError):
            return ()
        paths = list(index.match(word[1:]))[:_MOST]
        # What is completed has to begin as it was typed.
        fitting = [path for path in paths if path.startswith(word[1:])]
        return [written(path) + ("" if path.endswith("/") else " ") for path in fitting or paths]

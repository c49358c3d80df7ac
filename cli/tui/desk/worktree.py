"""What git says of the directory of a session: the branch, and whether something is changed."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from ....agent.commands.gitconfig import repository as configured
from ....agent.memory.gitlook import is_changed
from ..tasks import Tasks
from .opening import branch_of


class Worktree:
    """Looked at beside everything else, one look at a time; where that takes long, not at changes.

    Belongs to one event loop.
    """

    def __init__(
        self,
        cwd: Path,
        env: Mapping[str, str],
        branch: str,
        changed: Callable[[], None],
        tasks: Tasks,
    ) -> None:
        """`branch` is the one that is known already; `changed` is called when something is
        another. Looks are `tasks`."""
        self.branch = branch
        """Of git, or the beginning of a commit; empty outside a repository."""
        self.dirty = False
        """Whether a file that git knows is changed; False, too, if that is not known."""
        self._cwd = cwd
        self._env = env
        self._changed = changed
        self._tasks = tasks
        self._asks = bool(branch)
        self._stale = False
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look again, after the look that is under way."""
        self._stale = True
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.begin(self._look_on())

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look_on(self) -> None:
        while self._stale:
            self._stale = False
            await self._look()

    async def _look(self) -> None:
        before = self.branch, self.dirty
        self.branch = await asyncio.to_thread(branch_of, self._cwd)
        dirty = await asyncio.to_thread(self._is_dirty) if self._asks else None
        self._asks = dirty is not None
        self.dirty = bool(dirty)
        if (self.branch, self.dirty) != before:
            self._changed()

    def _is_dirty(self) -> bool | None:
        found = configured(str(self._cwd))
        # A repository can make git run programs by its own configuration: then it is not asked.
        if not found.git_dir or found.problem:
            return None
        return is_changed(self._cwd, self._env)

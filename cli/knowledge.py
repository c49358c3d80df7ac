"""What a session knows beforehand, and keeps for the next: its surroundings, the instruction files,
notes and past sessions. Puts the parts of `agent/memory` together; decides nothing."""

import os
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from ..agent.commands.gitconfig import repository as configured
from ..agent.compactor import Rewriting
from ..agent.effects import Effect
from ..agent.events import ActionEnded, ActionProposed, Event, SessionStarted
from ..agent.memory.environment import describe
from ..agent.memory.gitlook import GitLook
from ..agent.memory.instructions import NOTES, Instructions, Scope
from ..agent.memory.repository import Repository
from ..agent.ports import Action, Tool
from ..config.following import follows
from ..config.layers import Loaded
from ..config.prompts import prompt, tool_text
from .catalogue import Catalogue, PastSessions, around
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..agent.tools.notes import Notes


class Knowledge:
    """What one session knows beforehand."""

    def __init__(
        self,
        loaded: Loaded,
        where: Surroundings,
        repository: Repository | None,
        hides: Callable[[Path], bool],
        redact: Callable[[str], str] = str,
    ) -> None:
        """Begins to look; `hides` says what is neither named nor read, and `redact` takes secrets
        out of what is: the log will not have them, and a resumed session begins as the log does."""
        self._loaded = loaded
        self._where = where
        self._repository = repository
        self._hides = hides
        self._redact = redact
        self._look = _look(where, repository)
        self._instructions = instructions_of(loaded, where, repository, hides)
        merged = self._instructions.merged()
        self.instructions = redact(merged.text)
        """What the session begins with."""
        self.notices = merged.notices
        """What a person should know of them."""
        self._environment = ""
        self._proposed: dict[str, list[str]] = {}
        """The paths that actions under way touch, by their ids."""
        self._been: list[str] = []

    @property
    def environment(self) -> str:
        """The surroundings in words, looked at once."""
        if not self._environment:
            looked = self._look.result(self._hides) if self._look else None
            date = time.strftime("%Y-%m-%d")
            words = describe(self._where.cwd, self._repository, date, self._hides, looked)
            self._environment = self._redact(words)
        return self._environment

    def introduce(self, started: SessionStarted) -> SessionStarted:
        """The start of a session with what it knows."""
        return structs.replace(
            started, environment=self.environment, instructions=self.instructions
        )

    def nearby(self, action: Action) -> str:
        """See `Nearby`: instruction files of directories that no action was in before."""
        self._catch_up()
        return self._redact(self._instructions.nearby(_touched(action.effects)))

    def hear(self, event: Event) -> None:
        """See an event, those of the log first: where tools were before this process, the model
        was given the instruction files, and is after a compaction."""
        match event.body:
            case ActionProposed(id=id, effects=effects):
                self._proposed[id] = _touched(effects)
            case ActionEnded(id=id, status=status):
                been = self._proposed.pop(id, [])
                self._been += been if status == "ok" else []
            case _:
                pass

    def _catch_up(self) -> None:
        self._instructions.nearby(list(dict.fromkeys(self._been)))
        self._been.clear()

    @property
    def rewriting(self) -> Rewriting:
        """What a compaction needs."""
        config_dir = self._where.home.config_dir

        def surroundings() -> str:
            self._catch_up()
            parts = (self.environment, self._redact(self._instructions.merged().text))
            return "\n\n".join(part for part in parts if part)

        context = self._loaded.settings.context
        return Rewriting(lambda: prompt("compaction", config_dir).text, surroundings, context)

    def tools(self, session: str) -> tuple[Tool, ...]:
        """`remember`, `forget` and `recall`, as far as they are not disabled."""
        from ..agent.tools.recall import Recaller

        home, settings = self._where.home, self._loaded.settings.tools
        notes = notes_of(self._loaded, self._where, self._repository)
        past = PastSessions(Catalogue(self._where), around(self._where), session)
        recall = Recaller(past)
        return tuple(
            tool.described(tool_text(tool.name, home.config_dir, settings.texts).text)
            for tool in (*notes.tools(), recall.tool())
            if tool.name not in settings.disabled
        )


def _touched(effects: Sequence[Effect]) -> list[str]:
    return [effect.target for effect in effects if effect.kind in ("read", "write", "delete")]


def root_of(where: Surroundings, repository: Repository | None) -> Path:
    """The project's directory: the repository's, or else where one works."""
    return (repository.root if repository else where.cwd).resolve()


def instructions_of(
    loaded: Loaded,
    where: Surroundings,
    repository: Repository | None,
    hides: Callable[[Path], bool],
) -> Instructions:
    """The instruction files that count here.

    Raises:
        ConfigError: the list of trusted folders is damaged.
    """
    root = root_of(where, repository)
    trusted = follows(loaded.brought, root, where.home.data_dir)
    scope = Scope(where.home.config_dir, root, where.cwd, trusted, _own_notes(where, root))
    return Instructions(scope, hides)


def notes_of(loaded: Loaded, where: Surroundings, repository: Repository | None) -> "Notes":
    """Where notes are kept that later sessions here begin with: those on a project in it if it is
    trusted, else with the person's own things, so that nothing of the project's is taken for
    theirs.

    Raises:
        ConfigError: the list of trusted folders is damaged.
    """
    from ..agent.tools.notes import Notes

    root, own = root_of(where, repository), where.home.config_dir / NOTES
    kept = _own_notes(where, root) / NOTES
    trusted = follows(loaded.brought, root, where.home.data_dir)
    places = (root / ".kedge" / NOTES, kept) if trusted else (kept,)
    return Notes({"project": places, "user": (own,)})


def _own_notes(where: Surroundings, root: Path) -> Path:
    name = blake2b(os.fsencode(root), digest_size=6).hexdigest()
    return where.home.data_dir / "notes" / f"{root.name}-{name}"


def _look(where: Surroundings, repository: Repository | None) -> GitLook | None:
    """Git at work, unless the repository's own configuration would make it run something."""
    if repository is None:
        return None
    found = configured(str(where.cwd))
    if not found.git_dir or found.problem:
        return None
    return GitLook(where.cwd, repository.root, Path(found.git_dir), where.env)

"""Asks before what matters, once a result of the turn has tried to give the model instructions."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ..effects import Effect
from ..ports import Action, Ask, Verdict
from .territory import Territory

_OBEYED = re.compile(
    r"(?:^|/)(?:"
    r"\.[^/]+|AGENTS\.md|CLAUDE\.md|GEMINI\.md|"  # dot files, and what agents obey
    r"(?:GNU)?[Mm]akefile|[Jj]ustfile|Rakefile|Gemfile|Dockerfile[^/]*|Jenkinsfile|Procfile|"
    r"(?:docker-)?compose[^/]*\.ya?ml|package(?:-lock)?\.json|pyproject\.toml|setup\.(?:py|cfg)|"
    r"tox\.ini|noxfile\.py|conftest\.py|requirements[^/]*\.txt|Cargo\.toml|build\.rs|go\.mod|"
    r"pom\.xml|build\.gradle[^/]*|CMakeLists\.txt|configure|"
    r"[^/]+\.(?:sh|bash|zsh|fish|ps1|bat|cmd|service|desktop|pth|config\.[jt]s)"
    r")$"
    r"|/\.(?:git|github|gitlab|circleci|vscode|idea|husky|cargo)/"
)
"""Files that run, or decide what runs, the next time that somebody builds, tests or commits."""


class InjectionValidator:
    """Looks twice at what a model wants after it read what looks like an attempt to steer it."""

    name = "injection"

    def __init__(self, territory: Territory, protects: Callable[[Path], bool]) -> None:
        """`protects`: as for `ProtectedFiles`."""
        self._territory = territory
        self._protects = protects

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        if not action.tainted:
            return ()
        places = tuple(
            place for place, effect in enumerate(action.effects) if self._is_sensitive(effect)
        )
        if not places:
            return ()
        reason = f"something read in this turn looks like an attempt to steer ({action.tainted})"
        return (Ask(f"{reason}; was this asked for?", places),)

    def _is_sensitive(self, effect: Effect) -> bool:
        match effect.kind:
            case "reach" | "delete":
                return True
            case "run":
                return effect.command is None or effect.command.risk != "safe"
            case "write":
                return (
                    not self._territory.lets_write(effect.target)
                    or _OBEYED.search(effect.target) is not None
                    or self._protects(Path(effect.target))
                )
            case "read":
                return not self._territory.lets_read(effect.target)

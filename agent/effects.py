"""What an action would do, and what it did: the words that tools, judges and records share."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Risk = Literal["safe", "unknown", "dangerous", "opaque"]
"""What is known of a command: that it does nothing but its other effects say; nothing; that it
does harm beyond the workspace; that what it runs cannot be told before it runs."""


class CommandPart(Struct, frozen=True, omit_defaults=True):
    """One simple command of a command line."""

    words: tuple[str, ...]
    """Without quotes and wrappers (`sudo`, `env`, `xargs` …); the program's name first."""
    risk: Risk
    why: str
    """What makes it so, for a person."""
    forms: tuple[str, ...] = ()
    """Every spelling that a rule may mean: as written, without wrappers, without its path."""
    exact: bool = True
    """Whether a rule may allow it: all its words are known, and nothing runs besides."""


class Effect(Struct, frozen=True, omit_defaults=True):
    """What an action would do to the world."""

    kind: Literal["read", "write", "delete", "run", "reach"]
    target: str
    """A resolved path, the words of one command, or a host with its port."""
    part: int | None = None
    """On effects of a command line: which of its simple commands, from 0."""
    span: tuple[int, int] | None = None
    """On effects of a command line: the characters of the line that have it."""
    command: CommandPart | None = None
    """On `run` effects of a command line."""
    recursive: bool = False
    """On `delete`: with everything below."""


def reads_only(effect: Effect) -> bool:
    """Whether an effect leaves everything as it is: reading, or a command known to only read."""
    return effect.kind == "read" or (effect.command is not None and effect.command.risk == "safe")


class FileChange(Struct, frozen=True, omit_defaults=True):
    """What happened to one file."""

    path: str
    change: Literal["created", "modified", "deleted", "moved"]
    added: int = 0
    """Lines."""
    removed: int = 0
    """Lines."""
    moved_from: str = ""
    diff: str = ""
    """Unified diff, cut when it is long."""


def within(path: str, directories: Iterable[str]) -> bool:
    """Whether a path without links or dots is one of the directories, or below one."""
    return any(
        path == directory or path.startswith(f"{directory.rstrip('/')}/")
        for directory in directories
    )

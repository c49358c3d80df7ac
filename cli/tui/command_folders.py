"""Where commands of a person's own are kept, kedge's and those of other agents."""

from collections.abc import Iterator

# Not pathlib's, which raises for a folder that leads where nobody may look.
from os.path import isdir
from pathlib import Path
from typing import Final

_PROJECT: Final = (
    (".opencode", "command"),
    (".opencode", "commands"),
    (".claude", "commands"),
    (".kedge", "commands"),
)
"""Weakest first: of commands with the same name, the last one counts."""


def project_folders(root: Path) -> Iterator[Path]:
    """Those of a project that are there, weakest first."""
    return (folder for names in _PROJECT if isdir(folder := root.joinpath(*names)))


def own_folders(home: Path, config_dir: Path) -> Iterator[Path]:
    """A person's own that are there, weakest first."""
    opencode = home / ".config" / "opencode"
    folders = (
        opencode / "command",
        opencode / "commands",
        home / ".claude" / "commands",
        config_dir / "commands",
    )
    return (folder for folder in folders if isdir(folder))

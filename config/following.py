"""Whether a project's instruction files are followed: only a trusted folder's are.

A folder that brings configuration is trusted with it (`brought.py`). One that brings none is
trusted for its instruction files alone, whatever these say: agents and people edit them all day.
"""

import pathlib
from typing import Final

from .brought import Brought
from .trust import FILE, Trust, Trusted

FOLLOWED: Final = "instruction files are followed: AGENTS.md and the like, and .kedge/notes.md\n"
"""What a person accepts of a folder that brings nothing else."""


def follows(brings: Brought | None, root: pathlib.Path, data_dir: pathlib.Path) -> bool:
    """Whether the instruction files of a project, links resolved, are to be read.

    Raises:
        ConfigError: the list of trusted folders is damaged.
    """
    if brings is not None:
        return brings.trusted and root.is_relative_to(brings.root)
    return isinstance(Trust(data_dir / FILE).state(root, FOLLOWED), Trusted)

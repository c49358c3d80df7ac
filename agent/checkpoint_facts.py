"""Facts about the states that can be returned to."""

from typing import Literal

from msgspec import Struct

from .effects import FileChange

GOING_BACK = "before going back"
"""The reason of a checkpoint that is taken before files are put back: where that broke off, no
`rewound` follows it."""
BROKE_OFF = "after the turn that broke off"
"""The reason of a checkpoint that closes a turn whose process did not: others may have changed
files before it was taken."""
NOT_KEPT = "checkpoint"
"""The code of notices that say what cannot be undone because it was not kept."""

Reach = Literal["conversation", "files", "both"]
"""What is gone back to."""


class Checkpointed(Struct, frozen=True, tag_field="kind", tag="checkpoint", omit_defaults=True):
    """The state of the workspace was kept."""

    id: str
    reason: str
    closes: bool = False
    """Whether it is how the turn left things; else how it found them."""


class Rewound(Struct, frozen=True, tag_field="kind", tag="rewound", omit_defaults=True):
    """A person went back: what followed in the log is no longer so. Nothing is removed from it."""

    to: int
    """The `seq` of the `turn.started` that is undone, with all after it; or, where `redone`, of the
    `rewound` that is."""
    what: Reach
    before: str = ""
    """The checkpoint of how the files were just before."""
    after: str = ""
    """The checkpoint of how it left them."""
    redone: bool = False
    """Whether this undoes an undoing."""
    partial: bool = False
    """Whether something was in the way of files, so that the same is to be done once more."""
    files: tuple[FileChange, ...] = ()
    """What it did to files, without diffs."""
    left: tuple[str, ...] = ()
    """The absolute paths of files that stayed as they are, for somebody else changed them since."""
    finishes: bool = False
    """Whether this undoes what the going back before it left."""


CheckpointFact = Checkpointed | Rewound

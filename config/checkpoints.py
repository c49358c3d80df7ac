"""Settings of checkpoints: whether the workspace is kept before it is changed, how much of it, and
for how long."""

from typing import Annotated

from msgspec import Meta, Struct

_Bytes = Annotated[int, Meta(ge=1, le=1 << 60)]


class CheckpointSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What `kedge undo` and `kedge rewind` can bring back."""

    enabled: bool = True
    """Off: nothing is kept, so that nothing can be undone."""
    file_bytes: _Bytes = 32 << 20
    """Of one file; a larger one is not kept, and that is said."""
    total_bytes: _Bytes = 4 << 30
    """Of all files of one checkpoint together."""
    files: Annotated[int, Meta(ge=1, le=10_000_000)] = 300_000
    """Of one checkpoint."""
    keep_days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    """Older checkpoints are thrown away when a session ends; 0 is never."""
    keep_bytes: Annotated[int, Meta(ge=0, le=1 << 60)] = 8 << 30
    """What the checkpoints of one workspace may take on disk before the oldest are thrown away; 0
    is no limit."""

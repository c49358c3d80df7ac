"""What a session can be fitted with."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from ..config.guards import LoopSettings
from .actions import Nearby, Preserve, nothing_is_kept, nothing_is_nearby
from .budget import Ledger
from .bus import Redact, Watcher, everything
from .compactor import Rewriting
from .conduct import Switch
from .hearing import Permits
from .keeping import Keeper
from .ports import Check
from .stages import StageHooks


class Fittings(Struct, frozen=True):
    """What a session can be fitted with."""

    checks: Sequence[Check] = ()
    """Look at finished work."""
    ledger: Ledger | None = None
    """What may be spent; by default what the limits of one run say."""
    still_running: Callable[[], Sequence[str]] = tuple
    """Names what tools have under way when a turn is over."""
    permits: Permits | None = None
    """Widens the sandbox for one call."""
    preserve: Preserve = nothing_is_kept
    """Keeps what is about to be deleted."""
    keeper: Keeper | None = None
    """Keeps the workspace before it is changed."""
    loops: LoopSettings | None = None
    hooks: StageHooks | None = None
    redact: Redact = everything
    """Hides secrets in records."""
    durable: bool = True
    """See `Bus`."""
    rewriting: Rewriting | None = None
    """What a compaction needs; without it the conversation is never shortened."""
    nearby: Nearby = nothing_is_nearby
    """What belongs to the files that an action touched."""
    switch: Switch | None = None
    """Has the mode changed; without it the mode stays."""
    watchers: Sequence[Watcher] = ()
    """See every event, those of the log that is resumed first. They must not raise or block."""

"""The formats of the record that were ever shipped, and how a record of each becomes the next.

A new format is a new function at the end of `UPGRADES`; the recordings of the old one in
`tests/recordings/` are read forever, and `every_kind.py` there records the new one. Envelopes
(`codec.Envelope`) stay as they are.
"""

from collections.abc import Callable

Record = dict[str, object]
"""A line as JSON: the envelope's fields and the body's."""
Upgrade = Callable[[Record], Record]

UPGRADES: tuple[Upgrade, ...] = ()
"""The first one turns a record of format 1 into one of format 2."""

FORMAT_VERSION = len(UPGRADES) + 1
"""The `v` of every record written by this package."""

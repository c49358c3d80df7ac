"""Facts about a session as a whole: what it is called, and which one it grew from."""

from msgspec import Struct


class Forked(Struct, frozen=True, tag_field="kind", tag="forked"):
    """The session begins here; the lines before are those of its parent, byte for byte."""

    parent: str
    upto: int
    """The last record that was taken over."""


class Renamed(Struct, frozen=True, tag_field="kind", tag="renamed"):
    """A person gave the session a name; empty takes it away."""

    name: str


Lineage = Forked | Renamed

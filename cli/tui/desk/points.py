"""Where one can go back to: the prompts of a session, and what their turns did to files."""

from msgspec import Struct


class Point(Struct, frozen=True):
    """A prompt that can be gone back behind."""

    seq: int
    """Of its `turn.started`; what `Desk.rewind` takes."""
    number: int
    """Of the turn."""
    words: str
    """The prompt."""
    when: str
    """RFC 3339, UTC."""
    files: tuple[str, ...]
    """What this turn did to files, one each: `modified PATH +1 -2`. Going back undoes that of this
    turn and of all after it."""
    lasting: tuple[str, ...]
    """What it did that cannot be undone, in words."""
    restorable: bool
    """Whether there is a checkpoint to go back to."""

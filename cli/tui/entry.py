"""A slash command, as lists of them show it."""

from msgspec import Struct


class Entry(Struct, frozen=True):
    """A slash command, as it is proposed."""

    name: str
    """Without the slash."""
    help: str
    arguments: str = ""
    """What may follow, in words: `[name]`, `<path>`. Empty: nothing; in `<>`: it has to."""
    aliases: tuple[str, ...] = ()
    """Its other names."""
    listed: bool = True
    """Whether lists show it, and not only who asks for it by name."""

    @property
    def shown(self) -> str:
        """As one types it."""
        return f"/{self.name} {self.arguments}".rstrip()

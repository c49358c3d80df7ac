"""What the directories of a session mean to those who judge what is done in them."""

from msgspec import Struct

from ..effects import within


class Territory(Struct, frozen=True):
    """The directories that decide what may be done with a path. All absolute and without links."""

    roots: tuple[str, ...] = ()
    """Where the session works; the project first."""
    home: str = ""
    """Of the person; empty if there is none."""
    readable: tuple[str, ...] = ()
    """What may be read besides: the whole of outputs that were cut."""
    scratch: tuple[str, ...] = ()
    """What is the session's own, and may be read and written besides."""
    repository: str = ""
    """The root of the repository that the session works in, if it does."""

    @property
    def project(self) -> str:
        """Where paths of rules start; the file system's root if there is no workspace."""
        return self.repository or (self.roots[0] if self.roots else "/")

    def holds(self, path: str) -> bool:
        """Whether a path is in the workspace."""
        return within(path, self.roots)

    def lets_read(self, path: str) -> bool:
        """Whether nothing outside is read with a path."""
        return within(path, (*self.roots, *self.readable, *self.scratch))

    def lets_write(self, path: str) -> bool:
        """Whether nothing outside is changed with a path."""
        return within(path, (*self.roots, *self.scratch))

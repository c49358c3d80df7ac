"""The lines that name the keys: none of their parts is ever broken."""

from collections.abc import Iterable

from msgspec import Struct
from textual.content import Content

from ...terminal import harmless

_JOINT = " · "


class Hint(Struct, frozen=True):
    """A key, and what it does."""

    key: str
    words: str

    @property
    def cells(self) -> int:
        """How wide it is."""
        return len(self.key) + 1 + len(self.words)

    @property
    def content(self) -> Content:
        """As it is shown: the key stands out."""
        return Content.assemble((self.key, "$text"), (f" {harmless(self.words)}", "$text-muted"))


CLOSES = Hint("esc", "closes")


def hinted(hints: Iterable[Hint], width: int) -> list[Content]:
    """The hints in as few lines of that width as hold them."""
    lines: list[list[Hint]] = []
    room = 0
    for hint in hints:
        room -= len(_JOINT) + hint.cells
        if not lines or room < 0:
            lines.append([])
            room = width - hint.cells
        lines[-1].append(hint)
    joint = Content.styled(_JOINT, "$text-muted")
    return [joint.join(hint.content for hint in line) for line in lines]

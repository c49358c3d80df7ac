"""The seam between judging a command and going through the command lines that it runs."""

from collections.abc import Sequence
from typing import Protocol

from .line import Line, Setting
from .words import Word


class Runner(Protocol):
    """Goes through command lines that stand in a word."""

    @property
    def line(self) -> Line:
        """Where it all is gathered."""
        ...

    def text(self, text: str, span: tuple[int, int], setting: Setting) -> None:
        """Go through a string that is run as a command line."""
        ...

    def simple(self, words: Sequence[Word], setting: Setting, exact: bool = True) -> None:
        """Judge a command given by its words."""
        ...

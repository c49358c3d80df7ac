"""One answer while it is written: only what comes is drawn, and what is final stays as it is."""

from .blocks import Answer
from .flow import Line, behind
from .lines import within
from .look import Look
from .markdown import Document


class Streamed:
    """The lines of an answer by now, and how many of them were taken for good."""

    def __init__(self, answer: Answer, look: Look) -> None:
        self.text = ""
        """As far as it is read."""
        self.taken = 0
        """How many lines were taken, from the first."""
        self._answer = answer
        inner, self._rail = within(answer, look)
        self._document = Document(inner)

    @property
    def lines(self) -> list[Line]:
        """All of them; those that stay are the same objects, but for a rail."""
        return self._railed(self._document.lines)

    @property
    def rest(self) -> list[Line]:
        """Those that were not taken."""
        return self._railed(self._document.lines[self.taken :])

    @property
    def names_addresses(self) -> bool:
        """Whether some lines may lack links; see `Document.names_addresses`."""
        return self._document.names_addresses

    def restyle(self, look: Look) -> None:
        """What is not final looks otherwise."""
        inner, self._rail = within(self._answer, look)
        self._document.restyle(inner)

    def read(self, answer: Answer) -> None:
        """Read on, if it goes on as it began."""
        if len(answer.text) > len(self.text) and answer.text.startswith(self.text):
            self._document.add(answer.text[len(self.text) :])
            self.text = answer.text

    def finish(self) -> None:
        """Nothing follows: all of it is final."""
        self._document.finish()

    def take(self) -> list[Line]:
        """What became final since the last time."""
        end = self._document.settled
        lines = self._document.lines[self.taken : end]
        self.taken = end
        return self._railed(lines)

    def _railed(self, lines: list[Line]) -> list[Line]:
        return behind(lines, self._rail) if self._rail else lines

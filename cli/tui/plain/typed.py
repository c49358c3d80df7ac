"""Lines that belong together: a backslash at the end joins the next one, and between two lines of
three quotes everything is taken as it is."""

from typing import Final

FENCE: Final = '"""'


class Typed:
    """What a person is saying, as far as they have come."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._fenced = False

    @property
    def goes_on(self) -> bool:
        """Whether more belongs to it."""
        return self._fenced or bool(self._lines)

    def add(self, line: str) -> str | None:
        """All of it, once this line ends it; None: more belongs to it."""
        if line.strip() == FENCE:
            self._fenced = not self._fenced
            joins = self._fenced
        else:
            joins = not self._fenced and line.endswith("\\")
            self._lines.append(line[:-1] if joins else line)
            joins = joins or self._fenced
        if joins:
            return None
        said = "\n".join(self._lines)
        self.clear()
        return said

    def clear(self) -> None:
        """Give it up."""
        self._lines, self._fenced = [], False

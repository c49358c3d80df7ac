"""Text that comes in pieces: joined when it is looked at."""


class Growing:
    """Pieces of one text, or of its end."""

    def __init__(self, text: str = "", *, keep: int = 0) -> None:
        """`keep` is how many characters at the end are needed; 0 is all."""
        self._pieces = [text]
        self._size = len(text)
        self._keep = keep

    def add(self, piece: str) -> None:
        """More of it."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._keep and self._size > 2 * self._keep:
            self._join()

    @property
    def text(self) -> str:
        """All that is kept."""
        return self._pieces[0] if len(self._pieces) == 1 else self._join()

    def _join(self) -> str:
        text = "".join(self._pieces)
        if self._keep and len(text) > self._keep:
            text = text[-self._keep :]
            # Half a line is no line, unless there is only one.
            text = text.partition("\n")[2] or text
        self._pieces, self._size = [text], len(text)
        return text

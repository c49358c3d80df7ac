"""What was cut from a prompt, as readline keeps it."""

_MOST = 30


class Kills:
    """The texts cut last, the newest first to be put in again."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._place = 0

    def add(self, text: str, *, joins: bool, front: bool) -> None:
        """Keep a text; with `joins` it belongs to the last one, in `front` of it or behind."""
        if not text:
            return
        if joins and self._texts:
            last = self._texts[-1]
            self._texts[-1] = text + last if front else last + text
        else:
            self._texts = [*self._texts[1 - _MOST :], text]
        self._place = len(self._texts) - 1

    def newest(self) -> str:
        """The text that yank puts in; empty if nothing was cut."""
        self._place = len(self._texts) - 1
        return self._texts[-1] if self._texts else ""

    def older(self) -> str:
        """The one before the text that was put in last; behind the oldest comes the newest."""
        if not self._texts:
            return ""
        self._place = (self._place - 1) % len(self._texts)
        return self._texts[self._place]

"""Shows a person the output of a running command, at a pace that eyes and screens can take."""

import asyncio

from ...sandbox.terminal import Cleaner
from ..ports import Emit

_PACE = 0.05
"""Seconds between two batches, at least."""
_MOST = 16_384
"""Bytes of one batch; of more, the last whole lines are shown."""


class Live:
    """Takes output as it comes and emits it cleaned, in whole lines, in batches."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._cleaner = Cleaner()
        self._waiting = bytearray()
        self._skipped = False
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._waiting += chunk
        if len(self._waiting) > _MOST:
            del self._waiting[:-_MOST]
            del self._waiting[: self._waiting.find(b"\n") + 1]
            self._skipped = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PACE, self._flush)

    def end(self) -> None:
        """Emit what is left; nothing follows."""
        if self._timer is not None:
            self._timer.cancel()
        self._show(self._settled() + self._cleaner.finish())

    def _flush(self) -> None:
        self._timer = None
        self._show(self._settled())

    def _settled(self) -> str:
        lead = ""
        if self._skipped:
            # What the cleaner still held belongs to lines that are not shown.
            self._cleaner = Cleaner()
            lead = "[...]\n"
        text = lead + self._cleaner.feed(bytes(self._waiting))
        self._waiting.clear()
        self._skipped = False
        return text

    def _show(self, text: str) -> None:
        if text:
            self._emit(text)

"""An answer of a model while it arrives, and its record, however it ends."""

import time
from collections.abc import Callable

from .context import ModelUse
from .deltas import Delta, Draft, Restarted
from .errors import ProviderError
from .events import Body, MessageAdded
from .messages import Message, Usage
from .metering import Meter, Used
from .spending import ModelLost

_NOTHING = Used(Usage(), estimated=False)


class Reply:
    """One call of a model: what it says and what it uses. Made when the call begins; tell it every
    delta, then that it is complete, or that it broke off."""

    def __init__(
        self, model: str, use: ModelUse, meter: Meter, emit: Callable[[Body], object]
    ) -> None:
        self._model = model
        self._use = use
        self._meter = meter
        self._emit = emit
        self._draft = Draft()
        self._began = time.monotonic()

    def add(self, delta: Delta) -> None:
        """Fold one more delta in; what a given up attempt has used is recorded."""
        if isinstance(delta, Restarted):
            self._lose()
        self._draft.add(delta)
        self._meter.add(delta)

    def complete(self) -> MessageAdded:
        """Nothing more comes: record the answer.

        Raises:
            ProviderError: `cut_off`, it is not whole; nothing is recorded.
        """
        if self._draft.finished is None:
            raise ProviderError("cut_off", f"{self._model} left its answer unfinished")
        return self._record(self._draft.message())

    def break_off(self) -> None:
        """It was interrupted, or failed: record what was said and used until then."""
        if (spoken := self._draft.spoken()) is not None:
            self._record(spoken)
        else:
            self._lose()

    def _record(self, message: Message) -> MessageAdded:
        end = self._draft.finished
        used = self._meter.used or _NOTHING
        record = MessageAdded(
            "assistant",
            message.parts,
            model=self._model,
            stop_reason=end.stop_reason if end else "interrupted",
            usage=used.usage,
            cost_usd=self._use.price(used.usage),
            estimated=used.estimated,
            duration_ms=round((time.monotonic() - self._began) * 1000),
            response_id=end.response_id if end else "",
        )
        self._emit(record)
        return record

    def _lose(self) -> None:
        if used := self._meter.used:
            price = self._use.price(used.usage)
            self._emit(ModelLost(self._model, used.usage, price, used.estimated))

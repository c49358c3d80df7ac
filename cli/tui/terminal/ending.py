"""Sees to it that the process ends, whatever hangs."""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

_STANDS_STILL: Final = 3.0
"""Seconds after which nothing more is written to a terminal that does not take it."""


def ends_soon(give_up: Callable[[], None], seconds: float, code: int) -> None:
    """End this process after so many seconds at the latest, as a kill would: its commands end with
    it, and its log is complete up to there. Before that, `give_up` waits for no terminal."""

    def watch() -> None:
        time.sleep(_STANDS_STILL)
        give_up()
        time.sleep(seconds - _STANDS_STILL)
        os._exit(code)

    threading.Thread(target=watch, name="kedge-ending", daemon=True).start()

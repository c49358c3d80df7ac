"""What was said and could not be sent: it waits, and is said once more or given back."""

from collections.abc import Awaitable, Callable

from ....config.errors import KedgeError

Unheard = Callable[[str, bool], None]
"""Is told that what was said last waits: why, in words, empty where the result says it; and whether
its log has ended, so that it may be said in the session opened anew."""


async def said_again(reopen: Callable[[], Awaitable[None]], why: str, ended: bool) -> str:
    """See to what `Unheard` was told of: why it is not sent, in words; empty if it is by now. Else
    it waits, to be taken back."""
    try:
        if ended:
            await reopen()
            return ""
    except KedgeError as error:
        why = error.in_words
    return f"not sent: {why or 'the session could not go on'}"

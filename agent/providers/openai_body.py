"""What the request bodies of both OpenAI wires have in common.

All that stays the same comes first and the growing list last, and every message is encoded once:
a request extends the bytes of the one before it, and a long conversation costs no more per turn
than its own new messages and one copy.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Struct

from ...config.models import ModelProfile
from ..messages import Image, Message, Part, Text
from ..ports import Request
from .encoded import EncodedMessages

encode = msgspec.json.Encoder().encode


class Conversation:
    """The encoded messages of one conversation. Another one costs a new start."""

    def __init__(self, items: Callable[[Message], Iterable[Struct | dict[str, object]]]) -> None:
        self._items = items
        self._encoded = EncodedMessages(self._joined)

    def body(self, head: Struct, name: bytes, first: bytes, messages: Sequence[Message]) -> bytes:
        """The JSON object with the fields of `head` and, last, the list `name`: `first` (may be
        empty) and then the messages' items."""
        pieces = [first, *self._encoded.of(messages)]
        items = b",".join([piece for piece in pieces if piece])
        return b"".join((encode(head)[:-1], b',"', name, b'":[', items, b"]}"))

    def _joined(self, message: Message) -> bytes:
        """Empty if nothing of the message can be said on this wire."""
        return b",".join([encode(item) for item in self._items(message)])


def words(parts: Iterable[Part]) -> str:
    """The texts among the parts as paragraphs of one string."""
    return "\n\n".join([part.text for part in parts if isinstance(part, Text) and part.text])


def data_url(image: Image) -> str:
    """The picture as a URL (RFC 2397)."""
    return f"data:{image.media_type};base64,{image.data}"


def effort(request: Request, profile: ModelProfile) -> str:
    """The reasoning effort to ask for; "" to leave it to the model."""
    return request.effort if profile.thinking == "effort" else ""

"""The conversation as the model sees it: what was said, but for what a compaction leaves out."""

from collections.abc import Sequence

from msgspec import Struct

from .events import Compacted
from .messages import Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult

PRUNED_ABOVE = 600
"""Characters of a tool's output that are left alone whatever is pruned."""
_KEPT_OF_PRUNED = 200

IMAGE_CHARACTERS = 6000
"""What a picture counts for, in characters: about 1,500 tokens, Anthropic's figure for a picture
of 1.15 megapixels."""


class Said(Struct, frozen=True):
    """A message, and the record that completed it."""

    seq: int
    message: Message
    words: str = ""
    """The person's own words in it; empty for everybody else's messages."""


def view(said: Sequence[Said], compacted: Compacted | None) -> list[Message]:
    """What the next request begins with. Messages that are shown whole are the same objects."""
    if compacted is None:
        return [one.message for one in said]
    shown: list[Message] = []
    if compacted.upto:
        shown.append(Message("user", (Text(compacted.summary),)))
        shown += (one.message for one in said if one.seq == compacted.kept)
    left_out = frozenset(compacted.pruned)
    for one in said:
        if one.seq > compacted.upto:
            shown.append(pruned(one.message) if one.seq in left_out else one.message)
    return shown


def pruned(message: Message) -> Message:
    """Results with the beginnings of long outputs only. Pruning again changes nothing."""
    return Message(message.role, tuple(_pruned(part) for part in message.parts))


def _pruned(part: Part) -> Part:
    if not isinstance(part, ToolResult) or size_of(part) <= PRUNED_ABOVE:
        return part
    words = "".join(piece.text for piece in part.content if isinstance(piece, Text))
    stub = (
        f"{words[:_KEPT_OF_PRUNED]}\n[kedge: the rest of this old output, {size_of(part):,} "
        "characters in all, was left out to make room. Call the tool again if you need it.]"
    )
    return ToolResult(part.call_id, (Text(stub),), part.failed)


def size_of(part: Part) -> int:
    """Characters that a part counts for."""
    match part:
        case Text(text) | Thinking(text):
            return weight(text)
        case ToolCall(_, name, arguments):
            return len(name) + weight(arguments)
        case ToolResult(_, content):
            return sum(map(size_of, content))
        case Image():
            return IMAGE_CHARACTERS
        case Opaque():
            return 0


def weight(text: str) -> int:
    """What a text counts for: its UTF-8 bytes, because a character of Chinese is about as many
    tokens as three or four letters."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def characters(message: Message) -> int:
    """Characters that a message counts for."""
    return sum(map(size_of, message.parts))

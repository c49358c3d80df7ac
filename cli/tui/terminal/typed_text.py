"""Characters that are typed and are text, though Python does not call them printable."""

from textual.events import Key
from textual.message import Message

from ...terminal import harmless


class TextKey(Key):
    """Is as good as any other character: what joins those of an emoji, what keeps Persian letters
    apart, a space that does not break, a character younger than Python's tables."""

    @property
    def is_printable(self) -> bool:
        """It is."""
        return True


# Textual calls handlers by the name of the class: whoever hears keys hears this one.
TextKey.handler_name = Key.handler_name


def as_text(message: Message) -> Message:
    """The same message; a key that is text, as that."""
    if isinstance(message, Key) and not message.is_printable and _is_text(message.character or ""):
        return TextKey(message.key, message.character)
    return message


def _is_text(typed: str) -> bool:
    """Whether it may stand in a text: one character, which controls nothing and turns no writing
    round."""
    return (
        len(typed) == 1 and typed > "\x7f" and not typed.isprintable() and typed == harmless(typed)
    )

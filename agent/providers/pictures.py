"""What a model that cannot be shown pictures gets in their place."""

from collections.abc import Iterable

from ..messages import Image, Part, Text

UNSEEN = "[an image: this model cannot be shown images]"


def visible(parts: Iterable[Part], *, images: bool) -> tuple[Text | Image, ...]:
    """The words and pictures of the parts; a note for each picture that cannot be shown."""
    shown = (part for part in parts if isinstance(part, Text | Image))
    return tuple(Text(UNSEEN) if isinstance(part, Image) and not images else part for part in shown)

"""Pictures that belong to a prompt."""

from base64 import b64encode
from pathlib import Path

from ..agent.messages import Image
from ..agent.tools.textfile import image_type
from ..config.errors import UsageError

MAX_BYTES = 5_000_000
"""The largest picture that providers take (Anthropic's limit for one picture)."""


def load_image(path: Path) -> Image:
    """A picture from a file.

    Raises:
        UsageError: it cannot be read, is too large, or is no PNG, JPEG, GIF or WebP.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the picture {str(path)!r}: {error.strerror}") from error
    media_type = image_type(data)
    if media_type is None:
        raise UsageError(f"{str(path)!r} is no PNG, JPEG, GIF or WebP picture")
    if len(data) > MAX_BYTES:
        raise UsageError(f"the picture {str(path)!r} is larger than {MAX_BYTES} bytes")
    return Image(media_type, b64encode(data).decode("ascii"))

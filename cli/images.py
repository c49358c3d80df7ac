"""Pictures that belong to a prompt."""

from base64 import b64encode
from binascii import crc32
from pathlib import Path

from ..agent.messages import Image
from ..agent.tools.textfile import image_type
from ..config.errors import UsageError

MAX_BYTES = 5_000_000
"""The largest picture that providers take (Anthropic's limit for one picture)."""


def load_image(path: Path) -> Image:
    """A picture from a file.

    Raises:
        UsageError: it cannot be read, or as `image_of`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the picture {str(path)!r}: {error.strerror}") from error
    return image_of(data, repr(str(path)))


def image_of(data: bytes, name: str) -> Image:
    """A picture from its bytes; `name` says in words where it is from.

    Raises:
        UsageError: it is too large or damaged, or is no PNG, JPEG, GIF or WebP.
    """
    media_type = image_type(data)
    if media_type is None:
        raise UsageError(f"the picture {name} is no PNG, JPEG, GIF or WebP")
    if len(data) > MAX_BYTES:
        raise UsageError(f"the picture {name} is larger than {MAX_BYTES:,} bytes")
    if wrong := broken(media_type, data):
        raise UsageError(f"the picture {name} is damaged: {wrong}")
    return Image(media_type, b64encode(data).decode("ascii"))


def broken(media_type: str, data: bytes) -> str:
    """What is wrong with a picture as far as its frame tells, in words; empty if nothing. Its
    points are not looked at."""
    match media_type:
        case "image/png":
            return _broken_png(data)
        case "image/gif":
            sides = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
            whole = data.rstrip(b"\0").endswith(b";")
        case "image/jpeg":
            # Cameras add bytes of their own behind the end.
            sides, whole = (1, 1), b"\xff\xd9" in data
        case _:
            # RIFF: the size of what follows stands behind the name.
            sides, whole = (1, 1), len(data) >= int.from_bytes(data[4:8], "little") + 8
    if not all(sides):
        return "it has no size"
    return "" if whole else "its end is missing"


def _broken_png(data: bytes) -> str:
    """PNG (https://www.w3.org/TR/png-3/): pieces of length, name, data and checksum, from IHDR with
    the size of the picture to IEND."""
    place = 8
    while piece := data[place : place + 8]:
        length, name = int.from_bytes(piece[:4]), piece[4:]
        end = place + 12 + length
        if end > len(data):
            break
        if crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            return "a checksum does not fit"
        if place == 8:
            sides = data[16:20], data[20:24]
            if name != b"IHDR" or not all(map(int.from_bytes, sides)):
                return "it has no size"
        if name == b"IEND":
            return ""
        place = end
    return "its end is missing"

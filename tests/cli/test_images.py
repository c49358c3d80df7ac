"""A picture is looked at before it is sent: a broken one is refused where it is attached."""

from pathlib import Path

import pytest

from kedge.cli.images import load_image
from kedge.config.errors import UsageError

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636000000002000148afa4710000000049454e44ae426082"
)
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xd9trailing"
WEBP = b"RIFF\x04\x00\x00\x00WEBP"


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, WEBP])
def test_a_whole_picture_is_taken(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert load_image(tmp_path / "a").media_type.startswith("image/")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG[:8] + b"nothing of the kind", "its end is missing"),
        (PNG[:-12], "its end is missing"),
        (PNG[:45] + b"x" + PNG[46:], "a checksum does not fit"),
        (PNG[:8] + PNG[33:], "it has no size"),
        (GIF[:6] + b"\0\0" + GIF[8:], "it has no size"),
        (GIF[:-1], "its end is missing"),
        (JPEG[:12], "its end is missing"),
        (WEBP[:-1], "no PNG"),
        (WEBP[:4] + b"\xff" + WEBP[5:], "its end is missing"),
    ],
)
def test_a_damaged_one_is_refused_with_what_is_wrong(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(UsageError, match=why):
        load_image(tmp_path / "a")


@pytest.mark.parametrize("length", range(8, len(PNG)))
def test_a_cut_png_is_never_taken(tmp_path: Path, length: int) -> None:
    (tmp_path / "a").write_bytes(PNG[:length])
    with pytest.raises(UsageError, match="is damaged"):
        load_image(tmp_path / "a")

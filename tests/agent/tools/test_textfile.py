"""Whatever is read as text is written back byte for byte; the rest is refused as binary."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.tools.textfile import (
    BINARY_SUFFIXES,
    BinaryFile,
    decode,
    dominant_newline,
    encode,
    image_type,
    line_at,
    newline_near,
    split_ends,
    split_lines,
    with_newlines,
)

TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab \t\r\n\f\x0b\x85\u2028é→\U0001f600"),
        st.characters(exclude_categories=["Cs"]),
    )
)


def no_detector(data: bytes) -> None:
    """Stands for an installation without the `encodings` extra."""


@given(st.binary() | TEXT.map(str.encode) | TEXT.map(lambda text: text.encode("utf-16")))
def test_whatever_is_accepted_is_written_back_byte_for_byte(data: bytes):
    try:
        file = decode(data)
    except BinaryFile:
        return
    assert encode(file) == data


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_stays_out_of_the_text(bom: bytes, encoding: str):
    file = decode(bom + "naïve\r\n".encode(encoding))
    assert (file.text, file.encoding, file.bom) == ("naïve\r\n", encoding, bom)
    changed = encode(file.with_text("naïf\r\n"))
    assert changed == bom + "naïf\r\n".encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_nuls(encoding: str):
    file = decode("name = 'Müller'\n".encode(encoding))
    assert (file.text, file.encoding, file.bom) == ("name = 'Müller'\n", encoding, b"")
    assert file.guessed


@pytest.mark.parametrize(
    "data",
    [
        b"text with a \0 in it\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\x7fELF\x02\x01\x01\0",
        bytes(range(256)),
        b"\xff\xd8\xff\xe0JFIF",
        b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n",
        b"\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00",
        b"A\x00\x00BC\x00\x00D",
        b"\xff\xfea",
        b"caf\xe9 \x07 bell",
    ],
)
def test_bytes_that_are_no_text_are_refused_as_binary(data: bytes):
    with pytest.raises(BinaryFile) as caught:
        decode(data, "data.bin")
    assert caught.value.kind == "binary"
    assert "'data.bin'" in str(caught.value)


def test_western_bytes_without_a_detector_are_windows_1252():
    data = "# “café” costs 3 €\nx = 'größe'\n".encode("cp1252")
    file = decode(data, detect=no_detector)
    assert (file.encoding, file.guessed) == ("cp1252", True)
    assert file.text == "# “café” costs 3 €\nx = 'größe'\n"
    assert encode(file) == data


def test_noise_without_control_characters_is_still_binary():
    with pytest.raises(BinaryFile):
        decode(bytes(range(0xA0, 0xC0)) * 4, detect=no_detector)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "Сегодня хорошая погода, и мы пойдём гулять в парк. Потом вернёмся домой и будем "
            "пить чай с вареньем. Это длинный комментарий.\n",
            "koi8-r",
        ),
        ("# これは日本語のコメントです。関数を定義します\nx = 1\n", "shift_jis"),
        ("# 这是一个中文注释，用来测试编码检测\nx = 1\n", "gbk"),
    ],
)
def test_the_detector_reads_other_scripts_when_it_is_sure(text: str, encoding: str):
    pytest.importorskip("charset_normalizer")
    data = text.encode(encoding)
    file = decode(data)
    assert file.text == text
    assert encode(file) == data


def test_a_western_file_is_windows_1252_also_with_the_detector():
    pytest.importorskip("charset_normalizer")
    text = "Die Größe der Länge über alles, schön und gut. Später möchten wir zurück.\n"
    assert decode(text.encode("latin-1")).encoding == "cp1252"


def test_a_detected_encoding_that_does_not_survive_the_round_trip_is_not_used():
    file = decode(b"caf\xe9\n", detect=lambda data: "utf-7")
    assert file.encoding == "cp1252"


def test_a_character_that_the_encoding_lacks_is_named_with_its_line():
    file = decode(b"caf\xe9\n", detect=no_detector)
    with pytest.raises(ToolError, match=r"U\+2192, line 2") as caught:
        encode(file.with_text("café\n→\n"), "menu.txt")
    assert caught.value.kind == "other"


def test_a_lone_surrogate_from_the_model_is_refused():
    with pytest.raises(ToolError, match="utf-8, which has no"):
        encode(decode(b"").with_text("\ud800"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"GIF89a\x01\0", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"", None),
    ],
)
def test_an_image_is_known_by_its_first_bytes(head: bytes, kind: str | None):
    assert image_type(head) == kind


def test_suffixes_are_lower_case_and_dotted():
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in BINARY_SUFFIXES)
    assert ".png" in BINARY_SUFFIXES
    assert ".svg" not in BINARY_SUFFIXES


@given(TEXT)
def test_lines_join_to_the_text_and_end_only_at_line_ends(text: str):
    lines = split_lines(text)
    assert "".join(lines) == text
    contents, ends = split_ends(text)
    assert len(contents) == len(ends) + 1
    assert all(
        line.rstrip("\r\n") == content for line, content in zip(lines, contents, strict=False)
    )
    assert {*ends} <= {"\n", "\r\n", "\r"}


@given(TEXT, st.data())
def test_an_offset_is_on_the_line_that_holds_it(text: str, data: st.DataObject):
    offset = data.draw(st.integers(0, len(text)))
    number = line_at(text, offset)
    lines = split_lines(text)
    assert sum(map(len, lines[: number - 1])) <= offset <= sum(map(len, lines[:number]))


def test_a_form_feed_ends_no_line():
    assert split_lines("a\fb\u2028c\n") == ["a\fb\u2028c\n"]


def test_the_newline_near_an_offset_is_that_of_its_line_or_the_one_before():
    text = "a\r\nb\nc\rd"
    assert [newline_near(text, at) for at in (0, 3, 5, 7)] == ["\r\n", "\n", "\r", "\r"]
    assert newline_near("", 0) == "\n"
    assert newline_near("x\r\ny", 3) == "\r\n"


def test_the_dominant_newline_is_the_most_frequent_one():
    assert dominant_newline("a\r\nb\r\nc\n") == "\r\n"
    assert dominant_newline("a\rb\r") == "\r"
    assert dominant_newline("a\r\nb\n") == "\n"
    assert decode(b"a\r\n").newline == "\r\n"


def test_with_newlines_gives_every_line_the_same_end():
    assert with_newlines("a\r\nb\nc\rd", "\r\n") == "a\r\nb\r\nc\r\nd"
    assert with_newlines("a\r\nb\nc\rd", "\n") == "a\nb\nc\nd"

"""Bytes to text and back without damage: encodings, byte order marks and line ends.

The law of this module: whatever `decode` accepts, `encode` writes back byte for byte. What it
cannot write back it refuses as binary, instead of reading it with replacement characters.

Line ends are LF, CRLF and a lone CR, and stay in the text as the file has them. No other
character ends a line here, unlike in `str.splitlines`, because no compiler counts form feeds.
"""

import codecs
import io
import re
from collections.abc import Callable
from typing import Literal

import msgspec

from ..errors import ToolError

Newline = Literal["\n", "\r\n", "\r"]

ImageType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]

Detector = Callable[[bytes], str | None]
"""Names the encoding of bytes that are neither UTF-8 nor marked, or None when not sure."""

BINARY_SUFFIXES: frozenset[str] = frozenset({
    ".7z", ".a", ".aac", ".ai", ".apk", ".avi", ".avif", ".bin", ".bmp", ".bz2", ".class", ".dat",
    ".db", ".deb", ".dll", ".dmg", ".doc", ".docx", ".dylib", ".ear", ".egg", ".eot", ".exe",
    ".flac", ".flv", ".gif", ".gz", ".h5", ".heic", ".ico", ".iso", ".jar", ".jpeg", ".jpg",
    ".lz4", ".lzma", ".m4a", ".m4v", ".mkv", ".mo", ".mov", ".mp3", ".mp4", ".mpeg", ".mpg",
    ".npy", ".npz", ".o", ".obj", ".odp", ".ods", ".odt", ".ogg", ".opus", ".otf", ".parquet",
    ".pdf", ".pickle", ".pkl", ".png", ".ppt", ".pptx", ".psd", ".pyc", ".pyd", ".pyo", ".rar",
    ".rpm", ".so", ".sqlite", ".sqlite3", ".tar", ".tgz", ".tif", ".tiff", ".ttf", ".war",
    ".wasm", ".wav", ".webm", ".webp", ".whl", ".wmv", ".woff", ".woff2", ".xls", ".xlsx", ".xz",
    ".zip", ".zst",
})  # fmt: skip
"""Lower-case suffixes that nearly always hold no text: a reason to skip a file in a search.
Never a reason to refuse one that was asked for by name: its bytes decide that."""

# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MAGIC = (
    b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"PK\x03\x04",
    b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"\x7fELF", b"ID3", b"OggS",
    codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE,
)  # fmt: skip
"""Beginnings of what no legacy encoding is tried on."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_HIGH_SYMBOL = re.compile(r"(?![^\W\d_])[^\x00-\x7f]")
_WIDE_RUN = re.compile(r"[^\x00-\xff]{4}")
_LINE_END = re.compile(r"(\r\n|\n|\r)")

_SAMPLE_BYTES = 256 * 1024


class BinaryFile(ToolError):
    """The bytes are not text in an encoding that could be written back unchanged."""

    def __init__(self, text: str) -> None:
        super().__init__("binary", text)


class TextFile(msgspec.Struct, frozen=True):
    """A file's text and what is needed to write it back in the same form."""

    text: str
    """The text without the byte order mark, its line ends untouched."""
    encoding: str = "utf-8"
    """A codec of Python that writes no byte order mark of its own."""
    bom: bytes = b""
    """The byte order mark as found, empty if there was none."""
    guessed: bool = False
    """Nothing in the file proves the encoding; it only fits and survives the round trip."""

    @property
    def newline(self) -> Newline:
        """The most frequent line end, LF when there is none."""
        return dominant_newline(self.text)

    def with_text(self, text: str) -> "TextFile":
        """Another text in the same form."""
        return msgspec.structs.replace(self, text=text)


def decode(data: bytes, path: str = "the file", *, detect: Detector | None = None) -> TextFile:
    """Read bytes as text so that `encode` gives the same bytes back.

    Tried in order: a byte order mark, UTF-8, UTF-16 without a mark when the NULs prove it, what
    `detect` is sure of (default: `detect_legacy`), Windows-1252.

    Raises:
        BinaryFile: no encoding fits; `path` is named in the message.
    """
    file = _marked(data)
    if file is None and b"\0" in data:
        file = _unmarked_utf16(data)
        if file is None:
            raise BinaryFile(
                f"{path!r} is binary: it holds a NUL byte at offset {data.index(0)}. "
                "Text tools cannot work on it; use a command that knows its format."
            )
    file = file or _strict(data, "utf-8") or _legacy(data, detect or detect_legacy)
    if file is None:
        raise BinaryFile(
            f"{path!r} is binary, or in an encoding that is not known here: it is not UTF-8, "
            "and no legacy encoding fits with certainty. Convert it first, for example with iconv."
        )
    return file


def encode(file: TextFile, path: str = "the file") -> bytes:
    """The bytes of a file.

    Raises:
        ToolError: a character of the text does not exist in the file's encoding (`other`).
    """
    try:
        return file.bom + file.text.encode(file.encoding)
    except UnicodeEncodeError as error:
        missing = file.text[error.start]
        line = line_at(file.text, error.start)
        raise ToolError(
            "other",
            f"{path!r} is written in {file.encoding}, which has no {missing!r} "
            f"(U+{ord(missing):04X}, line {line}). Use characters of that encoding, or convert "
            "the file to UTF-8 first.",
        ) from error


def image_type(data: bytes) -> ImageType | None:
    """The kind of image that the first bytes announce, whatever the file is called."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def split_lines(text: str) -> list[str]:
    """The lines of a text, each with its own line end. A final line end begins no further line."""
    return io.StringIO(text, newline="").readlines()


def split_ends(text: str) -> tuple[list[str], list[str]]:
    """Contents and line ends apart: there is always one content more than there are ends."""
    parts = _LINE_END.split(text)
    return parts[::2], parts[1::2]


def strip_end(line: str) -> str:
    """A line of `split_lines` without its line end."""
    return line.rstrip("\r\n")


def to_lf(text: str) -> str:
    """The text with every line end as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def with_newlines(text: str, newline: Newline) -> str:
    """The text with every line end in one style."""
    lf = to_lf(text)
    return lf if newline == "\n" else lf.replace("\n", newline)


def dominant_newline(text: str) -> Newline:
    """The most frequent line end, LF when there is none or on a tie."""
    crlf = text.count("\r\n")
    lf, cr = text.count("\n") - crlf, text.count("\r") - crlf
    if lf >= crlf and lf >= cr:
        return "\n"
    return "\r\n" if crlf >= cr else "\r"


def newline_near(text: str, offset: int) -> Newline:
    """The line end of the line at `offset`; on a last line without one, the line end before it."""
    ends = [at for at in (text.find("\n", offset), text.find("\r", offset)) if at >= 0]
    at = min(ends) if ends else max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset))
    if at < 0:
        return "\n"
    if text[at] == "\r":
        return "\r\n" if text[at : at + 2] == "\r\n" else "\r"
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def line_at(text: str, offset: int) -> int:
    """The 1-based number of the line that holds `offset`."""
    lone_cr = text.count("\r", 0, offset) - text.count("\r\n", 0, offset + 1)
    return 1 + text.count("\n", 0, offset) + lone_cr


def detect_legacy(data: bytes) -> str | None:
    """Ask charset-normalizer, when the extra is installed and sure of its answer.

    It is believed when the letters are as frequent as in a known language (coherence; below 0.3
    it mistakes KOI8-R for Shift-JIS), or when all foreign characters are East Asian and stand
    in runs. Western answers are left to Windows-1252, of which it likes to name cousins.
    """
    try:
        # An optional extra, and slow to import.
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    sample = data[:_SAMPLE_BYTES]
    best = from_bytes(sample[: sample.rfind(b"\n") + 1] or sample).best()
    if best is None or str(best) == _decoded(bytes(best.raw), "cp1252"):
        return None
    return best.encoding if best.coherence >= 0.3 or _is_east_asian(str(best)) else None


def _is_east_asian(text: str) -> bool:
    from unicodedata import east_asian_width

    if not _WIDE_RUN.search(text):
        return False
    return all(east_asian_width(char) in "WFA" for char in set(text) if char > "\x7f")


def _marked(data: bytes) -> TextFile | None:
    for bom, encoding in _MARKS:
        if data.startswith(bom):
            file = _strict(data[len(bom) :], encoding)
            if file is None or (encoding != "utf-8" and _CONTROL.search(file.text)):
                continue
            if "\0" not in file.text:
                return msgspec.structs.replace(file, bom=bom)
    return None


def _unmarked_utf16(data: bytes) -> TextFile | None:
    """Mostly ASCII as UTF-16: at least four of five units have their NUL on one and the same side,
    no NUL stands on the other side, and nothing but text comes out."""
    units = len(data) // 2
    if len(data) % 2 or units < 4:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    encoding = "utf-16-le" if even == 0 else "utf-16-be"
    if min(even, odd) or max(even, odd) * 5 < units * 4:
        return None
    file = _strict(data, encoding)
    if file is None or _CONTROL.search(file.text):
        return None
    return msgspec.structs.replace(file, guessed=True)


def _legacy(data: bytes, detect: Detector) -> TextFile | None:
    if data.startswith(_MAGIC):
        return None
    named = detect(data)
    for encoding in (named, "cp1252") if named else ("cp1252",):
        file = _strict(data, encoding)
        if file is None or _CONTROL.search(file.text) or _decoded_differs(file, data):
            continue
        # Letters are what foreign text is made of; symbols everywhere are what noise looks like.
        if named or len(_HIGH_SYMBOL.findall(file.text)) * 10 <= len(file.text) * 3:
            return msgspec.structs.replace(file, guessed=True)
    return None


def _strict(data: bytes, encoding: str) -> TextFile | None:
    text = _decoded(data, encoding)
    return None if text is None else TextFile(text=text, encoding=encoding)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _decoded_differs(file: TextFile, data: bytes) -> bool:
    try:
        return file.text.encode(file.encoding) != data
    except UnicodeEncodeError:
        return True

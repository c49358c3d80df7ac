"""What a prompt carries besides its words: long pastes and pictures, each behind a placeholder."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from ....agent.messages import Image

LONG_CHARACTERS = 1_000
LONG_LINES = 15
"""A paste with more is shown as one line."""

_PLACEHOLDER = re.compile(r"\[(?:Pasted text #\d+, \d+ lines?|Image #\d+(?: [^\]\n]*)?)\]")


def is_long(text: str) -> bool:
    """Whether a paste is to be collapsed."""
    return len(text) > LONG_CHARACTERS or text.count("\n") >= LONG_LINES


class Picture(Struct, frozen=True):
    """A picture, and where it came from."""

    image: Image
    path: str = ""
    """Empty: the clipboard."""


class Placeholder(Struct, frozen=True):
    """A placeholder within a line."""

    start: int
    end: int


class Pastes:
    """The pastes and pictures of one prompt, by the placeholders that stand for them."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._pictures: dict[str, Picture] = {}

    def clear(self) -> None:
        """The prompt is gone; the next begins to count anew."""
        self._texts.clear()
        self._pictures.clear()

    def add_text(self, text: str) -> str:
        """Keep a paste; returns what stands for it."""
        lines = text.count("\n") + (not text.endswith("\n"))
        number = len(self._texts) + 1
        placeholder = f"[Pasted text #{number}, {lines} line{'s' * (lines != 1)}]"
        self._texts[placeholder] = text
        return placeholder

    def add_picture(self, picture: Picture, name: str = "") -> str:
        """Keep a picture; returns what stands for it."""
        shown = "".join(one for one in name if one.isprintable() and one not in "[]")
        placeholder = f"[Image #{len(self._pictures) + 1}{shown and ' '}{shown}]"
        self._pictures[placeholder] = picture
        return placeholder

    def placeholders(self, line: str) -> Iterator[Placeholder]:
        """Where one of ours stands in a line."""
        if self._texts or self._pictures:
            for match in _PLACEHOLDER.finditer(line):
                if match[0] in self._texts or match[0] in self._pictures:
                    yield Placeholder(match.start(), match.end())

    def expanded(self, text: str) -> str:
        """The words with every paste in its place; pictures stay placeholders."""
        if not self._texts:
            return text
        return _PLACEHOLDER.sub(lambda match: self._texts.get(match[0], match[0]), text)

    def collapsed(self, text: str) -> str:
        """The reverse: what was pasted, and is still there, behind its placeholder again."""
        for placeholder, paste in sorted(self._texts.items(), key=lambda item: -len(item[1])):
            text = text.replace(paste, placeholder, 1)
        return text

    def pictures(self, text: str) -> list[Picture]:
        """Those whose placeholders stand in a text, in its order."""
        found = (self._pictures.get(match[0]) for match in _PLACEHOLDER.finditer(text))
        return [picture for picture in found if picture is not None]

    def texts(self, text: str) -> dict[str, str]:
        """The pastes whose placeholders stand in a text."""
        return {name: paste for name, paste in self._texts.items() if name in text}

    def lasting(self, text: str) -> str:
        """A text for the history: instead of a picture the path it has, or nothing."""

        def named(match: re.Match[str]) -> str:
            picture = self._pictures.get(match[0])
            return match[0] if picture is None else picture.path and f'@"{picture.path}"'

        return _PLACEHOLDER.sub(named, text)

    def adopt(self, text: str, pastes: Mapping[str, str]) -> str:
        """A text of the history with its pastes behind placeholders of ours."""
        return _PLACEHOLDER.sub(
            lambda match: self.add_text(pastes[match[0]]) if match[0] in pastes else match[0], text
        )

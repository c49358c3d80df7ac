"""What counts as a word for the full-text search: in scripts without spaces, every character."""

import re

# Unicode's blocks of Thai, Lao, Myanmar, Khmer, kana, Han and Hangul, and what stands between.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u318f"
    "\u31a0-\u31ff\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def spaced(text: str) -> str:
    """A text with the characters of such scripts apart, so that any part of it can be found.

    FTS5's tokenizers would take a whole sentence for one word; its trigrams find nothing shorter
    than three characters, which most words of these scripts are.
    """
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text)


def matching(terms: tuple[str, ...]) -> str:
    """The query for these terms as FTS5 writes it (sqlite.org/fts5.html, section 3): each is a
    string, so that nothing in it is an operator."""
    return " ".join(map(_phrase, terms))


def _phrase(term: str) -> str:
    bare = spaced(term.rstrip("*")).strip().replace('"', '""')
    return f'"{bare}"*' if term.endswith("*") else f'"{bare}"'

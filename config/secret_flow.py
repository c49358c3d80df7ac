"""Hides secrets in a text that comes in pieces, wherever it is cut."""

import re

from .secret_finder import Found, SecretFinder, hide

_TOKEN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+/=.~$|:%\\@!-"
_TELLING = re.compile(r"[0-9]|[A-Za-z]{24}")
_CONTEXT = 96
"""Characters already passed on that are looked at again: the name before a value, mostly."""
_SHORTEST = 8
_LONG = re.compile(r"\S{8}")
"""Without so many characters in a row there is no secret: known values with blanks are looked for
in records that are whole."""
_LONGEST = 16_384
"""Characters that may be held back: a private key has less."""
_PEM = "-----BEGIN "
_MARK = 60
"""Characters that a PEM's first line has at most."""


class SecretFlow:
    """Takes a text piece by piece and gives it back with its secrets hidden.

    What may be the beginning of a secret is held back until its end, which is the end of the word
    as a rule; so a person sees everything but the last word at once.
    """

    def __init__(self, finder: SecretFinder) -> None:
        self._finder = finder
        self._context = ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece; return what can be shown of it and of what was held back."""
        if not self._held and not _LONG.search(self._context[1 - _SHORTEST :] + piece):
            # Most words of a model are so short that no secret can end in them.
            self._context = (self._context + piece)[-_CONTEXT:]
            return piece
        text = self._held + piece
        return self._pass_on(text, len(text) - self._unfinished(text))

    def finish(self) -> str:
        """Return what is still held back; the next piece begins a new text."""
        shown = self._pass_on(self._held, len(self._held))
        self._context = ""
        return shown

    def _pass_on(self, text: str, end: int) -> str:
        """Hold back what is beyond `end`, and return the rest, hidden."""
        self._held = text[end:]
        text = text[:end]
        before = len(self._context)
        seen = self._context + text
        self._context = seen[-_CONTEXT:]
        found = tuple(
            Found(max(0, secret.start - before), secret.end - before, secret.kind)
            for secret in self._finder.find(seen)
            if secret.end > before
        )
        return hide(text, found) if found else text

    def _unfinished(self, text: str) -> int:
        """How many characters at the end may belong to a secret that goes on."""
        whole = self._context + text
        begun = whole.rfind(_PEM)
        if begun >= 0 and _goes_on(whole[begun:]):
            return min(len(text), len(whole) - begun)
        word = whole[len(whole.rstrip(_TOKEN)) :]
        if _SHORTEST <= len(word) < _LONGEST and _TELLING.search(word):
            return min(len(text), len(word))
        return 0


def _goes_on(pem: str) -> bool:
    """Whether this is, or may become, the beginning of a private key."""
    private = "PRIVATE KEY" in pem[:_MARK] or len(pem) < _MARK
    return private and "-----END " not in pem and len(pem) < _LONGEST

"""Finds what looks like a key in any text, and hides it.

Three kinds are found: values that this process knows to be secret, tokens that have a shape of
their own (`defaults/secrets.json`: about a hundred kinds), and values without a shape that are
assigned to a name that says what they are, sent as an `Authorization` or written into a URL.
Examples and placeholders are no secrets.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from .secret_looks import looks_chosen, looks_generated, looks_made_up, worth_hiding
from .secret_rules import rules

_RUN = re.compile(r"[0-9A-Za-z_+/=.~$|:%\\-]{16,16384}")
"""What every token is part of. Ordinary text has few, so that the rules see little of it."""
_TELLING = re.compile(r"[0-9]|[A-Za-z]{24}|A[KS]IA|gl[a-z]{2,5}-")
"""What tokens have of which words have nothing: a digit, or very many letters."""

_NAMES = (
    r"(?i)(?:secret|token|passw(?:or)?d|passphrase|credential|"
    r"(?:api|access|account|auth|client|encryption|master|private|service|signing)[_.-]?key)"
    r"(?:[_-]?(?:value|string|base64|b64))?[\\\"'`\]]{0,3}[ \t]{0,4}$"
)
"""Names whose value is a secret, at the end of what stands before the value. This and the other
texts of patterns are seldom needed, and compiled by `re` when they are."""
_HARMLESS = (
    r"(?i)(?:next|page|continuation|resume|request|idempotency|csrf|public|hash|pad|eos|bos)"
    r"[_.-]?(?:token|key)[\\\"'`\]]{0,3}[ \t]{0,4}$"
)
"""Names that only sound so."""
_ASSIGNED = re.compile(
    r"[:=][ \t]{0,4}(?P<quote>\\{0,2}[\"'`]?)(?P<value>[0-9A-Za-z_+/.~-]{16,200}={0,2})"
    r"(?:(?P=quote)|(?=[\s\\;,&#]|$))"
)
_HEADERS = tuple(
    re.compile(scheme + r" {1,2}(?P<value>[0-9A-Za-z_+/.~-]{16,400}={0,2})(?=[\s\\\"'`,;)]|$)")
    for scheme in ("Bearer", "bearer", "Basic", "basic", "Token", "token")
)
"""One by one: a pattern that begins with a word is searched for ten times as fast."""
_IN_URL = r"://[^\s:/@'\"<>(){}\[\]$`]{0,80}:(?P<value>[^\s:/@'\"<>(){}\[\]$`\\|*]{8,120})@[\w.\[-]"
_PEM_MARK = r"-----{} (?:[A-Z0-9]+ ){{0,3}}PRIVATE KEY(?: BLOCK)?-----"
_PEM = (
    _PEM_MARK.format("BEGIN")
    + r"(?:(?P<body>[0-9A-Za-z+/=\s\\:,.()|>-]{0,20000}?)"
    + _PEM_MARK.format("END")
    # The end may have been cut off: then as far as the lines of base 64 go.
    + r"|(?P<lines>(?:[\s\\nr|>+:0-9]{0,20}[0-9A-Za-z+/=]{40,}){1,400}"
    r"(?:[\s\\nr|>+:0-9]{0,20}[0-9A-Za-z+/=]{1,39}\Z)?))"
)
_BASE64 = r"[0-9A-Za-z+/=]{32,}"
_LOOK_BACK = 64
"""Characters before a value that may hold its name."""


class Found(Struct, frozen=True):
    """A place in a text that looks like a secret."""

    start: int
    end: int
    kind: str
    """What it seems to be, for people: `AWS Client ID`. Never a part of it."""


class SecretFinder:
    """Finds secrets in texts; quick where there are none."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """`known`: values that are secret whatever they look like, by the names of the variables
        that hold them. Those that say nothing (`password`, a path, fewer than eight characters)
        are left out."""
        self._secret = [*(known or {}).items()]
        self._known = tuple(_spellings(self._secret))

    def learn(self, name: str, value: str) -> None:
        """Know one more value that is secret, from here on; those of the same name stay known."""
        if (name, value) in self._secret:
            return
        self._secret.append((name, value))
        self._known = tuple(_spellings(self._secret))

    def find(self, text: str) -> tuple[Found, ...]:
        """All secrets in order, without overlaps."""
        if len(text) < 8:
            return ()
        found = [*self.find_known(text), *_by_shape(text), *_by_place(text)]
        return _apart(found) if found else ()

    def find_known(self, text: str) -> Iterator[Found]:
        """Where the known values are, and nothing else."""
        for value, kind in self._known:
            start = text.find(value)
            while start >= 0:
                yield Found(start, start + len(value), kind)
                start = text.find(value, start + len(value))

    def redact(self, text: str) -> str:
        """The text with `[redacted: kind]` for every secret; the very same if there is none."""
        while found := self.find(text):
            text = hide(text, found)
        return text

    def redact_known(self, text: str) -> str:
        """Like `redact`, for known values only."""
        found = _apart([*self.find_known(text)])
        return hide(text, found) if found else text


def hide(text: str, found: tuple[Found, ...]) -> str:
    """The text with `[redacted: kind]` in these places, which are in order and apart."""
    pieces: list[str] = []
    end = 0
    for secret in found:
        pieces += (text[end : secret.start], f"[redacted: {secret.kind}]")
        end = secret.end
    return "".join((*pieces, text[end:]))


def _spellings(known: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Known values with their kinds, longest first, also as URLs and base 64 have them."""
    from base64 import b64encode
    from urllib.parse import quote

    spelled: dict[str, str] = {}
    for name, value in known:
        value = value.strip()
        if worth_hiding(value):
            encoded = b64encode(value.encode(errors="replace")).decode().rstrip("=")
            for form in (value, quote(value, safe="", errors="replace"), encoded):
                spelled.setdefault(form, f"value of {name}")
    yield from sorted(spelled.items(), key=lambda item: -len(item[0]))


def _by_shape(text: str) -> Iterator[Found]:
    if "PRIVATE KEY" in text:
        for match in re.finditer(_PEM, text):
            if re.search(_BASE64, match["body"] or match["lines"]):
                yield Found(*match.span(), "private key")
    runs = "\n".join(filter(_TELLING.search, dict.fromkeys(_RUN.findall(text))))
    for rule in rules() if runs else ():
        if rule.may_be_in(runs):
            for start, end in rule.places(text):
                if not looks_made_up(text[start:end]):
                    yield Found(start, end, rule.kind)


def _by_place(text: str) -> Iterator[Found]:
    for match in _ASSIGNED.finditer(text):
        if looks_generated(match["value"]) and _is_named(text, match.start()):
            yield Found(*match.span("value"), "secret by its name")
    for header in _HEADERS:
        for match in header.finditer(text):
            if looks_generated(match["value"]):
                yield Found(*match.span("value"), "authorization")
    if "://" in text and "@" in text:
        for match in re.finditer(_IN_URL, text):
            if looks_chosen(match["value"]):
                yield Found(*match.span("value"), "password in a URL")


def _is_named(text: str, end: int) -> bool:
    before = text[max(0, end - _LOOK_BACK) : end]
    return re.search(_NAMES, before) is not None and re.search(_HARMLESS, before) is None


def _apart(found: list[Found]) -> tuple[Found, ...]:
    """In order, what overlaps joined under the name of what begins first."""
    apart: list[Found] = []
    for secret in sorted(found, key=lambda secret: (secret.start, -secret.end)):
        if apart and secret.start < apart[-1].end:
            last = apart[-1]
            apart[-1] = Found(last.start, max(last.end, secret.end), last.kind)
        else:
            apart.append(secret)
    return tuple(apart)

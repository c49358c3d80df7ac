"""Tells values that may be secrets from examples, placeholders and names."""

import math
import re
from collections import Counter

_MADE_UP = (
    r"(?i)example|xxxx|placeholder|change.?me|replace.?me|your[_-]|dummy|fake|sample|redacted"
    r"|insert|notreal|deadbeef|1a2b3c|\.\.\.|\*\*\*|ixmjm0nty3odkw"
)
"""The last is 1234567890 in the JSON Web Token that everybody quotes."""
_REPEATED = r"([^A])\1{5}|(.{2,8})\2{3}"
"""`A` is base 64 for zeroes, which keys do hold."""
_ORDER = "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl"
_SEQUENCES = frozenset(line[at : at + 6] for line in _ORDER for at in range(len(line) - 5))
_TURNS = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[a-z])")
_DOTTED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_SHORT_NUMBER = r"[0-9A-Fa-f]{16,31}|.{16,19}"
_WORDS = r"(?i)pass|pwd|secret|token|user|key|admin|root|test"
_LEAST_ENTROPY = 2.8
"""Bits for each character; 20 random base 32 characters have 3.5, words in a row seldom above 3."""
_COMMON = frozenset(
    {"password", "passw0rd", "changeme", "development", "production", "postgres", "postgresql"}
    | {"localhost", "administrator", "disabled", "undefined", "username", "anonymous", "optional"}
)


def looks_made_up(value: str) -> bool:
    """Whether a value that has the shape of a token stands for one only."""
    lower = value.lower()
    return (
        re.search(_MADE_UP, value) is not None
        or re.search(_REPEATED, value) is not None
        or any(lower[at : at + 6] in _SEQUENCES for at in range(len(lower) - 5))
        or entropy(value) < _LEAST_ENTROPY
    )


def looks_generated(value: str) -> bool:
    """Whether a value without a shape seems to come from a generator, not from a person.

    Generators change between letters and digits, and between cases, far more often than names do:
    three times at least, and for every fourth character. Short numbers are versions and checksums.
    """
    between = len(_TURNS.findall(value))
    if between < 3 or between + len(_CASES.findall(value)) < len(value) / 4:
        return False
    if re.fullmatch(_DOTTED, value) or re.fullmatch(_SHORT_NUMBER, value):
        return False
    return not looks_made_up(value) and "test" not in value.lower()


def looks_chosen(value: str) -> bool:
    """Whether the password of a URL is more than a word that says that one belongs there."""
    if re.search(_WORDS, value) or looks_made_up(value):
        return False
    return not value.isdigit() and not value.isalpha() and "%s" not in value


def worth_hiding(value: str) -> bool:
    """Whether a value that is known to be secret can be told from ordinary words."""
    return (
        len(value) >= 8
        and len(set(value)) >= 5
        and value.lower() not in _COMMON
        and not value.startswith(("/", "~", "./", "http://", "https://"))
    )


def entropy(value: str) -> float:
    """Shannon's, in bits for each character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())

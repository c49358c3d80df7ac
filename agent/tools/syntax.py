"""The syntax errors that a change brought into a file, for the languages whose parser comes with
Python: Python itself, JSON, TOML and XML.
"""

import os.path
from collections.abc import Callable

import msgspec

from .textfile import split_lines

_MOST_CHARACTERS = 1_000_000
"""Parsing a larger text takes longer than the answer is worth."""

_WITH_COMMENTS = ("tsconfig", "jsconfig", "devcontainer", ".eslintrc", "babel.config", "settings")
"""Beginnings of names of JSON files whose programs allow comments in them."""


class _Fault(msgspec.Struct, frozen=True):
    """The first error that a parser met."""

    line: int
    """1-based; 0 where the parser names none."""
    reason: str


_Check = Callable[[str], _Fault | None]


def new_errors(path: str, before: str | None, after: str) -> tuple[str, ...]:
    """One sentence for each syntax error that `after` has and `before` (None: a new file) had not.

    Parsers stop at their first error. So where both texts are wrong, an error counts as new only
    if its line was not in the old text: another one may have been hidden behind the first. Empty
    also for languages and sizes that are not checked. Must not raise.
    """
    check = _check_for(path)
    if check is None or len(after) > _MOST_CHARACTERS:
        return ()
    fault = check(after)
    if fault is None or (before is not None and _was_there(check, before, fault, after)):
        return ()
    where = f"line {fault.line}: " if fault.line else ""
    return (f"{os.path.basename(path)}: {where}{fault.reason}",)


def _was_there(check: _Check, before: str, fault: _Fault, after: str) -> bool:
    if len(before) > _MOST_CHARACTERS or check(before) is None:
        return False
    lines = [line.strip() for line in split_lines(after)]
    faulty = lines[fault.line - 1] if 0 < fault.line <= len(lines) else ""
    return faulty in (line.strip() for line in split_lines(before))


def _check_for(path: str) -> _Check | None:
    name = os.path.basename(path).lower()
    match os.path.splitext(name)[1]:
        case ".py" | ".pyi":
            return _python
        case ".json" | ".ipynb" if not name.startswith(_WITH_COMMENTS):
            return _json
        case ".toml":
            return _toml
        case ".xml" | ".svg" | ".xsd" | ".xsl" | ".xslt" | ".csproj":
            return _xml
        case _:
            return None


def _python(text: str) -> _Fault | None:
    import sys
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<edited>", "exec", dont_inherit=True)
    except SyntaxError as error:
        version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        return _Fault(error.lineno or 0, f"{error.msg} (as {version} reads it)")
    except ValueError as error:
        return _Fault(0, str(error))
    except (RecursionError, MemoryError):
        # Too deep for the parser is not a mistake in the text.
        return None
    return None


def _json(text: str) -> _Fault | None:
    import json

    error = _refusal(json.loads, text)
    if not isinstance(error, json.JSONDecodeError):
        return None
    return _Fault(error.lineno, f"{error.msg} (column {error.colno})")


def _toml(text: str) -> _Fault | None:
    import re
    import tomllib

    error = _refusal(tomllib.loads, text)
    if not isinstance(error, tomllib.TOMLDecodeError):
        return None
    message = str(error)
    at_line = re.search(r"at line (\d+)", message)
    return _Fault(int(at_line[1]) if at_line else text.count("\n") + 1, message)


def _refusal(load: Callable[[str], object], text: str) -> ValueError | None:
    """What a loader says against a text. A bare `ValueError` is no mistake in it: it is an integer
    with more digits than Python converts."""
    try:
        load(text)
    except ValueError as error:
        return error
    except RecursionError:
        # Too deep for the parser: no mistake either.
        return None
    return None


def _xml(text: str) -> _Fault | None:
    from xml.parsers import expat

    if "<!ENTITY" in text:
        # Entities may expand without end, and their declarations may be elsewhere.
        return None
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(text.encode(errors="replace"), True)
    except expat.ExpatError as error:
        return _Fault(error.lineno, expat.ErrorString(error.code))
    return None

"""Turns a failed check into an error that a person can act on. Imported only when one failed."""

import difflib
import re
import typing
from collections.abc import Iterable, Iterator

import msgspec

from .errors import ConfigError
from .settings import Settings
from .sources import Source
from .values import KeyPath, Table, dotted, value_at

_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<where>.*)`)?")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_NAMES = {
    "object": "a table",
    "array": "a list",
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def explained(
    error: msgspec.ValidationError,
    kind: type[msgspec.Struct],
    values: Table,
    source: Source,
    path: KeyPath,
) -> ConfigError:
    """The error for what msgspec found in `values`, the table of `source` at `path`."""
    match = _MESSAGE.fullmatch(str(error))
    what, where = (match["what"], match["where"] or "") if match else (str(error), "")
    inner = tuple(re.findall(r"\.([A-Za-z0-9_]+)", where))
    if unknown := _UNKNOWN.fullmatch(what):
        return _unknown_key(unknown["name"], kind, inner, source, path)
    expected = _expected(what, _annotation(kind, inner))
    return source.error((*path, *inner), f"{expected}, not {value_at(values, inner)!r}")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`; empty if none is alike."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def _unknown_key(
    name: str, kind: type[msgspec.Struct], inner: KeyPath, source: Source, path: KeyPath
) -> ConfigError:
    table = (*path, *inner)
    siblings = list(_struct(kind, inner).__struct_fields__)
    if not table and source.layer == "user":
        siblings.append("profiles")
    close = nearest(name, siblings)
    # A key may also be right, but in the wrong table.
    guess = dotted((*table, close)) if close else _elsewhere(dotted((*table, name)), name)
    known = f"did you mean {guess!r}?" if guess else f"known here: {', '.join(sorted(siblings))}"
    return source.error((*table, name), f"unknown key; {known}")


def _elsewhere(key: str, name: str) -> str:
    keys = list(_keys(Settings, ()))
    close = nearest(key, keys)
    return close or next((known for known in keys if known.rpartition(".")[2] == name), "")


def _keys(kind: type[msgspec.Struct], path: KeyPath) -> Iterator[str]:
    for name, annotation in typing.get_type_hints(kind).items():
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            yield from _keys(annotation, (*path, name))
        else:
            yield dotted((*path, name))


def _struct(kind: type[msgspec.Struct], path: KeyPath) -> type[msgspec.Struct]:
    """The class that the fields in `path` lead to; the last one that is a class of ours."""
    for name in path:
        inner: object = typing.get_type_hints(kind).get(name)
        if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
            break
        kind = inner
    return kind


def _annotation(kind: type[msgspec.Struct], path: KeyPath) -> object:
    if not path:
        return kind
    return typing.get_type_hints(_struct(kind, path[:-1]), include_extras=True).get(path[-1])


def _expected(what: str, annotation: object) -> str:
    """What msgspec, or better the field itself, says it wants."""
    if typing.get_origin(annotation) is typing.Literal:
        choices = [repr(choice) for choice in typing.get_args(annotation)]
        return f"expected one of {', '.join(choices)}"
    for extra in typing.get_args(annotation)[1:]:
        if isinstance(extra, msgspec.Meta) and extra.description and "regex" in what:
            return f"expected {extra.description}"
    wanted = what.partition(", got ")[0]
    named = re.sub(r"`(\w+)`", lambda match: _NAMES.get(match[1], match[0]), wanted)
    return named[:1].lower() + named[1:]

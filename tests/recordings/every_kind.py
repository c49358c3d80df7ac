"""A record of every kind with every field set, made of the types themselves.

    python tests/recordings/every_kind.py

adds them to the recordings of the present format, where something in them is not recorded yet.
"""

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from kedge.agent.codec import digest, encode
from kedge.agent.events import Event, Fact
from kedge.agent.formats import FORMAT_VERSION

FOLDER = Path(__file__).parent / f"format-{FORMAT_VERSION}" / "kinds"


def every_kind() -> list[bytes]:
    """The lines of a log."""
    lines: list[bytes] = []
    for seq, kind in enumerate(_alternatives(Fact), 1):
        prev = digest(lines[-1]) if lines else ""
        body = _value(kind, "")
        event = Event(
            seq, "every-kind", ("main",), 1, "2026-11-21T09:00:00.000000+00:00", body, prev
        )
        lines.append(encode(event))
    return lines


def shape(value: object, place: str = "") -> Iterator[str]:
    """The place of everything within JSON, without the values."""
    match value:
        case dict():
            named = place if "kind" not in value else f"{value['kind']}"
            for key, inner in value.items():
                yield from shape(inner, f"{named}.{key}")
        case list():
            for inner in value:
                yield from shape(inner, f"{place}[]")
        case _:
            yield place


def shapes(lines: list[bytes]) -> set[str]:
    """All places in these records."""
    return {place for line in lines for place in shape(msgspec.json.decode(line))}


def _alternatives(kind: Any) -> tuple[Any, ...]:
    is_union = get_origin(kind) in (Union, types.UnionType)
    return (
        tuple(one for part in get_args(kind) for one in _alternatives(part))
        if is_union
        else (kind,)
    )


_PLAIN = {str: "some", int: 7, float: 0.25, bool: True, object: {"answer": 42}}


def _value(kind: Any, name: str) -> Any:
    if kind in _PLAIN:
        return f"some {name}" if kind is str else _PLAIN[kind]
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin in (Union, types.UnionType):
            return _value(_richest(kind), name)
        case origin if origin is Literal:
            return arguments[-1]
        case origin if origin is Annotated:
            return _value(arguments[0], name)
        case origin if origin is dict:
            return {"some key": _value(arguments[1], name)}
        case origin if origin is tuple:
            inner = _alternatives(arguments[0]) if arguments[-1] is Ellipsis else arguments
            return tuple(_value(one, name) for one in inner)
        case _:
            hints = get_type_hints(kind)
            return kind(**{field: _value(hints[field], field) for field in kind.__struct_fields__})


def _richest(kind: Any) -> Any:
    """Of several, the one with most in it."""
    return max(
        _alternatives(kind),
        key=lambda one: (
            hasattr(one, "__struct_fields__"),
            one is not type(None),
            one not in _PLAIN,
        ),
    )


def main() -> None:
    """Write them down, unless that was done before."""
    recorded = [line for file in FOLDER.glob("*.jsonl") for line in file.read_bytes().splitlines()]
    lines = every_kind()
    if shapes(lines) <= shapes(recorded):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    number = len(list(FOLDER.glob("*.jsonl"))) + 1
    (FOLDER / f"{number}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())

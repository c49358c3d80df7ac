"""Records to lines and back, for every kind, and what becomes of lines that are none."""

import contextlib
import json
import types
from collections.abc import Mapping
from typing import Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent import events, messages
from kedge.agent.codec import decode, digest, encode, legible, sequence
from kedge.agent.errors import StoreError
from kedge.agent.events import Body, Event, Notice, Progress
from kedge.config import exit_codes

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
PLAIN = {
    str: TEXT,
    int: st.integers(0, 2**60),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    object: JSON,
}


def values(kind):
    """A strategy for any type that records are made of."""
    if kind in PLAIN:
        return PLAIN[kind]
    inner = get_args(kind)
    match get_origin(kind):
        case None:
            return structs_of(kind)
        case origin if origin is Literal:
            return st.sampled_from(inner)
        case origin if origin in (Union, types.UnionType):
            return st.one_of([values(one) for one in inner])
        case origin if origin is tuple:
            if inner[1] is ...:
                return st.lists(values(inner[0]), max_size=2).map(tuple)
            return st.tuples(*map(values, inner))
        case origin if origin in (dict, Mapping):
            return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    raise AssertionError(f"no strategy for {kind!r}")


def structs_of(kind):
    names = vars(events) | vars(messages) | vars(exit_codes)
    fields = {name: values(hint) for name, hint in get_type_hints(kind, names).items()}
    return st.builds(kind, **fields)


KINDS = get_args(Body)
ENVELOPES = {
    "seq": st.integers(1, 2**60),
    "session": TEXT,
    "path": st.lists(TEXT, max_size=3).map(tuple),
    "turn": st.integers(0, 2**31),
    "ts": TEXT,
}


def event(body, **fields):
    prev = None if isinstance(body, Progress) else ""
    return Event(**{"seq": 1, "session": "s", "path": ("main",), "turn": 0, "ts": "t",
                    "body": body, "prev": prev, **fields})  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__struct_config__.tag)
@given(data=st.data())
def test_every_record_survives_its_line(kind, data):
    body = data.draw(structs_of(kind))
    record = event(body, **{name: data.draw(field) for name, field in ENVELOPES.items()})
    line = encode(record)
    assert decode(line) == record
    assert encode(decode(line)) == line
    assert sequence(line) == record.seq
    assert b"\n" not in line


def test_every_kind_has_a_name_of_its_own():
    names = [kind.__struct_config__.tag for kind in KINDS]
    assert len(set(names)) == len(names)
    assert all(kind.__struct_config__.tag_field == "kind" for kind in KINDS)


def test_no_body_has_a_field_that_the_envelope_has():
    own = set(Event.__struct_fields__) | {"v", "kind"}
    for kind in KINDS:
        assert own.isdisjoint(kind.__struct_fields__), kind


def test_a_line_is_one_flat_object_with_the_envelope_first():
    line = encode(event(Notice("retry", "again")))
    assert line == (
        b'{"v":1,"seq":1,"session":"s","path":["main"],"turn":0,"ts":"t","prev":"",'
        b'"kind":"notice","code":"retry","text":"again"}'
    )


LINE = json.loads(encode(event(Notice("retry", "again"))))


def test_unknown_kinds_are_passed_over():
    line = json.dumps(LINE | {"kind": "dreamt"}).encode()
    assert decode(line) is None
    assert sequence(line) == 1


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key not in LINE), JSON, max_size=3))
def test_unknown_fields_are_ignored(more):
    assert decode(msgspec.json.encode(more | LINE)) == event(Notice("retry", "again"))


@pytest.mark.parametrize("field", [name for name in LINE if name != "prev"])
def test_a_record_without_one_of_its_fields_is_damaged(field):
    short = {name: value for name, value in LINE.items() if name != field}
    with pytest.raises(StoreError):
        decode(json.dumps(short).encode())


@pytest.mark.parametrize(
    "change", [{"seq": "1"}, {"seq": None}, {"text": 1}, {"kind": 1}, {"path": "main"}, {"v": None}]
)
def test_a_record_with_a_field_of_another_type_is_damaged(change):
    with pytest.raises(StoreError):
        decode(json.dumps(LINE | change).encode())


def test_a_damaged_body_is_named_by_the_number_of_its_record():
    with pytest.raises(StoreError, match="record 7: "):
        decode(json.dumps(LINE | {"seq": 7, "text": 1}).encode())


def test_a_body_whose_own_kind_field_is_wrong_is_damaged_not_unknown():
    started = {"id": "1", "tool": "t", "arguments": {}, "effects": [{"kind": "fly", "target": ""}]}
    with pytest.raises(StoreError):
        decode(json.dumps(LINE | {"kind": "action.proposed"} | started).encode())


def test_a_record_of_a_later_format_is_refused_and_says_so():
    with pytest.raises(StoreError, match="record 1 has format 2; this kedge reads format 1"):
        decode(json.dumps(LINE | {"v": 2}).encode())


@given(st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_what_is_no_record_is_a_store_error_and_nothing_else(line):
    with pytest.raises(StoreError):
        decode(line)
    with pytest.raises(StoreError):
        sequence(line)


@given(st.data())
def test_every_damaged_record_is_a_store_error_and_nothing_else(data):
    line = bytearray(encode(event(Notice("retry", "again ü"))))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(StoreError):
        decode(bytes(line))


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000, b'{"x":' + b"[" * 100_000])
def test_bottomless_nesting_is_damage(deep):
    with pytest.raises(StoreError):
        decode(deep)


def test_the_digest_is_sha256_of_the_line():
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__struct_config__.tag)
@given(data=st.data())
def test_a_record_that_is_made_legible_can_be_written_and_is_otherwise_the_same(kind, data):
    record = event(data.draw(structs_of(kind)))
    assert legible(record) == record


def test_lone_surrogates_are_replaced_wherever_they_are():
    said = messages.ToolCall("1", "read", "{}")
    bad = "caf\udce9"
    record = event(
        events.ActionProposed(bad, said.name, {bad: [bad, 1]}, (events.Effect("read", bad),))
    )
    with pytest.raises(UnicodeEncodeError):
        encode(record)
    assert decode(encode(legible(record))) == event(
        events.ActionProposed(
            "caf?", "read", {"caf?": ["caf?", 1]}, (events.Effect("read", "caf?"),)
        )
    )

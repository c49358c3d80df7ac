"""The published schema of the records."""

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from msgspec import structs

import kedge.agent
from kedge.agent.codec import encode
from kedge.agent.events import Body, CheckEnded, Event, Failure, Notice, TextStreamed
from kedge.agent.outcome import Outcome
from kedge.agent.schema import events_schema

CHECKED_IN = Path(kedge.agent.__path__[0]) / "events.schema.json"
SCHEMA = json.loads(events_schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
LINE = json.loads(encode(Event(1, "s", ("main",), 0, "t", Notice("c", "x"), "")))


def test_the_checked_in_schema_is_the_one_that_the_types_make():
    assert CHECKED_IN.read_text() == events_schema() + "\n", (
        "the records have changed; look at the difference, then write it down with: "
        "kedge schema events > agent/events.schema.json"
    )


def test_it_is_a_valid_json_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_it_has_every_kind_once():
    kinds = [body.__struct_config__.tag for body in get_args(Body)]
    assert SCHEMA["oneOf"] == [{"$ref": f"#/$defs/{kind}"} for kind in kinds]
    for kind in kinds:
        assert SCHEMA["$defs"][kind]["properties"]["kind"] == {"enum": [kind]}


def test_every_definition_is_used():
    text = json.dumps(SCHEMA)
    assert all(f'"#/$defs/{name}"' in text for name in SCHEMA["$defs"])


def test_a_record_within_a_record_needs_no_envelope(core):
    check, failure = CheckEnded("tests", ok=True), Failure("server", "x")
    result = Outcome(core.started).result(duration_ms=1)
    result = structs.replace(
        result, error=failure, evidence=structs.replace(result.evidence, checks=(check,))
    )
    VALIDATOR.validate(json.loads(encode(Event(1, "s", ("main",), 1, "t", result, ""))))


def test_a_record_fits():
    VALIDATOR.validate(LINE)
    VALIDATOR.validate(json.loads(encode(Event(1, "s", (), 0, "t", TextStreamed("x")))))
    VALIDATOR.validate(LINE | {"later": "field"})


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"seq": "1"}, {"kind": "dreamt"}, {"text": None}, {"path": "main"}, {"prev": 0}],
)
def test_what_is_no_record_does_not_fit(change):
    assert not VALIDATOR.is_valid(LINE | change)


@pytest.mark.parametrize("field", [name for name in LINE if name != "prev"])
def test_every_field_of_the_envelope_and_the_body_is_required(field):
    assert not VALIDATOR.is_valid({name: LINE[name] for name in LINE if name != field})

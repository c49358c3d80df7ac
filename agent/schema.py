"""The JSON Schema of the records, made from their types: `kedge schema events`."""

import json
from typing import cast, get_args

import msgspec

from .codec import Envelope
from .events import Body
from .formats import FORMAT_VERSION

_JsonObject = dict[str, object]


def events_schema() -> str:
    """The schema of one record, as JSON text.

    Unknown fields are allowed everywhere: readers ignore what they do not know.
    """
    bodies = get_args(Body)
    _, components = msgspec.json.schema_components(
        (Envelope, *bodies), schema_hook=_anything, ref_template="#/$defs/{name}"
    )
    envelope = cast(_JsonObject, components.pop(Envelope.__name__))
    cast(_JsonObject, envelope["properties"])["v"] = {"const": FORMAT_VERSION}
    records = {
        body.__struct_config__.tag: _record(envelope, cast(_JsonObject, components[body.__name__]))
        for body in bodies
    }
    parts = {name: part for name, part in components.items() if _used(name, components)}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kedge record",
        "description": "One line of a session log or of --output-format stream-json.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in records],
        "$defs": records | parts,
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _record(envelope: _JsonObject, body: _JsonObject) -> _JsonObject:
    """Both side by side, as a line has them."""
    properties = cast(_JsonObject, envelope["properties"]) | cast(_JsonObject, body["properties"])
    required = [*cast("list[str]", envelope["required"]), *cast("list[str]", body["required"])]
    return body | {"properties": properties, "required": required}


def _used(name: str, components: _JsonObject) -> bool:
    """Whether something is made of it; most bodies are whole records and nothing else."""
    return json.dumps(f"#/$defs/{name}") in json.dumps(components)


def _anything(kind: type) -> _JsonObject:
    """`object` stands for any JSON value."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(f"no JSON Schema for {kind!r}")

"""The JSON Schema of the records, made from their types: `kedge schema events`."""

import json
from typing import cast, get_args

import msgspec

from .codec import Envelope
from .events import FORMAT_VERSION, Body

_JsonObject = dict[str, object]


def events_schema() -> str:
    """The schema of one record, as JSON text with a newline at its end.

    Unknown fields are allowed everywhere: readers ignore what they do not know.
    """
    bodies = get_args(Body)
    references, components = msgspec.json.schema_components(
        (Envelope, *bodies), schema_hook=_anything, ref_template="#/$defs/{name}"
    )
    envelope = cast(_JsonObject, components.pop(Envelope.__name__))
    fields = cast(_JsonObject, envelope["properties"])
    fields["v"] = {"const": FORMAT_VERSION}
    for body in bodies:
        shape = cast(_JsonObject, components[body.__name__])
        shape["properties"] = fields | cast(_JsonObject, shape["properties"])
        required = cast("list[str]", shape.get("required", []))
        shape["required"] = [*cast("list[str]", envelope["required"]), "kind", *required]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kedge record",
        "description": "One line of a session log or of --output-format stream-json.",
        "oneOf": references[1:],
        "$defs": components,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _anything(kind: type) -> _JsonObject:
    """`object` stands for any JSON value."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(f"no JSON Schema for {kind!r}")

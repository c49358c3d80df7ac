"""The JSON Schema of a tool's arguments: flat, small, in the order of declaration.

msgspec generates it; what models stumble over is taken out: titles, references and `null`
alternatives of optional parameters (leaving a parameter out says the same).
"""

from collections.abc import Collection
from typing import cast

import msgspec

HIDDEN = msgspec.Meta(extra={"hidden": True})
"""Annotates a parameter that is accepted without the model being told of it."""

Schema = dict[str, object]


def flat_schema(arguments: type[msgspec.Struct], hidden: Collection[str] = ()) -> Schema:
    """The schema of a struct with everything inlined, without the properties in `hidden`.

    Raises:
        TypeError: a field's type has no JSON Schema.
    """
    (schema,), components = msgspec.json.schema_components([arguments])
    inlined = _inline(schema, components)
    properties = cast(Schema, inlined.get("properties", {}))
    shown = {name: node for name, node in properties.items() if name not in hidden}
    flat: Schema = {"type": "object", "properties": shown}
    if inlined.get("required"):
        flat["required"] = inlined["required"]
    flat["additionalProperties"] = False
    return flat


def allowed_values(parameters: Schema, place: str) -> tuple[object, ...]:
    """The values that a flat schema lists for a place such as `items[0].mode`; none if it is not
    that simple."""
    node = parameters
    for step in place.replace("[", ".[").split("."):
        if step == "[...]":
            inner = node.get("additionalProperties")
        elif step.startswith("["):
            inner = node.get("items")
        else:
            inner = cast(Schema, node.get("properties", {})).get(step)
        if not isinstance(inner, dict):
            return ()
        node = cast(Schema, inner)
    return tuple(cast("list[object]", node.get("enum", [])))


def _inline(node: Schema, components: dict[str, Schema]) -> Schema:
    reference = node.get("$ref")
    if isinstance(reference, str):
        return _inline(components[reference.rpartition("/")[2]], components)
    return {
        key: _properties(value, components) if key == "properties" else _clean(value, components)
        for key, value in _without_null(node).items()
        if key != "title" and not (key == "default" and value is None)
    }


def _properties(value: object, components: dict[str, Schema]) -> Schema:
    """Its keys are names of parameters, whatever they look like."""
    return {
        name: _inline(schema, components) for name, schema in cast(dict[str, Schema], value).items()
    }


def _clean(value: object, components: dict[str, Schema]) -> object:
    if isinstance(value, dict):
        return _inline(cast(Schema, value), components)
    if isinstance(value, list):
        return [_clean(item, components) for item in cast("list[object]", value)]
    return value


def _without_null(node: Schema) -> Schema:
    options = node.get("anyOf")
    if not isinstance(options, list):
        return node
    real = [option for option in cast("list[Schema]", options) if option != {"type": "null"}]
    if len(real) != 1:
        return node | {"anyOf": real}
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return real[0] | rest

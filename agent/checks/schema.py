"""Holds the answer against a JSON Schema (`--json-schema`).

jsonschema costs 50 ms to import, so only what uses it imports it. Nothing is fetched: a schema may
refer to its own parts only.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from ...config.errors import UsageError
from ..events import CheckEnded
from ..ports import CheckOutcome

if TYPE_CHECKING:
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.protocols import Validator

_Json: TypeAlias = "str | int | float | bool | Mapping[str, _Json] | Sequence[_Json] | None"

_NAME = "output schema"
_MOST_ERRORS = 10
_LONGEST_ERROR = 300
"""Characters of one error: the library quotes the offending value whole."""
_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
"""A fenced block. No line of a JSON text can begin like the fence: strings hold no newlines."""


class SchemaCheck:
    """The answer is good if it is JSON that conforms to a schema."""

    def __init__(self, schema: dict[str, object]) -> None:
        """The schema must be a `validated` one."""
        self._schema = schema

    @property
    def instruction(self) -> str:
        """What the model has to be told, after the prompt."""
        schema = msgspec.json.encode(self._schema).decode()
        return (
            "End with an answer that is nothing but one JSON value conforming to this "
            f"JSON Schema:\n{schema}"
        )

    async def run(self, answer: str) -> CheckOutcome:
        """Judge the answer: its whole text, or else its last fenced block."""
        try:
            value = _value(answer)
            complaint = self._complaint(value)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            return _failed(
                "the answer is not JSON, and neither is the last fenced block in it "
                f"({error}). Answer with one JSON value and nothing else"
            )
        except RecursionError:
            return _failed("the answer, or the schema, is nested too deeply")
        return _failed(complaint) if complaint else CheckOutcome(CheckEnded(_NAME, True), value)

    def _complaint(self, value: _Json) -> str:
        errors = _validator(self._schema).iter_errors(value)
        found = [_words(error) for error in islice(errors, _MOST_ERRORS + 1)]
        if not found:
            return ""
        more = "\n- and more" if len(found) > _MOST_ERRORS else ""
        listed = "\n".join(f"- {words}" for words in found[:_MOST_ERRORS])
        return f"the answer does not conform to the schema:\n{listed}{more}"


def validated(schema: object) -> dict[str, object]:
    """The schema, if answers can be held against it.

    Raises:
        UsageError: it is no object, no valid JSON Schema, or refers to what is not in it.
    """
    from jsonschema.exceptions import SchemaError

    try:
        known = msgspec.convert(schema, dict[str, object])
        validator = _validator(known)
        validator.check_schema(known)
        lost = next(_lost_references(known, str(validator.META_SCHEMA["$schema"])), None)
    except msgspec.ValidationError as error:
        raise UsageError("the output schema is not a JSON object") from error
    except SchemaError as error:
        raise UsageError(f"the output schema is no JSON Schema: {_words(error)}") from error
    except RecursionError as error:
        raise UsageError("the output schema is nested too deeply") from error
    if lost is not None:
        raise UsageError(
            f"the output schema refers to {lost!r}, which is not in it",
            hint="put what it refers to under $defs",
        )
    return known


def _validator(schema: dict[str, object]) -> "Validator":
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing.jsonschema import EMPTY_REGISTRY

    # The registry given is the only one asked: the default one would fetch from the network.
    return validator_for(schema, default=Draft202012Validator)(schema, registry=EMPTY_REGISTRY)


def _lost_references(schema: dict[str, object], dialect: str) -> Iterator[str]:
    """References that lead nowhere: met while validating, they would end in an exception."""
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY, specification_with

    root = specification_with(dialect).create_resource(schema)
    waiting = [(root, EMPTY_REGISTRY.resolver_with_root(root))]
    while waiting:
        resource, resolver = waiting.pop()
        for reference in _references(resource.contents):
            try:
                resolver.lookup(reference)
            except (Unresolvable, ValueError):  # ValueError: a name where an index belongs
                yield reference
        waiting += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]


def _references(schema: object) -> list[str]:
    if not isinstance(schema, dict):
        return []
    fields = cast("dict[str, object]", schema)
    references = (fields.get(name) for name in ("$ref", "$dynamicRef"))
    return [reference for reference in references if isinstance(reference, str)]


def _value(answer: str) -> _Json:
    """The answer as data.

    Raises:
        DecodeError: it is not JSON.
        UnicodeEncodeError: it holds lone surrogates.
    """
    value: _Json
    try:
        value = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        blocks = _FENCED.findall(answer)
        if not blocks:
            raise
        value = msgspec.json.decode(blocks[-1])
    return value


def _failed(complaint: str) -> CheckOutcome:
    return CheckOutcome(CheckEnded(_NAME, False, output=complaint))


def _words(error: "ValidationError | SchemaError") -> str:
    message = error.message
    if len(message) > _LONGEST_ERROR:
        half = _LONGEST_ERROR // 2
        message = f"{message[:half]} [...] {message[-half:]}"
    return f"{error.json_path}: {message}"


if TYPE_CHECKING:
    from ..ports import Check

    _check: type[Check] = SchemaCheck

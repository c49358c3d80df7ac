"""The endpoints that say how long a request is, without answering it."""

import re
from collections.abc import Callable, Mapping

import msgspec

from .faults import Plan, json_plan, plan
from .routes import WIRES
from .script import Fault, Json, Turn, WireName
from .wires.wire import Ask

Counts = int | Fault | Callable[[Json], int]
"""What is said of every request: a number, by its body, or nothing of use."""

_PATHS = re.compile(
    r"(?:/openai|/anthropic|/api)?/v1/(?:(?P<messages>messages/count_tokens)"
    r"|(?P<responses>responses/input_tokens))"
)
_FIELDS: Mapping[WireName, frozenset[str]] = {
    "anthropic": frozenset(
        ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
    ),
    "responses": frozenset(
        ("model", "input", "instructions", "tools", "tool_choice", "reasoning", "text")
        + ("parallel_tool_calls", "truncation", "previous_response_id", "conversation")
    ),
}
"""What the endpoints take; they refuse anything else."""


def is_counting(path: str) -> bool:
    """Whether requests are counted there."""
    return _PATHS.fullmatch(path) is not None


def counting(ask: Ask, body: bytes, said: Counts) -> Plan:
    """The answer to a request for a length.

    Raises: msgspec.DecodeError when it is no JSON object.
    """
    found = _PATHS.fullmatch(ask.path)
    name: WireName = "anthropic" if found and found["messages"] else "responses"
    wire = WIRES[name]
    if isinstance(said, Fault):
        return plan(wire, Turn((), fault=said), ask, crlf=False)
    asked = msgspec.json.decode(body, type=Json)
    if unknown := sorted(asked.keys() - _FIELDS[name]):
        message = f"{unknown[0]}: Extra inputs are not permitted"
        return json_plan(400, wire.error(Fault("status", status=400, message=message), ask))
    tokens = said if isinstance(said, int) else said(asked)
    kind = {"object": "response.input_tokens"} if name == "responses" else {}
    return json_plan(200, {**kind, "input_tokens": tokens})

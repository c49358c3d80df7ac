"""The bytes of requests: how many the first has, and whether each extends the one before it."""

from collections.abc import Iterator
from os.path import commonprefix

import msgspec
from measure import BenchError
from msgspec import Raw, Struct
from rig import Rig
from scenes import tool_turns
from table import TOKENS, Row, within

from loopback.script import Json

_TURNS = 20
_FIRST_TOKENS = 2_500
_BYTES_PER_TOKEN = 4

_MARK = b',"cache_control":{"type":"ephemeral"}'
"""Anthropic's cache marker, which moves with the end of the conversation."""


class Wire(Struct, frozen=True):
    """A provider's wire and where a request keeps its parts."""

    name: str
    model: str
    history: str
    """The field with the growing list."""
    edits: bool
    """Whether this model is given the `edit` tool."""


_WIRES = (
    Wire("Anthropic", "anthropic/claude-opus-5-5", "messages", True),
    Wire("Responses", "openai/gpt-6.1-sol", "input", False),
    Wire("Chat", "deepseek/bench", "messages", False),
)


def first(rig: Rig) -> Iterator[Row]:
    """System text and tools of the first request."""
    body = _bodies(rig, _WIRES[0])[0]
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    names = [str(tool["name"]) for tool in msgspec.json.decode(fields["tools"], type=list[Json])]
    sizes = {name: len(bytes(fields[name])) // _BYTES_PER_TOKEN for name in ("system", "tools")}
    yield within(
        "system text + tools, bytes ÷ 4",
        [float(sum(sizes.values()))],
        TOKENS,
        _FIRST_TOKENS,
        note=f"system {sizes['system']}, {len(names)} tools {sizes['tools']} ({', '.join(names)}); "
        f"the whole first request: {len(body) // _BYTES_PER_TOKEN}",
    )


def extend(rig: Rig) -> Iterator[Row]:
    """Whether request k+1 extends request k, on each wire."""
    for wire in _WIRES:
        bodies = _bodies(rig, wire)
        pairs = list(zip(bodies, bodies[1:], strict=False))
        held = sum(_extends(wire, one, next) for one, next in pairs)
        shared = min(len(commonprefix([one, next])) / len(one) for one, next in pairs)
        yield Row(
            f"request k+1 extends k, {wire.name}",
            f"{held} of {len(pairs)}",
            goal="always",
            reached=held == len(pairs),
            note=f"of the bytes as sent, cache markers and closing brackets included, at least "
            f"{shared:.2%} of a request begin the next",
        )


def _bodies(rig: Rig, wire: Wire) -> list[bytes]:
    with rig.server(tool_turns(_TURNS, edits=wire.edits)) as server, rig.workspace() as workspace:
        options = ("-s", f"providers.deepseek.base_url={server.url}/v1")
        rig.kedge(server.url, *options, model=wire.model).run(workspace)
        requests = server.log.requests
    if len(requests) != _TURNS + 1:
        raise BenchError(f"{len(requests)} requests were made, {_TURNS + 1} expected")
    return [request.body for request in requests]


def _extends(wire: Wire, one: bytes, next: bytes) -> bool:
    """Whether the growing list begins with the shorter one and all else is the same bytes."""
    was, now = (
        msgspec.json.decode(body.replace(_MARK, b""), type=dict[str, Raw]) for body in (one, next)
    )
    grown = bytes(now.pop(wire.history)).startswith(bytes(was.pop(wire.history)).removesuffix(b"]"))
    return grown and list(was.items()) == list(now.items())

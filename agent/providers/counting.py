"""Requests for the length of a request, where a wire has an endpoint for it that costs nothing.

https://platform.claude.com/docs/en/api/messages/count_tokens
https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

SECONDS: Final = 3.0
"""How long an answer is waited for: an estimate is at hand."""


class _Counting(Struct, frozen=True):
    path: str
    """Below the path of the wire."""
    fields: frozenset[str]
    """Of a request of the wire, those that count; the endpoint refuses others."""


_COUNTING: Final[Mapping[str, _Counting]] = {
    "anthropic": _Counting(
        "count_tokens",
        frozenset(("model", "messages", "system", "tools", "thinking", "output_config")),
    ),
    "openai-responses": _Counting(
        "input_tokens",
        frozenset(("model", "input", "instructions", "tools", "reasoning", "parallel_tool_calls")),
    ),
}


class _Answer(Struct, frozen=True):
    input_tokens: int


def path_of(wire: str, path: str) -> str:
    """Where a wire's requests are counted; empty if nowhere."""
    return f"{path}/{_COUNTING[wire].path}" if wire in _COUNTING else ""


def question(wire: str, body: bytes) -> bytes:
    """The body that asks how long the request with this body is."""
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    wanted = _COUNTING[wire].fields
    return msgspec.json.encode({name: fields[name] for name in fields if name in wanted})


def answer(body: bytes) -> int | None:
    """The tokens that an answer tells; None if it tells none."""
    try:
        tokens = msgspec.json.decode(body, type=_Answer).input_tokens
    except msgspec.MsgspecError:
        return None
    # Some compatible servers have the endpoint and count nothing.
    return tokens if tokens > 0 else None

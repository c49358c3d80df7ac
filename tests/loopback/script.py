"""What the test double says: turns as data, independent of any provider's wire.

A script is a list of `Turn`s, a `Script`, or a function of the request. It can be loaded from JSON
(`load_script`), where parts carry `"type": "text" | "thinking" | "call" | "refusal"`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

Json = dict[str, object]

WireName = Literal["anthropic", "responses", "chat"]
WIRE_NAMES: tuple[WireName, ...] = ("anthropic", "responses", "chat")

StopReason = Literal[
    "end",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "refusal",
    "context_window",
    "pause",
    "content_filter",
]

FaultKind = Literal[
    "status",
    "html_200",
    "empty_200",
    "json_200_error",
    "close_before_headers",
    "stall_before_headers",
    "reset_mid_stream",
    "cut_chunked",
    "clean_early_end",
    "stall",
    "error_event",
    "failed_event",
    "malformed_sse",
    "truncated_tool_json",
    "empty_answer",
    "slow",
]

DELIVERED: frozenset[FaultKind] = frozenset({"truncated_tool_json", "empty_answer", "slow"})
"""Faults whose answer ends properly: without `times` they happen once and the script goes on."""

Quirk = Literal[
    "no_usage",
    "no_event_names",
    "no_done",
    "no_tool_index",
    "unknown_event",
    "no_reasoning_content",
]
"""Liberties that real and compatible endpoints take: usage never sent; SSE without `event:`
lines; (chat) no `[DONE]`, tool deltas without `index`, reasoning under `reasoning` instead of
`reasoning_content`; an event (chat: a chunk) of a kind that nobody knows."""


class _Data(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Text(_Data, frozen=True, tag_field="type", tag="text"):
    """Words of the answer."""

    text: str
    repeat: int = 1
    """Above 1, `text` is streamed that many times, one event each (benchmarks)."""

    @property
    def full(self) -> str:
        """All that the client reads."""
        return self.text * self.repeat


class Thinking(_Data, frozen=True, tag_field="type", tag="thinking"):
    """Reasoning: a thinking block, a reasoning item with a summary, `reasoning_content` deltas."""

    text: str
    signature: str = "c2lnbmF0dXJl"
    """Anthropic's signature; Responses' `encrypted_content` (only when the request includes it)."""
    redacted: bool = False
    """Withheld: Anthropic sends `redacted_thinking` with `signature` as data, Responses no summary,
    Chat nothing."""


class Call(_Data, frozen=True, tag_field="type", tag="call"):
    """A tool call."""

    name: str
    arguments: str | Json = "{}"
    """The JSON text exactly as streamed, so it may be broken. An object is written as
    compact JSON."""
    id: str = ""
    """Empty: the server makes one in the wire's style."""

    @property
    def raw(self) -> str:
        """The arguments as the text that is streamed."""
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Refusal(_Data, frozen=True, tag_field="type", tag="refusal"):
    """The model declines: Anthropic says why in `stop_details`, OpenAI in a refusal part."""

    text: str


Part = Text | Thinking | Call | Refusal


class Usage(_Data, frozen=True):
    """Tokens. All input is counted in `input_tokens`, as OpenAI does; Anthropic's uncached rest is
    computed from it."""

    input_tokens: int = 100
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 20
    reasoning_tokens: int = 0


class Fault(_Data, frozen=True):
    """Something that goes wrong with one answer."""

    kind: FaultKind
    times: int | None = None
    """Attempts it happens to before the good answer is served. None: to every attempt, for ever
    (`DELIVERED` kinds: once, as the answer is complete)."""
    after: int = 3
    """Events sent first (mid-stream kinds). Never more than those before the terminal event;
    negative counts from there: -1 is all of them. Pings, comments and `[DONE]` are not counted."""
    status: int = 500
    code: str | None = None
    """The provider's code: for 400 `context_length_exceeded`, for 429 `insufficient_quota`, for
    the event kinds e.g. `server_error`; Anthropic takes its error type or one of these names."""
    message: str | None = None
    headers: dict[str, str] = {}
    """Added to a `status` answer: Retry-After, retry-after-ms, x-should-retry …"""
    body: str | None = None
    """Replaces the JSON body of a `status` answer (a gateway's HTML page)."""
    delay: float = 0.05
    """Seconds before each event (`slow`)."""


class Expect(_Data, frozen=True):
    """Claims about a request, checked before its turn is served."""

    wire: WireName | None = None
    model: str | None = None
    stream: bool | None = None
    last_contains: str | None = None
    """In what was said since the model spoke last (tool results, user text)."""
    contains: str | None = None
    """In any string of the request."""
    lacks: str | None = None
    tools: tuple[str, ...] = ()
    """Names that must be declared."""


class Turn(_Data, frozen=True):
    """One answer of the model. `stop` defaults to what the parts imply."""

    parts: tuple[Part, ...] = ()
    stop: StopReason | None = None
    usage: Usage = Usage()
    fault: Fault | None = None
    expect: Expect | None = None
    delta: int = 12
    """Characters per streamed delta of text, reasoning or arguments."""
    quirks: frozenset[Quirk] = frozenset()

    @property
    def reason(self) -> StopReason:
        """The stop reason, given or implied."""
        if self.stop is not None:
            return self.stop
        if any(isinstance(part, Refusal) for part in self.parts):
            return "refusal"
        return "tool_use" if any(isinstance(part, Call) for part in self.parts) else "end"


def turn(
    *parts: Part | str,
    stop: StopReason | None = None,
    usage: Usage = Usage(),  # noqa: B008  frozen value
    fault: Fault | None = None,
    expect: Expect | None = None,
    delta: int = 12,
    quirks: frozenset[Quirk] = frozenset(),
) -> Turn:
    """A turn from its parts; a bare string is text."""
    told = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return Turn(told, stop, usage, fault, expect, delta, quirks)


class Script(_Data, frozen=True):
    """Turns and how to go through them."""

    turns: tuple[Turn, ...]
    pick: Literal["order", "history"] = "order"
    """`order`: each request takes the next turn. `history`: the turn whose number is the count of
    model answers in the request, so any number of runs may share the server."""
    seed: int | None = None
    """Varies where the bytes of streams are cut; None sends whole events."""
    crlf: bool = False
    r"""SSE lines end in `\r\n`."""


ScriptFunction = Callable[[Json, WireName], Turn]
AnyScript = Script | Sequence[Turn] | ScriptFunction


def pieces(text: str, size: int) -> list[str]:
    """The text cut into deltas of at most `size` characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def load_script(path: Path) -> Script:
    """Reads a script file: a list of turns, or an object with the fields of `Script`.

    Raises: msgspec.ValidationError naming the place of the first mistake.
    """
    data = msgspec.json.decode(path.read_bytes())
    if isinstance(data, list):
        return Script(msgspec.convert(data, tuple[Turn, ...]))
    return msgspec.convert(data, Script)


def dump_script(script: Script, path: Path) -> None:
    """Writes what `load_script` reads."""
    path.write_bytes(msgspec.json.encode(script))

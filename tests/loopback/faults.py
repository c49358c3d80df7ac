"""From a turn and its fault to the plan of one HTTP answer."""

from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .framing import Frame
from .script import Call, Fault, Json, Part, Turn
from .wires.wire import Ask, Wire

Ending = Literal["finish", "close", "reset", "stall"]
"""`finish`: as HTTP wants it. `close`: the connection is closed without more. `reset`: TCP RST.
`stall`: silence until released or the client has gone, then the rest follows."""


class Plan(Struct, frozen=True):
    """One answer as the connection will play it."""

    blocks: list[bytes]
    """Body bytes sent first; a stream's events one by one."""
    status: int | None = 200
    """None: nothing at all is sent, not even the status line."""
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    ending: Ending = "finish"
    rest: list[bytes] = []
    """Body bytes after a stall."""
    chunked: bool = False
    """Chunked transfer encoding; otherwise one body with its length."""
    delay: float = 0.0
    """Seconds before each block."""


_ENDINGS: dict[str, Ending] = {
    "reset_mid_stream": "reset",
    "cut_chunked": "close",
    "clean_early_end": "finish",
    "stall": "stall",
}

_SSE = "text/event-stream; charset=utf-8"
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"


def plan(wire: Wire, turn: Turn, ask: Ask, crlf: bool) -> Plan:
    """How the turn is answered, its fault included."""
    fault = turn.fault
    early = fault and _without_content(wire, fault, ask)
    if early:
        return early
    turn = _spoiled(turn, fault)
    if not ask.stream:
        return _document(wire, turn, ask, fault)
    newline = "\r\n" if crlf else "\n"
    cut = _cut(wire.frames(turn, ask), fault, wire, ask)
    return Plan(
        blocks=[frame.encode(newline) for frame in cut.sent],
        content_type=_SSE,
        headers={"cache-control": "no-cache"},
        ending=cut.ending,
        rest=[frame.encode(newline) for frame in cut.held],
        chunked=True,
        delay=fault.delay if fault and fault.kind == "slow" else 0.0,
    )


def json_plan(status: int, body: Json, headers: dict[str, str] | None = None) -> Plan:
    """A whole JSON answer."""
    return Plan([msgspec.json.encode(body)], status, headers=headers or {})


def _without_content(wire: Wire, fault: Fault, ask: Ask) -> Plan | None:
    match fault.kind:
        case "status":
            return _status(wire, fault, ask)
        case "html_200":
            return Plan([_HTML], content_type="text/html; charset=utf-8")
        case "empty_200":
            return Plan([], content_type=_SSE if ask.stream else "application/json")
        case "json_200_error":
            return json_plan(200, wire.error(fault, ask))
        case "close_before_headers":
            return Plan([], status=None, ending="close")
        case "stall_before_headers":
            return Plan([], status=None, ending="stall")
        case "error_event" | "failed_event" if not ask.stream:
            return _status(wire, replace(fault, status=500), ask)
        case _:
            return None


def _status(wire: Wire, fault: Fault, ask: Ask) -> Plan:
    if fault.body is None:
        return json_plan(fault.status, wire.error(fault, ask), fault.headers)
    kind = "text/html" if fault.body.lstrip().startswith("<") else "application/json"
    return Plan([fault.body.encode()], fault.status, kind, fault.headers)


def _spoiled(turn: Turn, fault: Fault | None) -> Turn:
    if fault and fault.kind == "empty_answer":
        return replace(turn, parts=(), stop="end")
    if fault and fault.kind == "truncated_tool_json":
        calls = [at for at, part in enumerate(turn.parts) if isinstance(part, Call)]
        if not calls:
            raise ValueError("truncated_tool_json needs a turn with a tool call")
        kept: tuple[Part, ...] = turn.parts[: calls[-1]]
        last = turn.parts[calls[-1]]
        assert isinstance(last, Call)
        half = replace(last, arguments=last.raw[: len(last.raw) // 2])
        return replace(turn, parts=(*kept, half), stop="max_tokens")
    return turn


def _document(wire: Wire, turn: Turn, ask: Ask, fault: Fault | None) -> Plan:
    body = msgspec.json.encode(wire.document(turn, ask))
    half = len(body) // 2
    if fault and fault.kind == "malformed_sse":
        return Plan([body[:half]])
    if fault and fault.kind in _ENDINGS:
        ending = _ENDINGS[fault.kind]
        rest = [body[half:]] if ending == "stall" else []
        return Plan([body[:half]], ending=ending, rest=rest, chunked=True)
    return Plan([body], delay=fault.delay if fault and fault.kind == "slow" else 0.0)


class _Cut(Struct, frozen=True):
    sent: list[Frame]
    ending: Ending = "finish"
    held: list[Frame] = []


def _cut(frames: list[Frame], fault: Fault | None, wire: Wire, ask: Ask) -> _Cut:
    terminal = next(at for at, frame in enumerate(frames) if frame.terminal)
    if fault is None:
        return _Cut(frames)
    count = fault.after if fault.after >= 0 else terminal + 1 + fault.after
    count = max(0, min(count, terminal))
    if fault.kind in ("error_event", "failed_event"):
        told = [*frames[:count], wire.error_frame(fault, ask, count)]
        return _Cut(told)
    if fault.kind == "malformed_sse":
        broken = frames[count]
        broken = replace(broken, data=broken.data[: len(broken.data) // 2], trailer="")
        return _Cut([*frames[:count], broken, *frames[count + 1 :]])
    if fault.kind in _ENDINGS:
        ending = _ENDINGS[fault.kind]
        return _Cut(frames[:count], ending, frames[count:] if ending == "stall" else [])
    return _Cut(frames)

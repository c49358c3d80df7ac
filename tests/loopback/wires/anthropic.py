"""Anthropic Messages: events, JSON answer and errors as api.anthropic.com sends them.

https://docs.anthropic.com/en/docs/build-with-claude/streaming and .../api/errors; the field names
are those of the `anthropic` package's types (2.11).
"""

import msgspec

from ..framing import Frame, frame
from ..script import Call, Fault, Json, Part, Refusal, Text, Thinking, Turn, pieces
from .wire import Ask, count_key, objects

_STOP = {
    "end": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "content_filter": "refusal",
    "context_window": "model_context_window_exceeded",
    "pause": "pause_turn",
}

_ERRORS = {
    400: ("invalid_request_error", "messages: at least one message is required"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key does not have permission to use the resource."),
    404: ("not_found_error", "Not Found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
}

_PING = 'event: ping\ndata: {"type": "ping"}\n\n'


def frames(turn: Turn, ask: Ask) -> list[Frame]:
    """message_start, blocks, message_delta with cumulative usage, message_stop."""
    out = [_frame({"type": "message_start", "message": _opening(turn, ask)})]
    if "unknown_event" in turn.quirks:
        out.append(_frame({"type": "message_weather", "sky": "clear"}))
    blocks = [part for part in turn.parts if not isinstance(part, Refusal)]
    for index, part in enumerate(blocks):
        out += _block(index, part, turn.delta, ask)
    usage = _usage(turn, done=True)
    out.append(_frame({"type": "message_delta", "delta": _ending(turn), "usage": usage}))
    out.append(_frame({"type": "message_stop"}, terminal=True))
    if "no_event_names" in turn.quirks:
        return [Frame(each.data, terminal=each.terminal) for each in out]
    return out


def document(turn: Turn, ask: Ask) -> Json:
    """The finished message."""
    blocks = [part for part in turn.parts if not isinstance(part, Refusal)]
    content = [_finished(part, ask, index) for index, part in enumerate(blocks)]
    done = {"content": content, "usage": _usage(turn, done=True)}
    return _opening(turn, ask) | _ending(turn) | done


def error(fault: Fault, ask: Ask) -> Json:
    """`{"type": "error", …}` with the type that belongs to the status."""
    kind, message = _ERRORS.get(fault.status, ("api_error", "Internal server error"))
    if fault.code == "context_length_exceeded":
        message = "prompt is too long: 200251 tokens > 200000 maximum"
    elif fault.code is not None and fault.code.endswith("_error"):
        kind = fault.code
    elif fault.status == 404 and ask.path.endswith("/messages"):
        message = f"model: {ask.model}"
    return _error(kind, fault.message or message, ask)


def error_frame(fault: Fault, ask: Ask, sent: int) -> Frame:
    """`event: error`; overloaded unless the fault names another type."""
    kind = fault.code or "overloaded_error"
    body = _error(kind, fault.message or "Overloaded", ask)
    return frame(body, "error")


def complaint(ask: Ask) -> str | None:
    """The API's rules that a faulty history breaks first."""
    if "anthropic-version" not in ask.headers:
        return "anthropic-version: header is required"
    for field in ("model", "max_tokens", "messages"):
        if field not in ask.json:
            return f"{field}: Field required"
    if (found := count_key(ask.json, "cache_control")) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {found}."
    messages = objects(ask.json["messages"])
    if not messages:
        return "messages: at least one message is required"
    for index, message in enumerate(messages):
        after = messages[index + 1] if index + 1 < len(messages) else {}
        before = messages[index - 1] if index else {}
        wrong = _wrong_content(message, index) or _unanswered(message, after, index)
        if wrong := wrong or _unasked(message, before, index):
            return wrong
    return None


def spoken(request: Json) -> int:
    """Assistant messages."""
    return sum(item.get("role") == "assistant" for item in objects(request.get("messages")))


def tail(request: Json) -> list[object]:
    """Messages after the last assistant message."""
    out: list[object] = []
    for message in objects(request.get("messages")):
        out = [] if message.get("role") == "assistant" else [*out, message.get("content")]
    return out


def tools(request: Json) -> list[str]:
    """Tool names."""
    return [str(tool.get("name")) for tool in objects(request.get("tools"))]


def _frame(data: Json, *, trailer: str = "", terminal: bool = False) -> Frame:
    return frame(data, str(data["type"]), trailer=trailer, terminal=terminal)


def _error(kind: str, message: str, ask: Ask) -> Json:
    request_id = ask.id("req_")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def _opening(turn: Turn, ask: Ask) -> Json:
    return {
        "id": ask.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(turn, done=False),
    }


def _usage(turn: Turn, *, done: bool) -> Json:
    if "no_usage" in turn.quirks:
        return {"input_tokens": 0, "output_tokens": 0}
    use = turn.usage
    out: Json = {
        "input_tokens": use.input_tokens - use.cached_tokens - use.cache_write_tokens,
        "cache_creation_input_tokens": use.cache_write_tokens,
        "cache_read_input_tokens": use.cached_tokens,
        "output_tokens": use.output_tokens if done else 1,
    }
    if done:
        return out | {"output_tokens_details": {"thinking_tokens": use.reasoning_tokens}}
    write = {
        "ephemeral_5m_input_tokens": use.cache_write_tokens,
        "ephemeral_1h_input_tokens": 0,
    }
    return out | {"cache_creation": write, "service_tier": "standard"}


def _ending(turn: Turn) -> Json:
    delta: Json = {"stop_reason": _STOP[turn.reason], "stop_sequence": None}
    if turn.reason == "stop_sequence":
        delta["stop_sequence"] = "</stop>"
    refusals = [part.text for part in turn.parts if isinstance(part, Refusal)]
    if _STOP[turn.reason] == "refusal":
        explanation = "".join(refusals) or None
        delta["stop_details"] = {"type": "refusal", "category": None, "explanation": explanation}
    return delta


def _block(index: int, part: Part, size: int, ask: Ask) -> list[Frame]:
    start: Json = {
        "type": "content_block_start",
        "index": index,
        "content_block": _started(part, ask, index),
    }
    stop = _frame({"type": "content_block_stop", "index": index})
    first = _frame(start, trailer=_PING if index == 0 else "")
    return [first, *_deltas(index, part, size), stop]


def _deltas(index: int, part: Part, size: int) -> list[Frame]:
    def delta(kind: str, field: str, value: str) -> Frame:
        body = {"type": kind, field: value}
        return _frame({"type": "content_block_delta", "index": index, "delta": body})

    match part:
        case Text(text, repeat) if repeat > 1:
            return [delta("text_delta", "text", text)] * repeat
        case Text(text):
            return [delta("text_delta", "text", piece) for piece in pieces(text, size)]
        case Thinking(redacted=True):
            return []
        case Thinking(text, signature):
            told = [delta("thinking_delta", "thinking", piece) for piece in pieces(text, size)]
            return [*told, delta("signature_delta", "signature", signature)]
        case Call():
            cuts = ["", *pieces(part.raw, size)]
            return [delta("input_json_delta", "partial_json", piece) for piece in cuts]
        case Refusal():
            return []


def _started(part: Part, ask: Ask, index: int) -> Json:
    match part:
        case Thinking(redacted=True):
            return {"type": "redacted_thinking", "data": part.signature}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case Call():
            ident = part.id or ask.id("toolu_", index)
            return {"type": "tool_use", "id": ident, "name": part.name, "input": {}}
        case _:
            return {"type": "text", "text": ""}


def _finished(part: Part, ask: Ask, index: int) -> Json:
    block = _started(part, ask, index)
    match part:
        case Text():
            block["text"] = part.full
        case Thinking(redacted=False):
            block |= {"thinking": part.text, "signature": part.signature}
        case Call():
            try:
                block["input"] = msgspec.json.decode(part.raw)
            except msgspec.DecodeError:
                block["input"] = {}
        case _:
            pass
    return block


def _content(message: Json) -> list[Json]:
    return objects(message.get("content"))


def _ids(message: Json, kind: str, field: str) -> list[str]:
    return [str(block.get(field)) for block in _content(message) if block.get("type") == kind]


def _wrong_content(message: Json, index: int) -> str | None:
    if message.get("content") in ("", []):
        return f"messages.{index}: all messages must have non-empty content"
    for at, block in enumerate(_content(message)):
        if block.get("type") == "text" and not str(block.get("text", "")):
            return f"messages.{index}: text content blocks must be non-empty"
        if block.get("type") == "thinking" and not block.get("signature"):
            return f"messages.{index}.content.{at}.thinking.signature: Field required"
    return None


def _unanswered(message: Json, after: Json, index: int) -> str | None:
    results = _ids(after, "tool_result", "tool_use_id")
    lost = [ident for ident in _ids(message, "tool_use", "id") if ident not in results]
    if not lost:
        return None
    return (
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately "
        f"after: {', '.join(lost)}. Each `tool_use` block must have a corresponding `tool_result` "
        "block in the next message."
    )


def _unasked(message: Json, before: Json, index: int) -> str | None:
    calls = _ids(before, "tool_use", "id")
    for at, ident in enumerate(_ids(message, "tool_result", "tool_use_id")):
        if ident not in calls:
            return (
                f"messages.{index}.content.{at}: unexpected `tool_use_id` found in `tool_result` "
                f"blocks: {ident}. Each `tool_result` block must have a corresponding `tool_use` "
                "block in the previous message."
            )
    return None

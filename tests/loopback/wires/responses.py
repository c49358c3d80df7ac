"""OpenAI Responses: typed events, JSON answer and errors as api.openai.com sends them.

https://platform.openai.com/docs/api-reference/responses-streaming; field names as in the `openai`
package's types (3.52).
"""

from msgspec.structs import replace

from ..framing import Frame, frame
from ..script import Call, Fault, Json, Part, Refusal, Text, Thinking, Turn, pieces
from . import openai_errors
from .wire import Ask, is_array, objects

_CREATED = 1_790_000_000
_MODEL_ITEMS = ("reasoning", "function_call")

error = openai_errors.error


class _Stream:
    """Frames of one answer, numbered as they are added."""

    def __init__(self, turn: Turn, ask: Ask) -> None:
        self.turn = turn
        self.ask = ask
        self.frames: list[Frame] = []

    def add(self, kind: str, fields: Json, *, trailer: str = "", terminal: bool = False) -> None:
        data = {"type": kind, "sequence_number": len(self.frames)} | fields
        name = None if "no_event_names" in self.turn.quirks else kind
        self.frames.append(frame(data, name, trailer=trailer, terminal=terminal))

    def deltas(self, kind: str, cuts: list[str], place: Json) -> None:
        for piece in cuts:
            self.add(kind, place | {"delta": piece, "obfuscation": "kD3"})


def frames(turn: Turn, ask: Ask) -> list[Frame]:
    """created, in_progress, items with their parts, completed or incomplete."""
    stream = _Stream(turn, ask)
    opening = _response(turn, ask, "in_progress", [])
    stream.add("response.created", {"response": opening})
    stream.add("response.in_progress", {"response": opening}, trailer=": keep-alive\n\n")
    if "unknown_event" in turn.quirks:
        stream.add("response.weather.delta", {"sky": "clear"})
    for index, part in enumerate(turn.parts):
        _item(stream, index, part)
    final = document(turn, ask)
    stream.add(f"response.{final['status']}", {"response": final}, terminal=True)
    return stream.frames


def document(turn: Turn, ask: Ask) -> Json:
    """The finished response."""
    output = [_finished(part, turn, ask, index) for index, part in enumerate(turn.parts)]
    return _response(turn, ask, _status(turn), output)


def error_frame(fault: Fault, ask: Ask, sent: int) -> Frame:
    """An `error` event, or `response.failed` for the kind `failed_event`."""
    code = fault.code or "server_error"
    message = fault.message or "The server had an error while processing your request. Sorry!"
    if fault.kind == "error_event":
        data = {"type": "error", "sequence_number": sent, "code": code, "message": message}
        return frame(data | {"param": None}, "error")
    failed = _response(Turn(), ask, "failed", []) | {"usage": None}
    failed["error"] = {"code": code, "message": message}
    data = {"type": "response.failed", "sequence_number": sent, "response": failed}
    return frame(data, "response.failed")


def complaint(ask: Ask) -> str | None:
    """The API's rules that a faulty history breaks first."""
    for field in ("model", "input"):
        if field not in ask.json:
            return f"Missing required parameter: '{field}'."
    items = objects(ask.json["input"])
    calls = [item.get("call_id") for item in items if item.get("type") == "function_call"]
    outputs = [item.get("call_id") for item in items if item.get("type") == "function_call_output"]
    for ident in calls:
        if ident not in outputs:
            return f"No tool output found for function call {ident}."
    for ident in outputs:
        if ident not in calls and "previous_response_id" not in ask.json:
            return f"No tool call found for function call output with call_id {ident}."
    return None


def spoken(request: Json) -> int:
    """Runs of the model's items: what one answer put there lies together."""
    count, speaking = 0, False
    for item in objects(request.get("input")):
        count += _by_model(item) and not speaking
        speaking = _by_model(item)
    return count


def tail(request: Json) -> list[object]:
    """Items after the model's last one."""
    given = request.get("input")
    if not is_array(given):
        return [given]
    out: list[object] = []
    for item in objects(given):
        out = [] if _by_model(item) else [*out, item.get("content", item.get("output"))]
    return out


def tools(request: Json) -> list[str]:
    """Function names."""
    return [str(tool.get("name")) for tool in objects(request.get("tools"))]


def _by_model(item: Json) -> bool:
    return item.get("type") in _MODEL_ITEMS or item.get("role") == "assistant"


def _status(turn: Turn) -> str:
    cut = turn.reason in ("max_tokens", "context_window", "content_filter")
    return "incomplete" if cut else "completed"


def _item_id(part: Part, ask: Ask, index: int) -> str:
    match part:
        case Thinking():
            return ask.id("rs_", index)
        case Call():
            return ask.id("fc_", index)
        case _:
            return ask.id("msg_", index)


def _item(stream: _Stream, index: int, part: Part) -> None:
    turn, ask = stream.turn, stream.ask
    final = _finished(part, turn, ask, index)
    empty: dict[str, object] = {"status": "in_progress"}
    match part:
        case Thinking():
            empty = {"summary": [], "encrypted_content": None}
        case Call():
            empty |= {"arguments": ""}
        case _:
            empty |= {"content": []}
    shown = {key: value for key, value in (final | empty).items() if value is not None}
    stream.add("response.output_item.added", {"output_index": index, "item": shown})
    place: Json = {"item_id": final["id"], "output_index": index}
    match part:
        case Thinking(redacted=False) if part.text:
            _summary(stream, part, place)
        case Call():
            kind = "response.function_call_arguments"
            stream.deltas(f"{kind}.delta", pieces(part.raw, turn.delta), place)
            stream.add(f"{kind}.done", place | {"name": part.name, "arguments": part.raw})
        case Text() | Refusal():
            _content(stream, part, place)
        case _:
            pass
    stream.add("response.output_item.done", {"output_index": index, "item": final})


def _summary(stream: _Stream, part: Thinking, place: Json) -> None:
    kind = "response.reasoning_summary"
    spot = place | {"summary_index": 0}
    stream.add(f"{kind}_part.added", spot | {"part": {"type": "summary_text", "text": ""}})
    stream.deltas(f"{kind}_text.delta", pieces(part.text, stream.turn.delta), spot)
    stream.add(f"{kind}_text.done", spot | {"text": part.text})
    stream.add(f"{kind}_part.done", spot | {"part": {"type": "summary_text", "text": part.text}})


def _content(stream: _Stream, part: Text | Refusal, place: Json) -> None:
    spot = place | {"content_index": 0}
    size = stream.turn.delta
    stream.add("response.content_part.added", spot | {"part": _part(replace(part, text=""))})
    if isinstance(part, Text):
        cuts = [part.text] * part.repeat if part.repeat > 1 else pieces(part.text, size)
        logs: Json = {"logprobs": []}
        stream.deltas("response.output_text.delta", cuts, spot | logs)
        stream.add("response.output_text.done", spot | logs | {"text": part.full})
    else:
        stream.deltas("response.refusal.delta", pieces(part.text, size), spot)
        stream.add("response.refusal.done", spot | {"refusal": part.text})
    stream.add("response.content_part.done", spot | {"part": _part(part)})


def _part(part: Text | Refusal) -> Json:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": part.full}


def _finished(part: Part, turn: Turn, ask: Ask, index: int) -> Json:
    ident = _item_id(part, ask, index)
    last = index == len(turn.parts) - 1
    status = "incomplete" if last and _status(turn) == "incomplete" else "completed"
    match part:
        case Thinking():
            told = part.text and not part.redacted
            summary = [{"type": "summary_text", "text": part.text}] if told else []
            item: Json = {"id": ident, "type": "reasoning", "summary": summary}
            include = ask.json.get("include")
            if is_array(include) and "reasoning.encrypted_content" in include:
                item["encrypted_content"] = part.signature
            return item
        case Call():
            return {
                "id": ident,
                "type": "function_call",
                "status": status,
                "arguments": part.raw,
                "call_id": part.id or ask.id("call_", index),
                "name": part.name,
            }
        case _:
            return {
                "id": ident,
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": [_part(part)],
            }


def _response(turn: Turn, ask: Ask, status: str, output: list[Json]) -> Json:
    reason = "content_filter" if turn.reason == "content_filter" else "max_output_tokens"
    running = status == "in_progress" or "no_usage" in turn.quirks
    return {
        "id": ask.id("resp_"),
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": ask.json.get("instructions"),
        "max_output_tokens": ask.json.get("max_output_tokens"),
        "metadata": {},
        "model": ask.model,
        "output": output,
        "parallel_tool_calls": ask.json.get("parallel_tool_calls", True),
        "previous_response_id": ask.json.get("previous_response_id"),
        "prompt_cache_key": ask.json.get("prompt_cache_key"),
        "reasoning": ask.json.get("reasoning", {"effort": None, "summary": None}),
        "service_tier": "default",
        "store": ask.json.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": ask.json.get("tool_choice", "auto"),
        "tools": ask.json.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if running else _usage(turn),
    }


def _usage(turn: Turn) -> Json:
    use = turn.usage
    return {
        "input_tokens": use.input_tokens,
        "input_tokens_details": {
            "cached_tokens": use.cached_tokens,
            "cache_write_tokens": use.cache_write_tokens,
        },
        "output_tokens": use.output_tokens,
        "output_tokens_details": {"reasoning_tokens": use.reasoning_tokens},
        "total_tokens": use.input_tokens + use.output_tokens,
    }

"""OpenAI Chat Completions: chunks, JSON answer and errors, for OpenAI and those compatible to it.

https://platform.openai.com/docs/api-reference/chat/streaming; field names as in the `openai`
package's types (3.52). `reasoning_content` is what compatible endpoints add.
"""

from ..framing import Frame, frame
from ..script import Call, Fault, Json, Part, Refusal, Text, Thinking, Turn, pieces
from . import openai_errors
from .wire import Ask, is_object, objects

_STOP = {
    "end": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "refusal": "stop",
    "content_filter": "content_filter",
    "context_window": "length",
    "pause": "stop",
}

_CREATED = 1_790_000_000

error = openai_errors.error


def frames(turn: Turn, ask: Ask) -> list[Frame]:
    """Role, deltas, finish_reason, usage when asked for, `[DONE]`."""
    with_usage = _wants_usage(turn, ask)

    def chunk(delta: Json, finish: str | None = None, trailer: str = "") -> Frame:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        data = _envelope(ask, "chat.completion.chunk") | {"choices": [choice]}
        if with_usage:
            data["usage"] = None
        return frame(data, trailer=trailer, terminal=finish is not None)

    out = [chunk({"role": "assistant", "content": "", "refusal": None}, trailer=": keep-alive\n\n")]
    if "unknown_event" in turn.quirks:
        out.append(frame({"object": "chat.weather", "choices": [], "sky": "clear"}))
    calls = 0
    for part in turn.parts:
        if isinstance(part, Text) and part.repeat > 1:
            out += [chunk({"content": part.text})] * part.repeat
            continue
        out += [chunk(delta) for delta in _deltas(part, turn, ask, calls)]
        calls += isinstance(part, Call)
    out.append(chunk({}, _STOP[turn.reason]))
    if with_usage:
        last: Json = {"choices": [], "usage": _usage(turn)}
        data = _envelope(ask, "chat.completion.chunk") | last
        out.append(frame(data, terminal=True))
    if "no_done" not in turn.quirks:
        end = out.pop()
        out.append(Frame(end.data, trailer="data: [DONE]\n\n", terminal=True))
    return out


def document(turn: Turn, ask: Ask) -> Json:
    """The finished completion."""
    texts = [part.full for part in turn.parts if isinstance(part, Text)]
    refusals = [part.text for part in turn.parts if isinstance(part, Refusal)]
    thoughts = [p.text for p in turn.parts if isinstance(p, Thinking) and not p.redacted]
    calls = [part for part in turn.parts if isinstance(part, Call)]
    message: Json = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": "".join(refusals) if refusals else None,
    }
    if thoughts:
        message[_reasoning_field(turn)] = "".join(thoughts)
    if calls:
        message["tool_calls"] = [_call(call, ask, at, call.raw) for at, call in enumerate(calls)]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _STOP[turn.reason],
    }
    out = _envelope(ask, "chat.completion") | {"choices": [choice]}
    return out if "no_usage" in turn.quirks else out | {"usage": _usage(turn)}


def error_frame(fault: Fault, ask: Ask, sent: int) -> Frame:
    """`data: {"error": …}` in the place of a chunk."""
    message = fault.message or "The server had an error while processing your request. Sorry!"
    return frame(openai_errors.body(message, "server_error", fault.code))


def complaint(ask: Ask) -> str | None:
    """The API's rules that a faulty history breaks first."""
    if "model" not in ask.json and "/deployments/" not in ask.path:
        return "you must provide a model parameter"
    if "messages" not in ask.json:
        return "Missing required parameter: 'messages'."
    asked: list[str] = []
    for message in objects(ask.json["messages"]):
        if message.get("role") == "tool":
            ident = str(message.get("tool_call_id"))
            if ident not in asked:
                return (
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'."
                )
            asked.remove(ident)
            continue
        if asked:
            break
        asked = [str(call.get("id")) for call in objects(message.get("tool_calls"))]
    if not asked:
        return None
    return (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        + ", ".join(asked)
    )


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
    """Function names."""
    functions = [tool.get("function") for tool in objects(request.get("tools"))]
    return [str(item.get("name")) for item in functions if is_object(item)]


def _envelope(ask: Ask, kind: str) -> Json:
    return {
        "id": ask.id("chatcmpl-"),
        "object": kind,
        "created": _CREATED,
        "model": ask.model,
        "service_tier": "default",
        "system_fingerprint": "fp_loopback",
    }


def _wants_usage(turn: Turn, ask: Ask) -> bool:
    options = ask.json.get("stream_options")
    asked = is_object(options) and options.get("include_usage") is True
    return asked and "no_usage" not in turn.quirks


def _reasoning_field(turn: Turn) -> str:
    return "reasoning" if "no_reasoning_content" in turn.quirks else "reasoning_content"


def _deltas(part: Part, turn: Turn, ask: Ask, calls: int) -> list[Json]:
    match part:
        case Text(text):
            return [{"content": piece} for piece in pieces(text, turn.delta)]
        case Refusal(text):
            return [{"refusal": piece} for piece in pieces(text, turn.delta)]
        case Thinking(redacted=True):
            return []
        case Thinking(text):
            return [{_reasoning_field(turn): piece} for piece in pieces(text, turn.delta)]
        case Call():
            return [{"tool_calls": [delta]} for delta in _call_deltas(part, turn, ask, calls)]


def _call_deltas(part: Call, turn: Turn, ask: Ask, number: int) -> list[Json]:
    index: Json = {} if "no_tool_index" in turn.quirks else {"index": number}
    first = index | _call(part, ask, number, "")
    rest = [index | {"function": {"arguments": it}} for it in pieces(part.raw, turn.delta)]
    return [first, *rest]


def _call(part: Call, ask: Ask, number: int, arguments: str) -> Json:
    function = {"name": part.name, "arguments": arguments}
    return {"id": part.id or ask.id("call_", number), "type": "function", "function": function}


def _usage(turn: Turn) -> Json:
    use = turn.usage
    return {
        "prompt_tokens": use.input_tokens,
        "completion_tokens": use.output_tokens,
        "total_tokens": use.input_tokens + use.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": use.cached_tokens,
            "cache_write_tokens": use.cache_write_tokens,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": use.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }

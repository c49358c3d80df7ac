"""The error bodies that OpenAI's two wires share.

https://platform.openai.com/docs/guides/error-codes
"""

from ..script import Fault, Json
from .wire import Ask

_PLATFORM = "https://platform.openai.com"

_MESSAGES = {
    400: ("invalid_request_error", "Invalid request."),
    401: ("invalid_request_error", "You didn't provide an API key."),
    403: ("invalid_request_error", "Project does not have access to this resource."),
    404: ("invalid_request_error", "Not found."),
    413: ("invalid_request_error", "Request body too large."),
    429: ("tokens", "Rate limit reached on tokens per min (TPM). Please try again in 1.2s."),
    500: ("server_error", "The server had an error while processing your request. Sorry!"),
    502: ("server_error", "Bad gateway."),
    503: ("server_error", "The engine is currently overloaded, please try again later."),
    529: ("server_error", "The engine is currently overloaded, please try again later."),
}

_CODES = {429: "rate_limit_exceeded", 404: "model_not_found", 401: "invalid_api_key"}


def error(fault: Fault, ask: Ask) -> Json:
    """`{"error": {message, type, param, code}}` for the status and code of the fault."""
    kind, message = _MESSAGES.get(fault.status, _MESSAGES[500])
    code = fault.code or _CODES.get(fault.status)
    param: str | None = None
    if code == "context_length_exceeded":
        param = "messages" if ask.path.endswith("/chat/completions") else "input"
        message = (
            "This model's maximum context length is 128000 tokens. However, your messages resulted "
            f"in 130000 tokens. Please reduce the length of the {param}."
        )
    elif code == "insufficient_quota":
        kind = "insufficient_quota"
        message = "You exceeded your current quota, please check your plan and billing details."
    elif code == "model_not_found":
        message = f"The model `{ask.model}` does not exist or you do not have access to it."
    elif code == "invalid_api_key":
        message = f"Incorrect API key provided. You can find your API key at {_PLATFORM}."
    return body(fault.message or message, kind, code, param)


def body(message: str, kind: str, code: str | None = None, param: str | None = None) -> Json:
    """An error body."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}

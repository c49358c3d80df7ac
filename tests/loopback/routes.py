"""Which path is which wire, who may come in, and the list of models."""

import re
from types import MappingProxyType

from msgspec import Struct

from .faults import Plan, json_plan
from .script import Fault, Json, WireName
from .wires import anthropic, chat, openai_errors, responses
from .wires.wire import Ask, Wire

WIRES: MappingProxyType[WireName, Wire] = MappingProxyType(
    {"anthropic": anthropic, "responses": responses, "chat": chat}
)

_NAMES: dict[str, WireName] = {
    "messages": "anthropic",
    "responses": "responses",
    "chat/completions": "chat",
}

# The plain paths, those below `/anthropic`, `/openai` (Azure, Groq) and `/api` (OpenRouter), and
# Azure's older ones with the deployment in the path and the version in the query.
_PATHS = re.compile(
    r"(?:/openai|/anthropic|/api)?/v1/(?P<plain>messages|responses|chat/completions)"
    r"|/openai/(?P<azure>responses)"
    r"|/openai/deployments/[^/]+/(?P<deployed>chat/completions)"
)
_MODELS = re.compile(r"(?:/openai|/anthropic|/api)?/v1/models(?:/(?P<model>[^/]+))?")

MODELS = ("claude-sonnet-5-5", "gpt-6.1-sol")
"""The models of the list: one of each maker."""


class Route(Struct, frozen=True):
    """A wire and its name."""

    name: WireName
    wire: Wire


def route(method: str, path: str) -> Route | None:
    """The wire that answers, if the path is one's."""
    found = _PATHS.fullmatch(path)
    if method != "POST" or found is None:
        return None
    name = _NAMES[next(word for word in found.groups() if word)]
    return Route(name, WIRES[name])


def speaks_anthropic(ask: Ask) -> bool:
    """Whether the client expects Anthropic's shapes, where the path does not tell."""
    return "anthropic-version" in ask.headers or ask.path.endswith("/messages")


def unauthorized(ask: Ask) -> Plan | None:
    """The 401 for a missing key or the key `bad`; keys come in any of the three headers."""
    bearer = ask.headers.get("authorization", "").removeprefix("Bearer ").strip()
    key = ask.headers.get("x-api-key") or ask.headers.get("api-key") or bearer
    if key not in ("", "bad"):
        return None
    if speaks_anthropic(ask):
        message = None if key else "x-api-key header is required"
        return json_plan(401, anthropic.error(Fault("status", status=401, message=message), ask))
    if ask.path.startswith("/openai/"):
        message = "Access denied due to invalid subscription key or wrong API endpoint."
        return json_plan(401, {"error": {"code": "401", "message": message}})
    if not key:
        message = "You didn't provide an API key."
        return json_plan(401, openai_errors.body(message, "invalid_request_error"))
    return json_plan(401, openai_errors.error(Fault("status", status=401), ask))


def models(ask: Ask) -> Plan | None:
    """The answer to GET /v1/models and /v1/models/ID, if the path is that."""
    found = _MODELS.fullmatch(ask.path)
    if found is None:
        return None
    theirs = speaks_anthropic(ask)
    known = [_anthropic_model(it) if theirs else _openai_model(it) for it in MODELS]
    if wanted := found["model"]:
        one = next((model for model in known if model["id"] == wanted), None)
        return json_plan(200, one) if one else not_found(ask, "GET")
    page: Json = {"data": known}
    if theirs:
        page |= {"has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
    else:
        page |= {"object": "list"}
    return json_plan(200, page)


def not_found(ask: Ask, method: str) -> Plan:
    """The 404 of a path that does not exist."""
    if speaks_anthropic(ask):
        return json_plan(404, anthropic.error(Fault("status", status=404), ask))
    message = f"Invalid URL ({method} {ask.path})"
    return json_plan(404, openai_errors.body(message, "invalid_request_error"))


def _openai_model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "loopback"}


def _anthropic_model(name: str) -> Json:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 64_000,
    }

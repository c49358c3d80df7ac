"""What HTTP errors of OpenAI and of compatible endpoints mean."""

import msgspec
import pytest

from kedge.agent.errors import ProviderError, ProviderErrorKind
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable

TABLE = ProviderTable(name="acme", title="Acme")
PROFILE = ModelProfile(provider="acme", name="big-1")


def error(status: int, body: object) -> ProviderError:
    """Both wires' answer, which is one."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    chat = OpenAIChatWire(TABLE, PROFILE).error(status, {}, raw)
    responses = OpenAIResponsesWire(TABLE, PROFILE).error(status, {}, raw)
    assert (str(chat), chat.kind, chat.status) == (str(responses), responses.kind, responses.status)
    return chat


def openai(message: str, code: str | None = None, type: str = "invalid_request_error") -> object:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, openai("Incorrect API key provided.", "invalid_api_key"), "credentials"),
        (403, openai("Project does not have access."), "credentials"),
        (404, openai("The model does not exist", "model_not_found"), "not_found"),
        (400, openai("The model does not exist", "model_not_found"), "not_found"),
        (400, openai("Too long", "context_length_exceeded"), "context_length"),
        (400, openai("Unknown parameter: 'foo'."), "invalid"),
        (429, openai("Slow down", "rate_limit_exceeded", "tokens"), "rate_limit"),
        (429, openai("No money", "insufficient_quota", "insufficient_quota"), "quota"),
        (429, openai("Request too large for gpt-6 on tokens per min (TPM): Limit 30000",
                     "rate_limit_exceeded", "tokens"), "context_length"),
        (402, openai("Insufficient Balance"), "quota"),
        (500, openai("Oops", None, "server_error"), "server"),
        (503, openai("Overloaded"), "overloaded"),
        (529, b"", "overloaded"),
        (502, b"<html><body>Bad gateway</body></html>", "server"),
        (422, {"detail": [{"msg": "Extra inputs are not permitted"}]}, "invalid"),
        (418, b"", "invalid"),
        # llama.cpp (ggml-org/llama.cpp#15780), also with the wrong status.
        (400, {"error": {"code": 400, "message": "the request exceeds the available context size.",
                         "type": "exceed_context_size_error", "n_ctx": 256}}, "context_length"),
        (500, {"error": {"code": 500, "message": "the request exceeds the available context size.",
                         "type": "exceed_context_size_error"}}, "context_length"),
        (200, {"error": {"code": 400, "message": "the request exceeds the available context size.",
                         "type": "exceed_context_size_error"}}, "context_length"),
        # vLLM, older and newer.
        (400, {"object": "error", "message": "This model's maximum context length is 6048 tokens.",
               "type": "BadRequestError", "param": None, "code": 400}, "context_length"),
        (400, {"error": {"message": "You passed 1015 input tokens. However, the model's context "
                         "length is only 1024 tokens.", "type": "BadRequestError", "code": 400}},
         "context_length"),
        # xAI and Gemini.
        (400, {"code": "Client specified an invalid argument", "error": "This model's maximum "
               "prompt length is 131072 but the request contains 140000 tokens."},
         "context_length"),
        (400, {"code": "x", "error": "Incorrect API key provided: ab***yz."}, "credentials"),
        (400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
                          "status": "INVALID_ARGUMENT"}}], "credentials"),
        (400, [{"error": {"code": 400, "message": "The input token count (1200000) exceeds the "
                          "maximum number of tokens allowed (1048576)."}}], "context_length"),
        # Groq.
        (413, {"error": {"message": "Request too large for model `x` on TPM: please reduce your "
                         "message size", "type": "tokens", "code": "rate_limit_exceeded"}},
         "context_length"),
        # OpenRouter: the provider behind it explains.
        (400, {"error": {"message": "Provider returned error", "code": 400, "metadata":
               {"raw": "{\"error\":\"prompt is too long: 9 tokens\"}"}}}, "context_length"),
        # Ollama.
        (404, {"error": "model 'big-1' not found, try pulling it first"}, "not_found"),
        (200, {"error": {"message": "busy", "code": 503}}, "overloaded"),
        (200, {"error": {"message": "went wrong"}}, "server"),
    ],
)  # fmt: skip
def test_the_kind_of_an_error(status: int, body: object, kind: ProviderErrorKind) -> None:
    assert error(status, body).kind == kind


def test_the_text_is_the_providers_with_what_to_do() -> None:
    told = error(400, openai("Too long.", "context_length_exceeded"))
    assert str(told) == (
        "Acme: Too long; shorten the conversation, or take a model with a larger context window"
    )
    assert told.status == 400


def test_a_missing_model_is_named() -> None:
    assert str(error(404, openai("Not found."))) == (
        "Acme: Not found. (model 'big-1'); kedge models lists the models that are known"
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"error":null}', b'{"error":{}}'])
def test_an_error_without_a_text_tells_its_status(body: bytes) -> None:
    assert str(error(503, body)) == "Acme: HTTP status 503; try again later"


def test_advice_that_the_provider_gives_itself_is_not_repeated() -> None:
    body = openai("We are overloaded, please try again later.")
    assert str(error(503, body)) == "Acme: We are overloaded, please try again later."


def test_a_long_text_is_cut() -> None:
    told = str(error(400, openai("x" * 100_000)))
    assert told.endswith(" …")
    assert len(told) < 700


def test_a_page_of_markup_is_quoted_briefly() -> None:
    page = b"<!DOCTYPE html>\n<html>" + b"<p>no</p>\n" * 1000
    told = str(error(400, page))
    assert told.startswith("Acme: <!DOCTYPE html> <html><p>no</p>")
    assert len(told) < 320


def test_a_quota_is_not_retried() -> None:
    assert error(429, openai("No money", "insufficient_quota")).retryable is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("in 1.2s.", 1.2), ("in 20s", 20.0), ("in 340ms.", 0.34), ("later", None), ("in 6m0s", None)],
)
def test_the_wait_is_read_from_the_text(text: str, seconds: float | None) -> None:
    told = error(429, openai(f"Rate limit reached. Please try again {text}"))
    assert told.retry_after == seconds


@pytest.mark.parametrize("depth", [10, 3000])
def test_errors_within_errors_are_read_to_an_end(depth: int) -> None:
    for body in (b'{"error":' * depth + b"1" + b"}" * depth, b"[" * depth + b"]" * depth):
        assert error(400, body).kind == "invalid"

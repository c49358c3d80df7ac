"""The vendors' clients as carriers: one request in, its answer out, unread.

The packages are imported within functions: they cost seconds. The clients neither repeat nor
trace, and are told address and key, so that only the clouds' own sign-in is left to them.
"""

import importlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol, TypedDict

import httpx2
from msgspec import Struct

from ..errors import ProviderError
from . import faults
from .endpoint import Endpoint
from .http import open_client

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.lib.bedrock import AsyncAnthropicBedrock
    from anthropic.lib.vertex import AsyncAnthropicVertex
    from openai import AsyncOpenAI

Body = dict[str, object]
"""A request as JSON."""

_NO_KEY = "none"
"""What is told to a client that insists on a key where the server wants none."""
_AWS_EVENTS = "application/vnd.amazon.eventstream"


class _Options(TypedDict):
    """What all clients are given alike."""

    http_client: httpx2.AsyncClient
    timeout: httpx2.Timeout
    max_retries: int


class Answer(Struct, frozen=True):
    """What a client received."""

    response: httpx2.Response
    """Its body is unread, unless it is an error's."""
    items: AsyncIterator[object] | None = None
    """The events as JSON, where they come in a framing that only the client knows."""


class Client(Protocol):
    """A vendor's client."""

    async def send(self, path: str, body: Body) -> Answer:
        """Post the body.

        Raises:
            ProviderError: there was no answer, or the request could not be signed.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


def open_sdk(endpoint: Endpoint) -> Client:
    """The client of an endpoint. Slow; meant for a thread.

    Raises:
        ProviderError: `credentials`, the key or the cloud's own settings are missing or wrong.
    """
    anthropic = endpoint.table.wire == "anthropic"
    try:
        return AnthropicClient(endpoint) if anthropic else OpenAIClient(endpoint)
    except ValueError as error:
        raise _no_sign_in(error, endpoint) from error


class AnthropicClient:
    """The `anthropic` package: its own API, Bedrock, Vertex."""

    def __init__(self, endpoint: Endpoint) -> None:
        from anthropic import AnthropicError

        self._endpoint = endpoint
        self._sdk = _anthropic(endpoint)
        self._no_sign_in: tuple[type[Exception], ...] = (AnthropicError, *_sign_in_errors(endpoint))

    async def send(self, path: str, body: Body) -> Answer:
        """See `Client`."""
        from anthropic import APIConnectionError, APIStatusError, AsyncStream

        try:
            stream = await self._sdk.post(
                path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
            )
        except APIStatusError as error:
            return Answer(error.response)
        except APIConnectionError as error:
            raise _unsent(error, self._endpoint) from error
        except self._no_sign_in as error:
            raise _no_sign_in(error, self._endpoint) from error
        framing = stream.response.headers.get("content-type", "")
        items = _items(stream) if framing.startswith(_AWS_EVENTS) else None
        return Answer(stream.response, items)

    async def close(self) -> None:
        """See `Client`."""
        await self._sdk.close()


class OpenAIClient:
    """The `openai` package: its own API, Azure, Bedrock, Vertex."""

    def __init__(self, endpoint: Endpoint) -> None:
        from openai import OpenAIError

        self._endpoint = endpoint
        try:
            self._sdk = _openai(endpoint)
        except OpenAIError as error:
            raise _no_sign_in(error, self._endpoint) from error
        self._no_sign_in: tuple[type[Exception], ...] = (OpenAIError, *_sign_in_errors(endpoint))

    async def send(self, path: str, body: Body) -> Answer:
        """See `Client`."""
        from openai import APIConnectionError, APIStatusError, AsyncStream

        try:
            stream = await self._sdk.post(
                path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
            )
        except APIStatusError as error:
            return Answer(error.response)
        except APIConnectionError as error:
            raise _unsent(error, self._endpoint) from error
        except self._no_sign_in as error:
            raise _no_sign_in(error, self._endpoint) from error
        return Answer(stream.response)

    async def close(self) -> None:
        """See `Client`."""
        await self._sdk.close()


def _anthropic(
    endpoint: Endpoint,
) -> "AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicVertex":
    from anthropic import AsyncAnthropic
    from anthropic.lib.bedrock import AsyncAnthropicBedrock
    from anthropic.lib.vertex import AsyncAnthropicVertex

    key = endpoint.secret() if endpoint.key else None
    url = endpoint.base_url or None
    headers = endpoint.table.headers
    options = _options(endpoint)
    match endpoint.table.sdk:
        case "bedrock":
            return AsyncAnthropicBedrock(
                api_key=key,
                base_url=url,
                default_headers=headers,
                open_telemetry=False,
                **options,
            )
        case "vertex":
            return AsyncAnthropicVertex(
                base_url=url, default_headers=headers, open_telemetry=False, **options
            )
        case _:
            return AsyncAnthropic(
                api_key=key or _NO_KEY,
                base_url=url,
                default_headers=endpoint.headers(),
                open_telemetry=False,
                **options,
            )


def _openai(endpoint: Endpoint) -> "AsyncOpenAI":
    from openai import AsyncAzureOpenAI, AsyncOpenAI
    from openai.providers import bedrock, vertex

    key = endpoint.secret() if endpoint.key else None
    url = endpoint.base_url or None
    headers = endpoint.table.headers
    options = _options(endpoint)
    match endpoint.table.sdk:
        case "azure":
            return AsyncAzureOpenAI(
                api_key=key, azure_endpoint=endpoint.base_url, default_headers=headers, **options
            )
        case "bedrock":
            aws = bedrock(base_url=url, api_key=key) if key else bedrock(base_url=url)
            return AsyncOpenAI(provider=aws, default_headers=headers, **options)
        case "vertex":
            google = vertex(base_url=url)
            return AsyncOpenAI(provider=google, default_headers=headers, **options)
        case _:
            return AsyncOpenAI(
                api_key=key or _NO_KEY, base_url=url, default_headers=endpoint.headers(), **options
            )


def _options(endpoint: Endpoint) -> _Options:
    http = open_client(endpoint, httpx2.create_ssl_context())
    return _Options(http_client=http, timeout=http.timeout, max_retries=0)


async def _items(stream: "AsyncStream[object]") -> AsyncIterator[object]:
    """The events of a stream as JSON; the client raises those that are errors."""
    from anthropic import APIStatusError

    try:
        async for item in stream:
            yield item
    except APIStatusError as error:
        yield error.body
    except _error_class("botocore.eventstream", "ParserError") as error:
        raise ValueError(str(error)) from error


def _unsent(error: Exception, endpoint: Endpoint) -> ProviderError:
    cause = error.__cause__
    if isinstance(cause, httpx2.RequestError):
        return faults.unsent(cause, endpoint)
    return _no_sign_in(cause or error, endpoint)


def _no_sign_in(reason: BaseException, endpoint: Endpoint) -> ProviderError:
    text = f"cannot sign in to {endpoint.table.title}: {reason}"
    return endpoint.worded(ProviderError("credentials", text))


def _sign_in_errors(endpoint: Endpoint) -> tuple[type[Exception], ...]:
    """What signing a request may raise besides the client's own errors."""
    match endpoint.table.sdk:
        case "bedrock":
            return RuntimeError, ValueError, _error_class("botocore.exceptions", "BotoCoreError")
        case "vertex":
            return (
                RuntimeError,
                ValueError,
                _error_class("google.auth.exceptions", "GoogleAuthError"),
            )
        case _:
            return ()


def _error_class(module: str, name: str) -> type[Exception]:
    """An exception of a package that has no types."""
    found: object = getattr(importlib.import_module(module), name)
    if isinstance(found, type) and issubclass(found, Exception):
        return found
    raise TypeError(f"{module}.{name} is no exception")

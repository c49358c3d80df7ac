"""The vendors' clients as carriers: one request in, its answer out, unread.

The packages are imported within functions: they cost seconds. The clients neither repeat nor
trace, and are told address and key, so that only the clouds' own sign-in is left to them.
"""

import importlib
from abc import ABC, abstractmethod
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
    from anthropic.lib.foundry import AsyncAnthropicFoundry
    from anthropic.lib.vertex import AsyncAnthropicVertex
    from openai import AsyncOpenAI

    _Anthropic = (
        AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicFoundry | AsyncAnthropicVertex
    )

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


_Errors = tuple[type[Exception], ...]


def open_sdk(endpoint: Endpoint) -> Client:
    """The client of an endpoint. Slow; meant for a thread.

    Raises:
        ProviderError: `credentials`, the key or the cloud's own settings are missing or wrong.
    """
    anthropic = endpoint.table.wire == "anthropic"
    errors: _Errors = (_vendors_error(endpoint), *_sign_in_errors(endpoint))
    unopened: _Errors = (ValueError, *errors)
    try:
        return AnthropicClient(endpoint, errors) if anthropic else OpenAIClient(endpoint, errors)
    except unopened as error:
        raise _no_sign_in(error, endpoint) from error


class _VendorClient(ABC):
    """What both packages have in common."""

    def __init__(self, endpoint: Endpoint, lost: type[Exception], sign_in: _Errors) -> None:
        self._endpoint = endpoint
        self._lost = lost
        """What the package raises if there is no answer."""
        self._sign_in = sign_in
        """What signing a request may raise."""

    async def send(self, path: str, body: Body) -> Answer:
        """See `Client`."""
        try:
            return await self._post(path, body)
        except self._lost as error:
            raise _unsent(error, self._endpoint) from error
        except self._sign_in as error:
            raise _no_sign_in(error, self._endpoint) from error

    @abstractmethod
    async def _post(self, path: str, body: Body) -> Answer: ...


class AnthropicClient(_VendorClient):
    """The `anthropic` package: its own API, Bedrock, Foundry, Vertex."""

    def __init__(self, endpoint: Endpoint, sign_in: _Errors) -> None:
        from anthropic import APIConnectionError

        super().__init__(endpoint, APIConnectionError, sign_in)
        self._sdk = _anthropic(endpoint)

    async def _post(self, path: str, body: Body) -> Answer:
        from anthropic import APIStatusError, AsyncStream

        try:
            stream = await self._sdk.post(
                path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
            )
        except APIStatusError as error:
            return Answer(error.response)
        framing = stream.response.headers.get("content-type", "")
        return Answer(stream.response, _items(stream) if framing.startswith(_AWS_EVENTS) else None)

    async def close(self) -> None:
        """See `Client`."""
        await self._sdk.close()


class OpenAIClient(_VendorClient):
    """The `openai` package: its own API, Azure, Bedrock, Vertex."""

    def __init__(self, endpoint: Endpoint, sign_in: _Errors) -> None:
        from openai import APIConnectionError

        super().__init__(endpoint, APIConnectionError, sign_in)
        self._sdk = _openai(endpoint)

    async def _post(self, path: str, body: Body) -> Answer:
        from openai import APIStatusError, AsyncStream

        try:
            stream = await self._sdk.post(
                path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
            )
        except APIStatusError as error:
            return Answer(error.response)
        return Answer(stream.response)

    async def close(self) -> None:
        """See `Client`."""
        await self._sdk.close()


def _anthropic(endpoint: Endpoint) -> "_Anthropic":
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
        case "foundry":
            return _foundry(endpoint, key)
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


def _foundry(endpoint: Endpoint, key: str | None) -> "AsyncAnthropicFoundry":
    """Without an address the client makes one of `ANTHROPIC_FOUNDRY_RESOURCE`."""
    from anthropic.lib.foundry import AsyncAnthropicFoundry

    headers = endpoint.table.headers
    options = _options(endpoint)
    if endpoint.base_url:
        return AsyncAnthropicFoundry(
            api_key=key,
            base_url=endpoint.base_url,
            default_headers=headers,
            open_telemetry=False,
            **options,
        )
    return AsyncAnthropicFoundry(
        api_key=key, default_headers=headers, open_telemetry=False, **options
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


def _vendors_error(endpoint: Endpoint) -> type[Exception]:
    """The root of the package's own errors."""
    if endpoint.table.wire == "anthropic":
        from anthropic import AnthropicError

        return AnthropicError
    from openai import OpenAIError

    return OpenAIError


def _sign_in_errors(endpoint: Endpoint) -> _Errors:
    """What signing a request may raise besides the package's own errors."""
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

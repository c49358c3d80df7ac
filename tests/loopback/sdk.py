"""The real SDKs as oracle: what a client of the provider's own package hears in a stream.

`Heard` has the same shape for all three wires, so that it can be compared with a `Turn`. The SDKs
are imported when used: they cost seconds.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from .script import Call, Json, Refusal, Text, Thinking, Turn, Usage, WireName

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import MessageDeltaUsage, RawContentBlockDelta
    from openai import AsyncOpenAI
    from openai.types import CompletionUsage
    from openai.types.chat.chat_completion_chunk import ChoiceDelta
    from openai.types.responses import ResponseStreamEvent, ResponseUsage

MODELS: dict[WireName, str] = {
    "anthropic": "claude-sonnet-5-5",
    "responses": "gpt-6.1-sol",
    "chat": "gpt-6.1-sol",
}


class Heard(Struct):
    """A stream as its client understood it."""

    text: str = ""
    thinking: str = ""
    signature: str = ""
    """Anthropic's signatures, Responses' encrypted contents, joined; nothing for Chat."""
    refusal: str = ""
    calls: list[tuple[str, str, str]] = []
    """Id, name, arguments."""
    reason: str | None = None
    """Why it stopped, in the wire's own word."""
    complete: bool = False
    """Whether the stream's terminal event arrived."""
    usage: Usage | None = None
    events: int = 0
    """How many objects the SDK yielded."""

    def add_call(self, ident: str, name: str) -> None:
        self.calls.append((ident, name, ""))

    def add_arguments(self, at: int, piece: str) -> None:
        ident, name, arguments = self.calls[at]
        self.calls[at] = (ident, name, arguments + piece)


def told(turn: Turn) -> Heard:
    """What a client must hear of the turn; without reason, usage and number of events."""
    heard = Heard()
    for part in turn.parts:
        match part:
            case Text():
                heard.text += part.full
            case Thinking():
                heard.thinking += part.text
                heard.signature += part.signature
            case Refusal():
                heard.refusal += part.text
            case Call():
                heard.calls.append((part.id, part.name, part.raw))
    return heard


class Client(Protocol):
    """A client of one wire."""

    async def hear(self, heard: Heard, url: str, **more: object) -> None:
        """Streams one answer into `heard`, which keeps what came before an error. `more` is added
        to the request."""
        ...

    async def ask(self, url: str, **more: object) -> Json:
        """The answer to the same request without streaming, as the SDK understood it."""
        ...


@asynccontextmanager
async def client(
    wire: WireName, *, key: str = "key", retries: int = 0, seconds: float = 5.0
) -> AsyncGenerator[Client]:
    """A client of the wire. `retries` are the SDK's own, `seconds` is its read timeout."""
    if wire == "anthropic":
        from anthropic import AsyncAnthropic

        async with AsyncAnthropic(
            api_key=key, base_url="http://127.0.0.1", max_retries=retries, timeout=seconds
        ) as anthropic:
            yield _Anthropic(anthropic)
        return
    from openai import AsyncOpenAI

    async with AsyncOpenAI(
        api_key=key, base_url="http://127.0.0.1", max_retries=retries, timeout=seconds
    ) as openai:
        yield _Responses(openai) if wire == "responses" else _Chat(openai)


class _Anthropic:
    def __init__(self, sdk: "AsyncAnthropic") -> None:
        self._sdk = sdk

    async def ask(self, url: str, **more: object) -> Json:
        message = await self._sdk.with_options(base_url=url).messages.create(
            model=MODELS["anthropic"],
            max_tokens=1000,
            messages=[{"role": "user", "content": "hello"}],
            extra_body=more,
        )
        return message.model_dump()

    async def hear(self, heard: Heard, url: str, **more: object) -> None:
        stream = await self._sdk.with_options(base_url=url).messages.create(
            model=MODELS["anthropic"],
            max_tokens=1000,
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            extra_body=more,
        )
        async for event in stream:
            heard.events += 1
            if event.type == "content_block_start":
                block = event.content_block
                if block.type == "tool_use":
                    heard.add_call(block.id, block.name)
                elif block.type == "redacted_thinking":
                    heard.signature += block.data
            elif event.type == "content_block_delta":
                self._delta(heard, event.delta)
            elif event.type == "message_delta":
                details = event.delta.stop_details
                heard.refusal = (details.explanation or "") if details else ""
                heard.reason = event.delta.stop_reason
                heard.usage = _anthropic_usage(event.usage)
            elif event.type == "message_stop":
                heard.complete = True

    def _delta(self, heard: Heard, delta: "RawContentBlockDelta") -> None:
        if delta.type == "text_delta":
            heard.text += delta.text
        elif delta.type == "thinking_delta":
            heard.thinking += delta.thinking
        elif delta.type == "signature_delta":
            heard.signature += delta.signature
        elif delta.type == "input_json_delta":
            heard.add_arguments(-1, delta.partial_json)


class _Responses:
    def __init__(self, sdk: "AsyncOpenAI") -> None:
        self._sdk = sdk

    async def ask(self, url: str, **more: object) -> Json:
        response = await self._sdk.with_options(base_url=f"{url}/v1").responses.create(
            model=MODELS["responses"], input="hello", extra_body=more
        )
        return response.model_dump()

    async def hear(self, heard: Heard, url: str, **more: object) -> None:
        stream = await self._sdk.with_options(base_url=f"{url}/v1").responses.create(
            model=MODELS["responses"],
            input="hello",
            include=["reasoning.encrypted_content"],
            stream=True,
            extra_body=more,
        )
        async for event in stream:
            heard.events += 1
            self._content(heard, event)
            self._end(heard, event)

    def _content(self, heard: Heard, event: "ResponseStreamEvent") -> None:
        if event.type == "response.output_text.delta":
            heard.text += event.delta
        elif event.type == "response.refusal.delta":
            heard.refusal += event.delta
        elif event.type == "response.reasoning_summary_text.delta":
            heard.thinking += event.delta
        elif event.type == "response.function_call_arguments.delta":
            heard.add_arguments(-1, event.delta)
        elif event.type == "response.output_item.added" and event.item.type == "function_call":
            heard.add_call(event.item.call_id, event.item.name)
        elif event.type == "response.output_item.done" and event.item.type == "reasoning":
            heard.signature += event.item.encrypted_content or ""

    def _end(self, heard: Heard, event: "ResponseStreamEvent") -> None:
        if event.type == "error":
            heard.reason = f"error {event.code}"
        elif event.type == "response.failed" and event.response.error:
            heard.reason = f"failed {event.response.error.code}"
        elif event.type == "response.completed" or event.type == "response.incomplete":
            details = event.response.incomplete_details
            heard.reason = details.reason if details else event.response.status
            heard.usage = _responses_usage(event.response.usage)
            heard.complete = True


class _Chat:
    def __init__(self, sdk: "AsyncOpenAI") -> None:
        self._sdk = sdk

    async def ask(self, url: str, **more: object) -> Json:
        completion = await self._sdk.with_options(base_url=f"{url}/v1").chat.completions.create(
            model=MODELS["chat"],
            messages=[{"role": "user", "content": "hello"}],
            extra_body=more,
        )
        return completion.model_dump()

    async def hear(self, heard: Heard, url: str, **more: object) -> None:
        stream = await self._sdk.with_options(base_url=f"{url}/v1").chat.completions.create(
            model=MODELS["chat"],
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
            extra_body=more,
        )
        async for chunk in stream:
            heard.events += 1
            if chunk.usage:
                heard.usage = _chat_usage(chunk.usage)
            for choice in chunk.choices:
                self._delta(heard, choice.delta)
                heard.reason = choice.finish_reason or heard.reason
                heard.complete = heard.reason is not None

    def _delta(self, heard: Heard, delta: "ChoiceDelta") -> None:
        heard.text += delta.content or ""
        heard.refusal += delta.refusal or ""
        heard.thinking += str((delta.model_extra or {}).get("reasoning_content", ""))
        for call in delta.tool_calls or ():
            function = call.function
            if call.id and function:
                heard.add_call(call.id, function.name or "")
            heard.add_arguments(-1, (function and function.arguments) or "")


def _anthropic_usage(usage: "MessageDeltaUsage") -> Usage:
    read = usage.cache_read_input_tokens or 0
    write = usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return Usage(
        (usage.input_tokens or 0) + read + write,
        read,
        write,
        usage.output_tokens,
        details.thinking_tokens if details else 0,
    )


def _responses_usage(usage: "ResponseUsage | None") -> Usage | None:
    if usage is None:
        return None
    return Usage(
        usage.input_tokens,
        usage.input_tokens_details.cached_tokens,
        usage.input_tokens_details.cache_write_tokens,
        usage.output_tokens,
        usage.output_tokens_details.reasoning_tokens,
    )


def _chat_usage(usage: "CompletionUsage") -> Usage:
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        usage.prompt_tokens,
        (prompt and prompt.cached_tokens) or 0,
        (prompt and prompt.cache_write_tokens) or 0,
        usage.completion_tokens,
        (completion and completion.reasoning_tokens) or 0,
    )

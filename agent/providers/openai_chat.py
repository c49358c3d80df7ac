"""The OpenAI Chat Completions wire: requests, for OpenAI and the endpoints compatible to it.

https://developers.openai.com/api/docs/api-reference/chat . Where endpoints differ, the quirks of
the provider table decide; what none of them is known to refuse is done for all.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ...config.models import ModelProfile
from ...config.providers import ProviderTable
from ..errors import ProviderError
from ..events import ToolSpec
from ..messages import Image, Message, Part, Text, Thinking, ToolCall, ToolResult
from ..ports import Request
from .openai_body import Conversation, data_url, effort, encode, words
from .openai_chat_stream import WIRE, ChatDecoder, extra_of
from .openai_errors import ErrorReader
from .pictures import visible


class _TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class _Url(Struct, frozen=True):
    url: str


class _ImagePart(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: _Url


_Content = str | tuple[_TextPart | _ImagePart, ...]


class _System(Struct, frozen=True, tag_field="role", tag="system"):
    content: str


class _User(Struct, frozen=True, tag_field="role", tag="user"):
    content: _Content


class _Function(Struct, frozen=True):
    name: str
    arguments: str


class _Call(Struct, frozen=True):
    id: str
    function: _Function
    type: Literal["function"] = "function"
    extra_content: object = UNSET


class _Assistant(Struct, frozen=True, tag_field="role", tag="assistant"):
    content: str | None
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    tool_calls: tuple[_Call, ...] | UnsetType = UNSET


class _Tool(Struct, frozen=True, tag_field="role", tag="tool"):
    tool_call_id: str
    content: str


class _Declared(Struct, frozen=True):
    name: str
    description: str
    parameters: dict[str, object]


class _Declaration(Struct, frozen=True, tag_field="type", tag="function"):
    function: _Declared


class _StreamOptions(Struct, frozen=True):
    include_usage: Literal[True] = True


class _Head(Struct, frozen=True):
    """All that stands before the messages."""

    model: str
    stream: Literal[True] = True
    stream_options: _StreamOptions | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    max_completion_tokens: int | UnsetType = UNSET
    reasoning_effort: str | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    parallel_tool_calls: Literal[True] | UnsetType = UNSET
    tools: tuple[_Declaration, ...] | UnsetType = UNSET


class OpenAIChatWire:
    """OpenAI Chat Completions for one model and one conversation."""

    name = WIRE
    path = "chat/completions"

    def __init__(self, table: ProviderTable, profile: ModelProfile) -> None:
        self._profile = profile
        self._quirks = table.quirks
        self._errors = ErrorReader(table, profile.name)
        self._images = profile.takes_images(table.quirks)
        self._conversation = Conversation(self._messages)

    def encode(self, request: Request) -> bytes:
        """The JSON body. Deterministic; a longer history extends the bytes of a shorter one."""
        system = encode(_System(request.system)) if request.system else b""
        return self._conversation.body(self._head(request), b"messages", system, request.messages)

    def decoder(self) -> ChatDecoder:
        """For the next response stream."""
        return ChatDecoder(self._errors)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an HTTP error answer means."""
        return self._errors.answered(status, body)

    def _head(self, request: Request) -> _Head:
        quirks = self._quirks
        limit = request.max_output_tokens or UNSET
        old_name = quirks.max_tokens_field == "max_tokens"
        tools = tuple(_declaration(spec) for spec in request.tools)
        return _Head(
            self._profile.name,
            stream_options=_StreamOptions() if quirks.stream_usage else UNSET,
            max_tokens=limit if old_name else UNSET,
            max_completion_tokens=UNSET if old_name else limit,
            reasoning_effort=effort(request, self._profile) or UNSET,
            prompt_cache_key=(quirks.prompt_cache_key and request.session) or UNSET,
            parallel_tool_calls=True if tools and quirks.parallel_tool_calls else UNSET,
            tools=tools or UNSET,
        )

    def _messages(self, message: Message) -> Iterator[Struct]:
        match message.role:
            case "user":
                if content := self._content(visible(message.parts, images=self._images)):
                    yield _User(content)
            case "assistant":
                yield from self._assistant(message)
            case "tool":
                yield from self._results(message.parts)

    def _content(self, parts: Sequence[Text | Image]) -> _Content:
        """A string where it can be: older servers take nothing else."""
        if not any(isinstance(part, Image) for part in parts):
            return words(parts)
        return tuple(
            _ImagePart(_Url(data_url(part))) if isinstance(part, Image) else _TextPart(part.text)
            for part in parts
        )

    def _assistant(self, message: Message) -> Iterator[_Assistant]:
        extras = dict(extra for part in message.parts if (extra := extra_of(part)))
        calls = tuple(_call(call, extras) for call in message.calls)
        text = message.text
        if not text and not calls:
            return
        reasoning = _reasoning(message.parts) if calls and self._quirks.echo_reasoning else UNSET
        newer = self._quirks.reasoning_field == "reasoning"
        yield _Assistant(
            text or None,
            reasoning_content=UNSET if newer else reasoning,
            reasoning=reasoning if newer else UNSET,
            tool_calls=calls or UNSET,
        )

    def _results(self, parts: Sequence[Part]) -> Iterator[_Tool | _User]:
        """The results, and after the last one a user's message with their pictures: tool messages
        may hold text only."""
        pictures: list[Text | Image] = []
        for result in parts:
            if isinstance(result, ToolResult):
                said: list[Text] = []
                for part in visible(result.content, images=self._images):
                    if isinstance(part, Image):
                        name = f"image {len(pictures) // 2 + 1}"
                        pictures += [Text(f"[{name} of the tool results]"), part]
                        part = Text(f"[{name}: in the message after the tool results]")
                    said.append(part)
                yield _Tool(result.call_id, words(said))
        if pictures:
            yield _User(self._content(pictures))


def _declaration(spec: ToolSpec) -> _Declaration:
    return _Declaration(_Declared(spec.name, spec.description, spec.parameters))


def _call(call: ToolCall, extras: Mapping[str, object]) -> _Call:
    function = _Function(call.name, _arguments(call.arguments))
    return _Call(call.id, function, extra_content=extras.get(call.id, UNSET))


def _arguments(text: str) -> str:
    """What the model wrote if it is an object. Else something that is: vLLM, llama.cpp and others
    parse the arguments of the history, and one broken call would make them refuse it for ever."""
    try:
        msgspec.json.decode(text, type=dict[str, Raw])
    except (ValueError, RecursionError):
        return encode({"malformed": text}).decode() if text.strip() else "{}"
    return text


def _reasoning(parts: Sequence[Part]) -> str:
    """The reasoning of this wire, "" if there was none: DeepSeek and Moonshot want the field beside
    every tool call."""
    own = (part for part in parts if isinstance(part, Thinking) and part.wire == WIRE)
    return "".join([part.text for part in own])


if TYPE_CHECKING:
    from .wire import Wire

    _: type[Wire] = OpenAIChatWire

"""The OpenAI Responses wire: requests.

https://developers.openai.com/api/docs/api-reference/responses . Stateless: nothing is stored at the
provider, so reasoning comes encrypted and goes back with the conversation
(https://developers.openai.com/api/docs/guides/reasoning). Items go back without the ids that are
mere references to stored ones; reasoning keeps its id, which its type requires.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, Struct, UnsetType

from ...config.models import ModelProfile
from ...config.providers import ProviderTable
from ..errors import ProviderError
from ..messages import Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from ..ports import Request
from .openai_body import Conversation, data_url, effort, words
from .openai_errors import ErrorReader
from .openai_responses_stream import PARAGRAPH, WIRE, ResponsesDecoder, phase_of
from .pictures import visible


class _InputText(Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class _InputImage(Struct, frozen=True, tag_field="type", tag="input_image"):
    image_url: str
    detail: Literal["auto"] = "auto"


_Content = tuple[_InputText | _InputImage, ...]


class _User(Struct, frozen=True, tag_field="type", tag="message"):
    content: _Content
    role: Literal["user"] = "user"


class _Assistant(Struct, frozen=True, tag_field="type", tag="message"):
    content: str
    role: Literal["assistant"] = "assistant"
    phase: str | UnsetType = UNSET


class _Summary(Struct, frozen=True, tag_field="type", tag="summary_text"):
    text: str


class _ReasoningItem(Struct, frozen=True, tag_field="type", tag="reasoning"):
    id: str
    summary: tuple[_Summary, ...]
    encrypted_content: str


class _FunctionCall(Struct, frozen=True, tag_field="type", tag="function_call"):
    call_id: str
    name: str
    arguments: str


class _FunctionCallOutput(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str | _Content


class _Tool(Struct, frozen=True, tag_field="type", tag="function"):
    name: str
    description: str
    parameters: dict[str, object]
    strict: Literal[False] = False
    """Left out it would be true, and schemas with optional fields would be refused."""


class _Reasoning(Struct, frozen=True):
    effort: str | UnsetType
    summary: Literal["auto"] | UnsetType


class _Head(Struct, frozen=True):
    """All that stands before the input."""

    model: str
    stream: Literal[True] = True
    store: Literal[False] = False
    include: tuple[str, ...] | UnsetType = UNSET
    reasoning: _Reasoning | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    parallel_tool_calls: Literal[True] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    tools: tuple[_Tool, ...] | UnsetType = UNSET


class OpenAIResponsesWire:
    """OpenAI Responses for one model and one conversation."""

    name = WIRE
    path = "responses"

    def __init__(self, table: ProviderTable, profile: ModelProfile) -> None:
        self._profile = profile
        self._quirks = table.quirks
        self._errors = ErrorReader(table, profile.name)
        self._images = profile.takes_images(table.quirks)
        self._conversation = Conversation(self._items)

    def encode(self, request: Request) -> bytes:
        """The JSON body. Deterministic; a longer history extends the bytes of a shorter one."""
        return self._conversation.body(self._head(request), b"input", b"", request.messages)

    def decoder(self) -> ResponsesDecoder:
        """For the next response stream."""
        return ResponsesDecoder(self._errors)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an HTTP error answer means."""
        return self._errors.answered(status, body)

    def _head(self, request: Request) -> _Head:
        include: tuple[str, ...] | UnsetType = UNSET
        reasoning: _Reasoning | UnsetType = UNSET
        if self._profile.thinking == "effort":
            # Models that do not reason answer 400 to either field.
            include = ("reasoning.encrypted_content",)
            asked = effort(request, self._profile)
            reasoning = _Reasoning(asked or UNSET, UNSET if asked == "none" else "auto")
        tools = tuple(_Tool(it.name, it.description, it.parameters) for it in request.tools)
        return _Head(
            self._profile.name,
            include=include,
            reasoning=reasoning,
            max_output_tokens=request.max_output_tokens or UNSET,
            prompt_cache_key=(self._quirks.prompt_cache_key and request.session) or UNSET,
            parallel_tool_calls=True if tools and self._quirks.parallel_tool_calls else UNSET,
            instructions=request.system or UNSET,
            tools=tools or UNSET,
        )

    def _items(self, message: Message) -> Iterator[Struct | dict[str, object]]:
        if message.role == "user":
            if content := self._content(message.parts):
                yield _User(content)
            return
        phase = ""
        for part in _answered(message.parts):
            if (told := phase_of(part)) is not None:
                phase = told
                continue
            if (item := self._item(part, phase)) is not None:
                yield item
            phase = ""

    def _item(self, part: Part, phase: str) -> Struct | dict[str, object] | None:
        """The item of a part of the model's or a tool's; None if this wire cannot have it."""
        match part:
            case Text(text) if text:
                return _Assistant(text, phase=phase or UNSET)
            case Thinking(text, signature, wire=wire, id=id) if wire == WIRE and signature:
                paragraphs = text.split(PARAGRAPH) if text else []
                return _ReasoningItem(id, tuple(_Summary(it) for it in paragraphs), signature)
            case ToolCall(id, name, arguments):
                return _FunctionCall(id, name, arguments)
            case ToolResult(call_id, content):
                return _FunctionCallOutput(call_id, self._output(content))
            case Opaque(wire, data) if wire == WIRE:
                return data
            case _:
                return None

    def _output(self, content: tuple[Text | Image, ...]) -> str | _Content:
        shown = visible(content, images=self._images)
        has_image = any(isinstance(part, Image) for part in shown)
        return self._content(shown) if has_image else words(shown)

    def _content(self, parts: tuple[Part, ...]) -> _Content:
        return tuple(
            _InputImage(data_url(part)) if isinstance(part, Image) else _InputText(part.text)
            for part in visible(parts, images=self._images)
        )


def _answered(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts without reasoning that nothing follows (the answer was cut off in it): the API
    refuses such an item."""
    end = len(parts)
    while end and isinstance(parts[end - 1], Thinking):
        end -= 1
    return parts[:end]


if TYPE_CHECKING:
    from .wire import Wire

    _: type[Wire] = OpenAIResponsesWire

"""Requests of the Anthropic Messages wire, as bytes.

https://platform.claude.com/docs/en/api/messages . `messages` come last and every message is
encoded once, so a request extends the bytes of the one before it, but for the cache markers at its
end: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (four at most; each looks
back 20 blocks for what an earlier request wrote).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ...config.models import ModelProfile
from ..events import ToolSpec
from ..messages import Image, Message, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from ..ports import Request
from .encoded import EncodedMessages
from .pictures import visible

WIRE = "anthropic"

_MARK = b',"cache_control":{"type":"ephemeral"}'

_BUDGETS = {"minimal": 1024, "low": 4096, "medium": 10_000, "high": 20_000, "xhigh": 32_000}
"""Thinking tokens by effort, for models that take a budget; `max` is all there is room for."""
_LEAST_BUDGET = 1024

_Role = Literal["user", "assistant"]


class _Block(Struct, frozen=True, tag_field="type"):
    pass


class _Text(_Block, frozen=True, tag="text"):
    text: str


class _Source(Struct, frozen=True, tag_field="type", tag="base64"):
    media_type: str
    data: str


class _Image(_Block, frozen=True, tag="image"):
    source: _Source


class _Thinking(_Block, frozen=True, tag="thinking"):
    thinking: str
    signature: str


class _RedactedThinking(_Block, frozen=True, tag="redacted_thinking"):
    data: str


class _ToolUse(_Block, frozen=True, tag="tool_use"):
    id: str
    name: str
    input: Raw


class _ToolResult(_Block, frozen=True, tag="tool_result"):
    tool_use_id: str
    is_error: bool | UnsetType = UNSET
    content: tuple[_Text | _Image, ...] | UnsetType = UNSET


class _Tool(Struct, frozen=True):
    name: str
    description: str
    input_schema: dict[str, object]


class _ThinkingConfig(Struct, frozen=True):
    type: Literal["adaptive", "enabled", "disabled"]
    budget_tokens: int | UnsetType = UNSET
    display: Literal["summarized"] | UnsetType = UNSET


class _OutputConfig(Struct, frozen=True):
    effort: str


class _Head(Struct, frozen=True):
    """All that stands before the messages, tools and system text aside."""

    model: str
    max_tokens: int
    stream: Literal[True] = True
    thinking: _ThinkingConfig | UnsetType = UNSET
    output_config: _OutputConfig | UnsetType = UNSET


class _Encoded(Struct, frozen=True):
    """The blocks of one message."""

    role: _Role
    blocks: bytes
    """Joined by commas; empty if nothing of the message can be said on this wire."""
    mark: int
    """Where in `blocks` a cache marker goes; -1 if no block takes one."""

    def marked(self) -> bytes:
        if self.mark < 0:
            return self.blocks
        return self.blocks[: self.mark] + _MARK + self.blocks[self.mark :]


_encode = msgspec.json.Encoder().encode


class RequestEncoder:
    """Encodes the requests of one conversation, each message once. Others cost a new start."""

    def __init__(self, profile: ModelProfile, *, images: bool) -> None:
        """`images`: whether the model may be shown any."""
        self._profile = profile
        self._images = images
        self._encoded = EncodedMessages(self._message)

    def encode(self, request: Request) -> bytes:
        """The JSON body."""
        thinking, output = _thinking(self._profile, request)
        head = _Head(
            model=self._profile.name,
            max_tokens=request.max_output_tokens,
            thinking=thinking,
            output_config=output,
        )
        opening = [_encode(head)[:-1]]
        if request.tools:
            opening.append(b',"tools":' + _marked_list([_tool(spec) for spec in request.tools]))
        if request.system:
            opening.append(b',"system":' + _marked_list([_encode(_Text(request.system))]))
        opening.append(b',"messages":[')
        turns = self._turns(request.messages)
        return b"".join([*opening, b",".join(_marked_turns(turns)), b"]}"])

    def _turns(self, messages: Sequence[Message]) -> list[list[_Encoded]]:
        """Runs of messages that the API takes as one, without those that are empty to it."""
        turns: list[list[_Encoded]] = []
        for encoded in self._encoded.of(messages):
            if not encoded.blocks:
                continue
            if turns and turns[-1][0].role == encoded.role:
                turns[-1].append(encoded)
            else:
                turns.append([encoded])
        return turns

    def _message(self, message: Message) -> _Encoded:
        blocks = b""
        mark = -1
        for part in message.parts:
            for block in self._blocks(part):
                blocks += (b"," if blocks else b"") + block
                if not isinstance(part, Thinking | Opaque):
                    mark = len(blocks) - 1
        role: _Role = "assistant" if message.role == "assistant" else "user"
        return _Encoded(role, blocks, mark)

    def _blocks(self, part: Part) -> Iterator[bytes]:
        """The block of a part; nothing if the API would refuse it."""
        match part:
            case Text() | Image():
                yield from (_encode(said) for said in self._said((part,)))
            case Thinking(wire=wire) if wire != WIRE:
                pass
            case Thinking(redacted=True, signature=data):
                yield _encode(_RedactedThinking(data))
            case Thinking(text=text, signature=signature):
                if signature:
                    yield _encode(_Thinking(text, signature))
            case ToolCall(id=id, name=name, arguments=arguments):
                yield _encode(_ToolUse(_token(id), _token(name), _object(arguments)))
            case ToolResult():
                yield _encode(self._result(part))
            case Opaque(wire=wire, data=data):
                if wire == WIRE:
                    yield _encode(data)

    def _result(self, part: ToolResult) -> _ToolResult:
        content = self._said(part.content)
        return _ToolResult(_token(part.call_id), part.failed or UNSET, content or UNSET)

    def _said(self, parts: Sequence[Text | Image]) -> tuple[_Text | _Image, ...]:
        """Blank text is left out: the API refuses it."""
        blocks: list[_Text | _Image] = []
        for part in visible(parts, images=self._images):
            if isinstance(part, Image):
                blocks.append(_Image(_Source(part.media_type, part.data)))
            elif part.text and not part.text.isspace():
                blocks.append(_Text(part.text))
        return tuple(blocks)


def _thinking(
    profile: ModelProfile, request: Request
) -> tuple[_ThinkingConfig | UnsetType, _OutputConfig | UnsetType]:
    """`thinking` and `output_config` for what is asked, in the way this model is asked."""
    effort = request.effort
    output: _OutputConfig | UnsetType = UNSET
    if effort not in ("", "none"):
        output = _OutputConfig("low" if effort == "minimal" else effort)
    match profile.thinking:
        case "none":
            return UNSET, UNSET
        case "effort":
            return UNSET, output
        case "adaptive" if effort == "none":
            return _ThinkingConfig("disabled"), UNSET
        case "adaptive":
            return _ThinkingConfig("adaptive", display="summarized"), output
        case "budget":
            # It must leave room for an answer.
            budget = min(
                _BUDGETS.get(effort, request.max_output_tokens),
                request.max_output_tokens - _LEAST_BUDGET,
            )
            if output is UNSET or budget < _LEAST_BUDGET:
                return UNSET, UNSET
            return _ThinkingConfig("enabled", budget_tokens=budget), UNSET


def _tool(spec: ToolSpec) -> bytes:
    return _encode(_Tool(spec.name, spec.description, spec.parameters))


def _marked_list(objects: list[bytes]) -> bytes:
    return b"[" + b",".join(objects)[:-1] + _MARK + b"}]"


def _marked_turns(turns: list[list[_Encoded]]) -> Iterator[bytes]:
    """The messages of the body, with markers at the end and where the request before it ended:
    one answer may have more blocks than the API looks back."""
    end = len(turns) - 1
    before = max((at for at in range(end) if turns[at][0].role == "user"), default=end)
    for at, turn in enumerate(turns):
        *others, last = turn
        blocks = [encoded.blocks for encoded in others]
        blocks.append(last.marked() if at in (before, end) else last.blocks)
        yield b'{"role":"%b","content":[%b]}' % (turn[0].role.encode(), b",".join(blocks))


def _token(name: str) -> str:
    """An id or tool name, also of another wire, in the characters that the API allows."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def _object(arguments: str) -> Raw:
    """The model's own text if it is an object; the API takes nothing else."""
    try:
        msgspec.json.decode(arguments, type=dict[str, Raw])
    except (ValueError, RecursionError):
        return Raw(b"{}")
    return Raw(arguments)

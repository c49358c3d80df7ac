"""What is said: messages of parts, as the model and the person exchange them.

A message is a role and an ordered tuple of parts. These values are what records store and what
providers translate; they carry nothing of any one provider's format except what must go back
unchanged (signatures, encrypted reasoning), which is kept opaque and marked with its wire.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Role = Literal["user", "assistant", "tool"]

StopReason = Literal[
    "end", "tool_use", "max_tokens", "stop_sequence", "refusal", "context_window", "pause",
    "interrupted",
]  # fmt: skip
"""Why an assistant message ended. `pause`: the provider wants to be called again as things are;
`interrupted`: we stopped listening, what was said until then is kept."""


class Text(Struct, frozen=True, tag_field="type", tag="text"):
    """Words."""

    text: str


def legible_text(text: str) -> str:
    """The text as UTF-8 can carry it: a file name may hold bytes that are no characters, which
    Python shows as lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Thinking(Struct, frozen=True, tag_field="type", tag="thinking", omit_defaults=True):
    """Reasoning. It is sent back unchanged to the wire it came from and to no other."""

    text: str
    signature: str = ""
    """Proof of origin or encrypted content, opaque; without it Anthropic refuses the block."""
    wire: str = ""
    """Name of the wire that produced it."""
    id: str = ""
    """The provider's item id, where it has one (Responses)."""
    redacted: bool = False
    """The provider withheld the text; `signature` holds the data to send back."""


class Image(Struct, frozen=True, tag_field="type", tag="image"):
    """A picture, base64 encoded."""

    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    data: str


class ToolCall(Struct, frozen=True, tag_field="type", tag="tool_call"):
    """The model asks for a tool."""

    id: str
    name: str
    arguments: str
    """JSON exactly as the model wrote it: it may be malformed or cut off."""


class ToolResult(Struct, frozen=True, tag_field="type", tag="tool_result", omit_defaults=True):
    """The answer to one call, as the model sees it."""

    call_id: str
    content: tuple[Text | Image, ...]
    failed: bool = False


class Opaque(Struct, frozen=True, tag_field="type", tag="opaque"):
    """A kind of part that we do not know, carried so that it goes back unchanged."""

    wire: str
    data: dict[str, object]


Part = Text | Thinking | Image | ToolCall | ToolResult | Opaque

Prompt = tuple[Text | Image, ...]
"""What a person says."""

_ADDED = ("<context>", "<environment>", "<instructions", '<attached path="')
"""How texts begin that somebody else has put into a prompt: hooks, kedge, the files mentioned."""


def said_in(parts: Iterable[Part]) -> str:
    """The words that a person said in a prompt, without what went along; also its title."""
    texts = (part.text for part in parts if isinstance(part, Text))
    return "\n".join(text for text in texts if not text.startswith(_ADDED))


class Message(Struct, frozen=True):
    """One entry of the conversation. `tool` messages hold tool results only, in call order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All words of the message, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of the message, in the model's order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens of one model call, or a sum of several."""

    input_tokens: int = 0
    """All input, cached or not (OpenTelemetry's meaning; Anthropic reports the parts)."""
    cached_tokens: int = 0
    """The part of the input that was read from the provider's cache."""
    cache_write_tokens: int = 0
    """The part of the input that was written to the provider's cache."""
    output_tokens: int = 0
    """All output, reasoning included."""
    reasoning_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

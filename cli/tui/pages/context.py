"""What fills the model's window, by what it is."""

from collections.abc import Iterable, Iterator
from typing import Final

from ....agent.messages import Message, Text, ToolCall, ToolResult
from ....agent.transcript import Transcript
from ....agent.view import characters
from ...counts import counted, percent
from .page import Page, Row, head, page

_BAR: Final = 32
"""Cells of the bar."""

_ORDER: Final[tuple[str, ...]] = (
    "system text",
    "tools",
    "surroundings",
    "instruction files",
    "your words",
    "attached and told",
    "the model's words",
    "the model's calls",
    "results of tools",
)


def context_page(conversation: Transcript, tokens: int, window: int) -> Page:
    """About how many tokens each part of the next request has.

    `tokens` is what the desk shows for the whole, `window` 0 where that is not known.
    """
    sizes: dict[str, int] = dict.fromkeys(_ORDER, 0)
    for name, size in _sizes(conversation):
        sizes[name] += size
    # The parts are estimates; their sum is the figure that the status line has.
    whole = sum(sizes.values()) or 1
    shares = {name: round(tokens * size / whole) for name, size in sizes.items()}
    return page("context", _rows(shares, tokens, window))


def _rows(shares: dict[str, int], tokens: int, window: int) -> Iterator[Row]:
    of = f" of {window:,} ({percent(tokens, window)})" if window else ""
    yield head(f"about {counted(tokens, 'token')}{of}")
    scale = window or tokens or 1
    for name, count in shares.items():
        if count:
            yield Row(_line(name, count, scale))
    if window:
        left = max(0, window - tokens)
        yield Row(_line("room left", left, scale).replace("█", "░"), "dim")
    yield Row("")
    yield Row("/compact makes room; output of tools that is old is left out first", "dim")


def _line(name: str, count: int, scale: int) -> str:
    bar = "█" * round(count / scale * _BAR) or "▏"
    return f"{name:<18} {count:>9,}  {percent(count, scale):>4}  {bar}"


def _sizes(conversation: Transcript) -> Iterator[tuple[str, int]]:
    started = conversation.started
    known: dict[str, str] = {}
    if started is not None:
        known = {started.environment: "surroundings", started.instructions: "instruction files"}
        yield "system text", len(started.system)
        in_all = conversation.request_characters - conversation.characters
        yield "tools", in_all - len(started.system)
    for message in conversation.messages:
        yield from _of(message, known)


def _of(message: Message, known: dict[str, str]) -> Iterable[tuple[str, int]]:
    for part in message.parts:
        size = characters(Message(message.role, (part,)))
        match part:
            case Text(text) if message.role == "user":
                added = "attached and told" if text.startswith("<") else "your words"
                yield known.get(text, added), size
            case ToolResult():
                yield "results of tools", size
            case ToolCall():
                yield "the model's calls", size
            case _:
                yield (
                    "the model's words" if message.role == "assistant" else "attached and told",
                    size,
                )

"""What blocks become as more is known of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from msgspec.structs import replace

from ....agent.events import ActionEnded
from ....agent.messages import Part, Text, Thinking
from .blocks import Answer, Block, Card, ShellRun, Thought


def with_text(block: Block, text: str) -> Block:
    """A block that grew."""
    match block:
        case Answer() | Thought():
            return replace(block, text=text)
        case Card() | ShellRun():
            return replace(block, output=text)
        case _:
            return block


def over(card: Card, ended: ActionEnded) -> Card:
    """An action that ended."""
    content = "\n".join(
        part.text if isinstance(part, Text) else "[picture]" for part in ended.content
    )
    return replace(
        card,
        status=ended.status,
        output="",
        content=content,
        changes=ended.changes,
        duration_ms=ended.duration_ms,
        exit_code=ended.exit_code,
        signal=ended.signal,
        full_output=ended.full_output or "",
    )


def runs(parts: Iterable[Part]) -> Iterator[tuple[bool, str]]:
    """Reasoning and words in turn, as they are streamed: what stands between is no text."""
    legible = [part for part in parts if isinstance(part, Text | Thinking) and part.text]
    for thinking, group in groupby(legible, key=lambda part: isinstance(part, Thinking)):
        yield thinking, "".join(part.text for part in group)


def seconds_of(block: Block) -> float:
    """How long a thought took; 0 for what is none."""
    return block.seconds if isinstance(block, Thought) else 0.0


def between(began: str | None, ended: str) -> float:
    """Seconds from one RFC 3339 time to another; 0 if there is no first."""
    if began is None:
        return 0.0
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return max(0.0, span.total_seconds())

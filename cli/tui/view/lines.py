"""Blocks as lines of a screen: the one place that knows how each kind of block looks."""

from collections.abc import Iterator

from msgspec.structs import replace
from rich.segment import Segment

from .asides import ended, opened, said, shell, thought, told
from .blocks import Answer, Block, Card, Divider, Ended, Opened, Said, ShellRun, Thought, Told
from .cards import card
from .clean import words
from .flow import Line, behind, flow
from .look import Look
from .markdown import markdown

NARROWEST = 20
"""Cells below which lines are drawn as if there were so many."""


def render(block: Block, look: Look) -> list[Line]:
    """The lines of a block; none if there is nothing to be seen of it."""
    look, rail = within(block, look)
    return behind(_lines(block, look), rail) if rail else _lines(block, look)


def within(block: Block, look: Look) -> tuple[Look, list[Segment]]:
    """What is left of a look where the block belongs to an agent of an agent, and its rail."""
    depth = len(block.path) - 1
    look = replace(look, width=max(NARROWEST, look.width))
    if depth < 1:
        return look, []
    rail = [Segment("│ " * min(depth, 4), look.ink("faint"))]
    return replace(look, width=max(NARROWEST, look.width - 2 * min(depth, 4))), rail


def _lines(block: Block, look: Look) -> list[Line]:
    match block:
        case Answer(text=text):
            return markdown(text, look)
        case Card():
            return card(block, look)
        case Said():
            return said(block, look)
        case Thought():
            return thought(block, look)
        case Told():
            return told(block, look)
        case ShellRun():
            return shell(block, look)
        case Ended():
            return ended(block, look)
        case Divider():
            return list(_divider(block, look))
        case Opened():
            return opened(block, look)


def gap(before: Block | None, block: Block) -> int:
    """How many blank lines stand between two blocks that are shown."""
    if before is None:
        return 0
    close = (Card, Told, Thought)
    if isinstance(before, close) and isinstance(block, close):
        return 0
    return 0 if isinstance(before, Divider) and len(block.path) > 1 else 1


def opens(block: Block) -> bool:
    """Whether a block can be opened and closed."""
    match block:
        case Card() | Thought():
            return True
        case Told(detail=detail) | Divider(detail=detail):
            return bool(detail)
        case ShellRun(output=text) | Said(text=text):
            return text.count("\n") > 8
        case _:
            return False


def estimate(block: Block, look: Look) -> int:
    """About how many lines it takes, without drawing it."""
    match block:
        case Answer(text=text) | Said(text=text):
            return 1 + text.count("\n") + len(text) // max(20, look.width)
        case Card(changes=changes):
            return 1 + sum(min(12, change.diff.count("\n")) for change in changes)
        case ShellRun(output=text):
            return 1 + min(12, text.count("\n"))
        case Ended(changes=changes, unverified=unverified):
            return 1 + len(changes) + len(unverified)
        case _:
            return 1


def words_of(block: Block) -> str:
    """What can be searched for in it."""
    match block:
        case Card():
            return f"{block.tool} {block.title}\n{block.content or block.output}"
        case ShellRun():
            return f"{block.command}\n{block.output}"
        case Answer(text=text) | Said(text=text) | Thought(text=text) | Divider(text=text):
            return text
        case Told():
            return f"{block.text}\n{block.detail}"
        case Ended() | Opened():
            return ""


def _divider(block: Divider, look: Look) -> Iterator[Line]:
    text = Segment(words(block.text), look.ink("dim"))
    faint = look.ink("faint")
    *lines, last = flow([text], look.width - 4, [Segment("── ", faint)], [Segment("   ")])
    tail = Segment(" " + "─" * max(0, look.width - last.cells - 1), faint)
    yield from lines
    yield Line((*last.segments, tail), last.cells + len(tail.text), last.lead)
    if look.expanded and block.detail:
        yield from flow([Segment(words(block.detail), look.ink("dim"))], look.width)

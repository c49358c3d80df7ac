"""Everything in a transcript but answers and cards, as lines."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace
from rich.segment import Segment

from ...money import dollars
from .blocks import Ended, Level, Opened, Said, ShellRun, Thought, Told
from .cards import counts, duration, output
from .clean import one_line, printed, words
from .flow import Line, behind, flow, one
from .look import Look
from .markdown import emphasised

LONG_PROMPT: Final = 12
"""Lines of a person's words that are shown unless opened."""
GLANCE_SHELL: Final = 12
"""Lines of the output of a person's own command that are shown unless opened."""
GLANCE_DETAIL: Final = 5
"""Lines of what was found wrong that are shown unless opened."""
GLANCE_FILES: Final = 8
"""Changed files that are named at the end of a turn."""
_THOUGHT: Final = "italic dim"
_UNSAID: Final = "nobody said this: the model is told"

_BROKEN_OFF: Final = frozenset(
    {"budget", "interrupted", "loop", "terminated", "turn_limit", "upstream"}
)
"""How turns end that can be gone on with."""

_SIGNS: Final[dict[Level, tuple[str, str]]] = {
    "note": ("· ", "dim"),
    "warning": ("! ", "warn"),
    "error": ("✗ ", "bad"),
}


def opened(block: Opened, look: Look) -> list[Line]:
    """What the session runs under."""
    before = "resumed" if block.resumed else f"kedge {block.version}"
    # How it is kept is said by /status.
    level = block.sandbox.partition(" (")[0]
    facts = (
        *(before, block.model, f"mode {block.mode}", f"sandbox {level}"),
        f"session {block.session}",
    )
    return flow([Segment(words(" · ".join(facts)), look.ink("dim"))], look.width)


def said(block: Said, look: Look) -> list[Line]:
    """A person's words, as they were written."""
    ink = look.ink("bold person")
    text = words(block.text).strip("\n")
    pictures = f"[{block.images} pictures]" if block.images > 1 else "[picture]"
    if block.images:
        text = f"{text} {pictures}".strip()
    lines = text.split("\n")
    hidden = 0 if look.expanded else len(lines) - LONG_PROMPT
    if hidden > 1:
        lines = [*lines[:LONG_PROMPT], f"… {hidden} lines more"]
    inline = [Segment("\n".join(lines), ink)]
    if block.steering:
        inline.append(Segment(" (said meanwhile)", look.ink("dim")))
    shown = flow(inline, look.width, [Segment("› ", ink)], [Segment("  ")])
    if not text and block.attached:
        shown = [one([Segment(_UNSAID, look.ink("dim"))], look.width, [Segment("› ", ink)])]
    margin = [Segment("  + ", look.ink("dim"))]
    return shown + [
        one([Segment(one_line(along), look.ink("dim"))], look.width, margin)
        for along in block.attached
    ]


def thought(block: Thought, look: Look) -> list[Line]:
    """Reasoning: its last words while it comes, how long it took afterwards, all when opened."""
    ink = look.ink(_THOUGHT)
    took = f" for {duration(block.seconds)}" if block.seconds else ""
    label = f"thought{took}" if block.done else "thinking…"
    sign = [Segment("∴ ", ink)]
    text = words(block.text).strip()
    if not look.expanded:
        glance = one_line(text) if block.done else text.rpartition("\n")[2].strip()
        shown = emphasised(glance, look, _THOUGHT) if glance else []
        if not block.done:
            room = max(10, look.width - len(label) - 8)
            shown = [Segment(_end("".join(part.text for part in shown), room), ink)]
        inline = [Segment(f"{label}: " if glance else label, ink), *shown]
        return [one(inline, look.width, sign)]
    head = one([Segment(label, ink)], look.width, sign)
    margin = [Segment("  ")]
    return [head, *flow(emphasised(text, look, _THOUGHT), look.width, margin, margin)]


def _end(text: str, most: int) -> str:
    """The end of a text, from the beginning of a word on."""
    return text if len(text) <= most else text[-most:].partition(" ")[2]


def told(block: Told, look: Look) -> list[Line]:
    """A remark."""
    sign, ink = _SIGNS[block.level]
    style = look.ink(ink)
    margin = [Segment("  ")]
    text = [Segment(words(block.text), style)]
    lines = flow(text, look.width, [Segment(sign, style)], margin)
    if block.code == "retry":
        # It is there for moments, and moves nothing.
        return [one(text, look.width, [Segment(sign, style)])]
    if not block.detail or (block.level == "note" and not look.expanded):
        return lines
    detail = printed(block.detail).strip().split("\n")
    if not look.expanded and len(detail) > GLANCE_DETAIL:
        detail = detail[-GLANCE_DETAIL:]
    dim = look.ink("dim")
    return [*lines, *flow([Segment("\n".join(detail), dim)], look.width, margin, margin)]


def shell(block: ShellRun, look: Look) -> list[Line]:
    """A command of the person's own, with the end of what it printed."""
    ink = look.ink("bold person")
    facts = [Segment(f" {text}", look.ink(style)) for text, style in _shell_facts(block)]
    margin = [Segment("  ")]
    command = Segment(words(block.command), ink)
    lines = flow([command, *facts], look.width, [Segment("! ", ink)], margin)
    dim = look.ink("dim")
    if look.expanded:
        inner = replace(look, width=look.width - 2)
        return [*lines, *behind(output(block.output, inner), margin)]
    printed_lines = printed(block.output).strip("\n").split("\n") if block.output.strip() else []
    hidden = len(printed_lines) - GLANCE_SHELL
    if hidden > 0:
        printed_lines = [f"… {hidden} lines before", *printed_lines[hidden:]]
    return [*lines, *(one([Segment(line, dim)], look.width, margin) for line in printed_lines)]


def _shell_facts(block: ShellRun) -> Iterator[tuple[str, str]]:
    if not block.done:
        yield "running", "accent"
    elif block.signal:
        yield f"ended by {block.signal}", "bad"
    elif block.exit_code:
        yield f"exit {block.exit_code}", "bad"
    if block.duration_ms >= 100:
        yield duration(block.duration_ms / 1000), "dim"


def ended(block: Ended, look: Look) -> list[Line]:
    """A turn's end: what it took and changed, and what nobody checked."""
    dim = look.ink("dim")
    done = block.status in ("done", "blocked")
    cost = dollars(block.cost_usd, estimated=block.cost_estimated)
    inline = [
        Segment(block.said or block.status.replace("_", " "), dim if done else look.ink("warn")),
        Segment(f" · {duration(block.seconds)} · {cost}", dim),
    ]
    if block.changes:
        added = sum(change.added for change in block.changes)
        removed = sum(change.removed for change in block.changes)
        files = "1 file" if len(block.changes) == 1 else f"{len(block.changes)} files"
        inline += [Segment(f" · {files} ", dim), *counts(added, removed, look)]
    if block.status in _BROKEN_OFF and len(block.path) == 1:
        inline.append(Segment(" · /continue goes on, or say what to do instead", dim))
    lines = flow(inline, look.width)
    for change in block.changes[:GLANCE_FILES] if len(block.changes) > 1 else ():
        named = [Segment(f"{change.change} {words(change.path)} ", dim)]
        numbers = counts(change.added, change.removed, look)
        lines.append(one([*named, *numbers], look.width, [Segment("  ")]))
    if len(block.changes) > GLANCE_FILES:
        more = f"… {len(block.changes) - GLANCE_FILES} files more"
        lines.append(one([Segment(more, dim)], look.width, [Segment("  ")]))
    for claim in block.unverified:
        words_ = Segment(f"not verified: {words(claim)}", look.ink("warn"))
        lines += flow([words_], look.width, [Segment("  ")], [Segment("    ")])
    return lines

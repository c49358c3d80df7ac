"""Compaction, its pure part: when, where to cut, what stays word for word, what a summary needs.

The order is: prune old tool output (cheap), then summarise (dear). A cut never parts a call from
its result and never takes the person's last words; theirs stay word for word up to a budget, and
the register (`register.py`) stays whole.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ..config.settings import ContextSettings
from .register import Register
from .view import PRUNED_ABOVE, Said, characters, pruned, size_of

MAX_SUMMARY: Final = 20_000
"""Tokens."""
PRUNED_ENOUGH: Final = 0.75
"""The part of the threshold that pruning must get below, to be worth a new start of the cache."""


class Sizes(Struct, frozen=True):
    """How much is too much, and what stays; all in tokens."""

    threshold: int
    tail: int
    words: int
    summary: int
    """How long a summary may be: what has to be said twice as long is no summary."""


def sizes(window: int, answer: int, settings: ContextSettings | None = None) -> Sizes:
    """The sizes for a model's window and its longest answer, which is always left room for.

    A small window has no 50,000 tokens to spare: half of it can always be filled, and tail and
    words together take no more than half of that.
    """
    wanted = settings or ContextSettings()
    room = max(wanted.room, answer)
    threshold = max(min(int(window * wanted.share), window - room), window // 2)
    most = threshold // 4
    return Sizes(threshold, min(wanted.tail, most), min(wanted.words, most), min(MAX_SUMMARY, most))


class Cut(Struct, frozen=True):
    """Where the conversation is parted."""

    upto: int
    """The last `seq` that is summarised."""
    kept: int
    """As `Compacted.kept`."""


def cut(said: Sequence[Said], after: int, budget: float) -> Cut | None:
    """Where to part what was said after the record `after`, so that the rest has at most `budget`
    characters; None if there is nothing to summarise.

    At least the last message stays, with the call that it answers, however long they are.
    """
    start = next((place for place, one in enumerate(said) if one.seq > after), len(said))
    places = [place for place in range(start + 1, len(said)) if _may_begin(said, place)]
    if not places or sum(characters(one.message) for one in said[start:]) <= budget:
        return None
    chosen, size, end = places[-1], 0, len(said)
    for place in reversed(places):
        size += sum(characters(one.message) for one in said[place:end])
        if size > budget:
            break
        chosen = end = place
    return _cut_at(said, chosen) if _worth_it(said[start:chosen]) else None


def _worth_it(head: Sequence[Said]) -> bool:
    """Whether there is more in it than a person's words, which stay anyway."""
    return any(not one.words for one in head)


def _may_begin(said: Sequence[Said], place: int) -> bool:
    """Whether what is seen may begin here: not with results, whose calls would be gone, nor
    within an answer that was continued."""
    role = said[place].message.role
    return role == "user" or (role == "assistant" and said[place - 1].message.role != "assistant")


def _cut_at(said: Sequence[Said], place: int) -> Cut:
    spoken = [one.seq for one in said[:place] if one.words]
    heard_later = any(one.words for one in said[place:])
    kept = spoken[-1] if spoken and not heard_later else 0
    return Cut(said[place - 1].seq, kept)


def prunable(said: Sequence[Said], after: int, protected: float) -> tuple[int, ...]:
    """The tool messages after the record `after` with output to prune, but for those within the
    last `protected` characters."""
    size = 0
    found: list[int] = []
    for one in reversed(said):
        if one.seq <= after:
            break
        size += characters(one.message)
        long = any(size_of(part) > PRUNED_ABOVE for part in one.message.parts)
        if long and size > protected and one.message.role == "tool":
            found.append(one.seq)
    return tuple(reversed(found))


def saved(said: Sequence[Said], seqs: Sequence[int]) -> int:
    """Characters that pruning these messages saves."""
    chosen = frozenset(seqs)
    return sum(
        characters(one.message) - characters(pruned(one.message))
        for one in said
        if one.seq in chosen
    )


def own_words(said: Sequence[Said], where: Cut, budget: float) -> list[str]:
    """The person's words before a cut, oldest first: the latest that fit in `budget` characters,
    each whole, with a line for what did not. Those that stay as a message are not repeated."""
    kept: list[str] = []
    spoken = [
        one.words for one in said if one.words and one.seq <= where.upto and one.seq != where.kept
    ]
    for place, words in enumerate(reversed(spoken)):
        budget -= len(words)
        if budget < 0:
            kept.append(f"[{len(spoken) - place} earlier messages are left out here]")
            break
        kept.append(words)
    return kept[::-1]


def missing(summary: str, register: Register) -> list[str]:
    """What a summary has to name and does not: open tasks, demands, decisions, changed files.

    Spelling counts, case, white space and the punctuation around words do not.
    """
    words = _plain(summary)
    return [one for one in _required(register) if _plain(one) not in words]


def _required(register: Register) -> tuple[str, ...]:
    return (
        *register.open_tasks,
        *register.constraints,
        *register.decisions,
        *register.changed,
    )


_MARKS: Final = re.compile(r"[\s`*\"'’“”.,;:!?()\[\]-]+")


def _plain(text: str) -> str:
    return _MARKS.sub(" ", text).casefold().strip()


def asking(instructions: str, register: Register, focus: str, context: str) -> str:
    """The words that ask for a summary."""
    parts = [instructions]
    if required := _required(register):
        parts.append(f"Name every one of these, word for word:\n{_listed(required)}")
    if focus:
        parts.append(f"The person wants the summary to keep above all: {focus}")
    if context:
        parts.append(f"This must not be lost either:\n{context}")
    return "\n\n".join(parts)


def again(lacking: Sequence[str], *, broken_off: bool) -> str:
    """The words that ask for a better one."""
    parts = ["The summary does not do. Write the whole summary again."]
    if broken_off:
        parts.append("It was too long, so its end is missing: be shorter.")
    if lacking:
        parts.append(f"Name these, word for word, which it left out:\n{_listed(lacking)}")
    return "\n\n".join(parts)


def standing_in(
    summary: str, words: Sequence[str], register: Register, surroundings: str, context: str = ""
) -> str:
    """What stands in the place of what was summarised."""
    parts = [surroundings] if surroundings else []
    parts.append(
        "[kedge: the conversation before this was summarised to make room. The work in it is done; "
        "do not do it again. Files may have changed since they were read.]"
    )
    if summary:
        parts.append(f"<summary>\n{_untagged(summary)}\n</summary>")
    if words:
        said = "\n\n".join(words)
        parts.append(f"<person_said>\n{said}\n</person_said>")
    if kept := _in_words(register):
        parts.append(f"<register>\n{_untagged(kept)}\n</register>")
    if context:
        parts.append(f"<context>\n{context}\n</context>")
    return "\n\n".join(parts)


_TAGS: Final = re.compile(
    r"<(/?\s*(?:summary|person_said|register|context|instructions)\s*)>", re.I
)


def _untagged(words: str) -> str:
    """A model's words, which cannot pass for a person's: it may have read anything."""
    return _TAGS.sub(r"‹\1›", words)


_BOXES: Final = {"in_progress": "[>]", "completed": "[x]"}


def _in_words(register: Register) -> str:
    tasks = [f"{_BOXES.get(task.status, '[ ]')} {task.content}" for task in register.tasks]
    changes = [f"{path} ({how})" for path, how in register.changed.items()]
    groups: tuple[tuple[str, Sequence[str]], ...] = (
        ("Todo list:", tasks),
        ("What the person demanded (later words win):", register.constraints),
        ("Decisions:", register.decisions),
        ("Files changed:", changes),
        ("Files read:", register.read),
    )
    return "\n\n".join(f"{title}\n{_listed(lines)}" for title, lines in groups if lines)


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)

"""A question as the panel above the prompt shows it: the words and marks, no widget."""

import re
from collections.abc import Iterator

from rich.style import Style
from rich.text import Text
from textual.content import Content

from ....agent.ports import Question
from ...questions import (
    arguments_in_words,
    carets,
    command_lines,
    effects_in_words,
    voices_in_words,
)
from ...terminal import harmless
from ..desk.facts import Asked, Facts
from ..view.diff import drawn, rows
from ..view.flow import Line
from ..view.look import Look

_Part = str | Content | tuple[str, str]

_UNIFIED = re.compile(r"--- .*\n\+\+\+ .*\n@@ -\d")
_DIFF_STYLES = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}


def body(asked: Asked, facts: Facts, look: Look, *, why: bool = False) -> Content:
    """What would happen, where, and who wants to know; with `why`, everybody who was heard."""
    question = asked.question
    lines = _command(asked)
    if question.preview and not lines:
        lines = list(_preview(question, look))
    else:
        lines += [Content(words) for words in arguments_in_words(question.action)]
    # Where there is one effect, the reason has said it already.
    told = (words for words in effects_in_words(question) if words not in question.reason)
    lines += [_muted(words) for words in told]
    lines.append(_muted(_circumstances(asked, facts)))
    if why:
        voices = list(voices_in_words(question)) or ["nobody else was heard"]
        lines += [Content(""), _muted("who was heard:")]
        lines += [Content(f"  {words}") for words in voices]
    return Content("\n").join(lines)


def _command(asked: Asked) -> list[Content]:
    """The command; what is in question is underlined and has marks below, so that it can be told
    without colours."""
    lines: list[Content] = []
    for line in command_lines(asked.question):
        pieces = (
            (piece.text, "bold underline $text-error" if piece.marked else "bold") for piece in line
        )
        lines.append(Content.assemble(*pieces))
        if marks := carets(line):
            lines.append(Content.styled(marks, "$text-error"))
    return lines


def _preview(question: Question, look: Look) -> Iterator[Content]:
    """What would change, every line of it."""
    path = question.action.arguments.get("file_path")
    if isinstance(path, str) and _UNIFIED.match(question.preview):
        yield _muted(harmless(path))
        for line in drawn(list(rows(question.preview, path.rpartition("/")[2], look)), look):
            yield content(line)
        return
    # A patch has a form of its own, and names its files itself.
    for words in harmless(question.preview).splitlines():
        yield Content.styled(words, _DIFF_STYLES.get(words[:1], ""))


def content(line: Line) -> Content:
    """A line of the transcript for a widget."""
    parts = ((segment.text, segment.style or Style.null()) for segment in line.segments)
    return Content.from_rich_text(Text.assemble(*parts))


def _muted(words: str) -> Content:
    return Content.styled(words, "$text-muted")


def _circumstances(asked: Asked, facts: Facts) -> str:
    parts = (
        f"in {facts.cwd}" if facts.cwd else "",
        f"sandbox {facts.sandbox.partition(' (')[0]}" if facts.sandbox else "",
        f"asked by {asked.question.by}",
        f"for the agent {' › '.join(asked.path[1:])}" if asked.path[1:] else "",
    )
    return harmless(" · ".join(filter(None, parts)))


def stored(rules: tuple[str, ...]) -> Content:
    """What "always" would store."""
    label = "always is the rule  " if len(rules) == 1 else "always is the rules  "
    parts: list[_Part] = [(label, "$text-muted")]
    for place, rule in enumerate(rules):
        parts += [("; ", "$text-muted")] if place else []
        parts.append((harmless(rule), "$text-accent"))
    return Content.assemble(*parts)

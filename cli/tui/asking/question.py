"""A question as the panel above the prompt shows it: the words and marks, no widget."""

import re
from collections.abc import Iterator, Sequence

from rich.style import Style
from rich.text import Text
from textual.content import Content

from ....agent.events import ActionProposed
from ....agent.ports import Question
from ...questions import (
    ASKED_AGAIN,
    arguments_in_words,
    command_lines,
    effects_in_words,
    in_question,
    voices_in_words,
)
from ...terminal import harmless, visible
from ...titles import title
from ..desk.state import Asked, DeskState
from ..view.diff import drawn, rows
from ..view.flow import Line
from ..view.look import Look
from ..view.palette import NONE

_Part = str | Content | tuple[str, str]

_MARKED = "bold underline reverse $text-error"
_UNIFIED = re.compile(r"--- .*\n\+\+\+ .*\n@@ -\d")
_DIFF_STYLES = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}


def body(asked: Asked, state: DeskState, look: Look, *, why: bool = False) -> Content:
    """What would happen, where, and who wants to know; with `why`, how it was decided."""
    question = asked.question
    command = _command(asked, look)
    if question.preview and not command:
        lines = [*_preview(question, look), *_effects(question)]
    else:
        arguments = map(Content, arguments_in_words(question.action))
        lines = [*command, *_effects(question), *arguments]
    lines.append(_muted(_circumstances(asked, state)))
    if why:
        voices = list(voices_in_words(question)) or ["nothing else was consulted"]
        lines += [Content(""), _muted("how this was decided:")]
        lines += [Content(f"  {words}") for words in voices]
    return Content("\n").join(lines)


def consequences(asked: Asked, look: Look) -> tuple[Content, Content] | None:
    """What the effects in question are, and the beginning of the body that ends with them; None if
    the reason says all of it, or a preview shows it."""
    effects = _effects(asked.question)
    if not effects or asked.question.preview:
        return None
    start = [*_command(asked, look), *effects]
    return Content("\n").join(effects), Content("\n").join(start)


def _effects(question: Question) -> list[Content]:
    # Where there is one effect, the reason has said it already.
    told = (words for words in effects_in_words(question) if words not in question.reason)
    return list(map(_muted, told))


def _command(asked: Asked, look: Look) -> list[Content]:
    """The command; what is in question is marked in its place, so that the mark stays there however
    the line is wrapped, and told without colours. Where there are none, words say it as well."""
    command = command_lines(asked.question)
    lines = [
        Content.assemble(*((piece.text, _MARKED if piece.marked else "bold") for piece in line))
        for line in command
    ]
    told = in_question(command) if look.palette == NONE else ()
    return [*lines, *map(_muted, told)]


def _preview(question: Question, look: Look) -> Iterator[Content]:
    """What would change, every line of it."""
    path = question.action.arguments.get("file_path")
    if isinstance(path, str) and _UNIFIED.match(question.preview):
        yield _muted(visible(path))
        for line in drawn(list(rows(question.preview, path.rpartition("/")[2], look)), look):
            yield content(line)
        return
    # A patch has a form of its own, and names its files itself.
    for words in visible(question.preview).splitlines():
        yield Content.styled(words, _DIFF_STYLES.get(words[:1], ""))


def content(line: Line) -> Content:
    """A line of the transcript for a widget."""
    parts = ((segment.text, segment.style or Style.null()) for segment in line.segments)
    return Content.from_rich_text(Text.assemble(*parts))


def _muted(words: str) -> Content:
    return Content.styled(words, "$text-muted")


def _circumstances(asked: Asked, state: DeskState) -> str:
    parts = (
        f"in {state.cwd}" if state.cwd else "",
        f"sandbox {state.sandbox.partition(' (')[0]}" if state.sandbox else "",
        f"asked by {asked.question.by}",
        f"for the agent {' › '.join(asked.path[1:])}" if asked.path[1:] else "",
    )
    return harmless(" · ".join(filter(None, parts)))


def stored(rules: tuple[str, ...], saving: str) -> Content:
    """What the keys that are `saving` would store; where that is nothing, why they are missing."""
    if not rules:
        return _muted(ASKED_AGAIN)
    label = f"{saving} save the rule: " if len(rules) == 1 else f"{saving} save the rules: "
    parts: list[_Part] = [(label, "$text-muted")]
    for place, rule in enumerate(rules):
        parts += [("; ", "$text-muted")] if place else []
        parts.append((visible(rule), "$text-accent"))
    return Content.assemble(*parts)


def others(waiting: Sequence[Asked], to_come: Sequence[str], most: int) -> Content:
    """The questions that wait besides the open one, and what is asked when that is over, a line
    each, at most so many."""
    rows = [
        (_agent(one), f"{one.question.action.call.name} {_gist(one.question)}") for one in waiting
    ]
    lines = [("also  ", f"{agent}{words}") for agent, words in rows]
    lines += [("then  ", harmless(words)) for words in to_come]
    if len(lines) > most:
        lines[most - 1 :] = [("      ", f"… and {len(lines) - most + 1} more")]
    return Content("\n").join(
        Content.assemble((label, "$text-muted"), words) for label, words in lines
    )


def _gist(question: Question) -> str:
    """What is to be done, in one line."""
    call = question.action.call
    shown = ActionProposed(call.id, call.name, question.action.arguments, ())
    return title(shown, "")


def _agent(asked: Asked) -> str:
    return f"{' › '.join(map(harmless, asked.path[1:]))}: " if asked.path[1:] else ""

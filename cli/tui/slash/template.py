"""A command in Markdown: what its file says, and the prompt that it becomes.

The forms are those of Claude Code (https://code.claude.com/docs/en/slash-commands) and opencode
(https://opencode.ai/docs/commands): front matter, `$ARGUMENTS`, `$1`, `` !`command` ``, `@file`.
"""

import re
import shlex
from collections.abc import Iterator

from msgspec import Struct

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)")
_SHELL = re.compile(r"(?<!\S)!`([^`\n]+)`")
_PLACE = re.compile(r"\$(ARGUMENTS|\d)(?![\w\[])")
_OBEYED = ("description", "argument-hint", "model", "allowed-tools")


class Template(Struct, frozen=True):
    """A command's file, understood."""

    body: str
    help: str
    arguments: str = ""
    """What may follow its name, in words."""
    model: str = ""
    """Who is to answer, as the file has it."""
    tools: str = ""
    """What needs no question, as the file has it."""
    ignored: tuple[str, ...] = ()
    """Names of fields that say something which is not obeyed."""


class Piece(Struct, frozen=True):
    """A part of a prompt."""

    text: str
    shell: bool = False
    """Whether it stands for what this command prints."""


def template(text: str) -> Template:
    """Understand a file. Anything is a template: without front matter all of it is the prompt."""
    front = _FRONT.match(text)
    body = text[front.end() :] if front else text
    fields = dict(_fields(front[1])) if front else {}
    first = next((line.strip(" #\t") for line in body.splitlines() if line.strip()), "")
    return Template(
        body.strip(),
        fields.get("description") or first[:80],
        fields.get("argument-hint", ""),
        fields.get("model", ""),
        fields.get("allowed-tools", ""),
        tuple(name for name, value in fields.items() if name not in _OBEYED and value),
    )


def shell_in(body: str) -> tuple[str, ...]:
    """The commands that using a template runs, as they are written in it."""
    return tuple(shell[1] for shell in _SHELL.finditer(body))


def _fields(front: str) -> Iterator[tuple[str, str]]:
    """The top level of simple YAML, which front matter is."""
    name, values = "", list[str]()
    for line in front.splitlines():
        field = _FIELD.fullmatch(line.rstrip())
        if field:
            if name:
                yield name, " ".join(values).strip()
            name, values = field[1], [_bare(field[2])]
        elif name and line.strip():
            values.append(_bare(line.strip().removeprefix("- ")))
    if name:
        yield name, " ".join(values).strip()


def _bare(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def pieces(body: str, words: str, *, greedy: bool) -> list[Piece]:
    """The prompt of a template and what was typed behind its name, with the commands in it.

    What was typed never becomes a command: within one, each of its words is quoted. `greedy`: the
    highest number takes all words that are left, as in opencode.
    """
    given = _split(words)
    numbers = [int(found[1]) for found in _PLACE.finditer(body) if found[1] != "ARGUMENTS"]
    last = max(numbers, default=0) if greedy else 0
    found: list[Piece] = []
    done = 0
    for shell in _SHELL.finditer(body):
        found.append(Piece(_filled(body[done : shell.start()], words, given, last, shell=False)))
        found.append(Piece(_filled(shell[1], words, given, last, shell=True), shell=True))
        done = shell.end()
    found.append(Piece(_filled(body[done:], words, given, last, shell=False)))
    if words and not _PLACE.search(body):
        found.append(Piece(f"\n\nARGUMENTS: {words}"))
    return [piece for piece in found if piece.text]


def _filled(text: str, words: str, given: list[str], last: int, *, shell: bool) -> str:
    def value(place: re.Match[str]) -> str:
        if place[1] == "ARGUMENTS":
            return shlex.join(given) if shell else words
        number = int(place[1])
        meant = given[number - 1 :] if number == last else given[number - 1 : number]
        return shlex.join(meant) if shell else " ".join(meant)

    return _PLACE.sub(value, text)


def _split(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError:
        return words.split()

"""What is known of programs: the tables in `config/defaults/commands/`, made ready for use.

A table lists what may be said to a program; whatever it does not list is not known. Options are
written as a list of words:

    -abc         short options without a value
    -n=text      a short option with a value, attached or the next word
    -B?          a short option that may have a value attached
    -#           a number as an option, like `-20`
    --all        a long option without a value
    --file=read  a long option with a value
    --color?     a long option that may have a value after `=`

Operands are roles in order; one of them may stand for any number: `read* write`. Roles:

    text     only printed or compared: names nothing
    pair     two texts, as the value of an option
    rev      a name that git knows, or a path
    read     a file or directory that is read
    write    one that is made or changed
    delete   one that is removed
    move     one that is read, and removed from its place
    pattern  a text that is an operand unless an option with this role gave it
    target   the directory written to, as an option in place of the last operand
    host     a host or URL that is reached
"""

import re
from functools import cache
from typing import Literal

import msgspec
from msgspec import Struct

from ...config.sections import DEFAULTS
from ..effects import Risk

Role = Literal[
    "", "text", "pair", "rev", "read", "write", "delete", "move", "pattern", "target", "host"
]


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """What a table's file may say of a program or of one of its subcommands."""

    like: str = ""
    """Another program of the same file that this one is a name for."""
    risk: Risk = "safe"
    """Of a use that the table knows. `safe`: it does nothing but its effects say."""
    why: str = ""
    """What makes it so, for a person: after "NAME"."""
    options: str = ""
    operands: str = ""
    operands_need: str = ""
    """Options of which one has to be there for operands to be what the table says."""
    without: str = ""
    """What it does with operands where none of these options is there, for a person."""
    default: str = ""
    """What it reads when it has no operand in the place of the last role."""
    recursive: str = ""
    """Options that make it go through directories; `*` where it always does."""
    danger: dict[str, str] = {}
    """Options, with values where they matter (`--mode=x`), that do harm: what they do."""
    prints: bool = False
    """Whether it does nothing but print its operands, whatever they are."""
    needs_option: bool = False
    """Whether it is known only with one of its options."""
    operands_match: str = ""
    """What its operands have to look like, as a regular expression."""
    follows: str = ""
    """Options by which it follows links that it comes upon."""
    heeds: tuple[str, ...] = ()
    """Files in the directory, or in one above, by which it could be made to do other things."""
    builtin: bool = False
    """Whether the shell itself does it."""
    ends_early: bool = False
    """Whether what begins with `-` after the first operand is an operand."""
    network: tuple[str, ...] = ()
    """The hosts that it reaches; words with blanks where nobody can know them beforehand."""
    fetches: tuple[str, ...] = ()
    """Its first words with which it reaches them; empty if it always does."""
    index: str = ""
    """Options that name another host in their place."""
    index_too: str = ""
    """Options that name one more."""
    remotes: bool = False
    """Whether an operand may be on another machine, as `HOST:PATH` or a URL."""
    wraps: Literal["", "words", "line", "perhaps"] = ""
    """What it does with what follows its options and first operands: run it as a command; join it
    and run it as a command line; run it as one of the two, somewhere in it."""
    clear: bool = False
    """Whether what it wraps means the same without it."""
    env: tuple[str, ...] = ()
    """Variables of the environment by which it could be made to do other things."""
    subcommands: dict[str, "Entry"] = {}


class Option(Struct, frozen=True):
    """An option that is known."""

    name: str
    role: Role = ""
    """Of its value; empty if it takes none."""
    attached_only: bool = False
    """Whether its value, if any, can only be attached to it."""


class Operands(Struct, frozen=True):
    """The roles of operands: some first, any number of one, some last."""

    first: tuple[Role, ...] = ()
    many: Role = ""
    last: tuple[Role, ...] = ()


class Program(Struct, frozen=True):
    """A table's entry, ready for use."""

    name: str
    """With the subcommand: `git log`."""
    entry: Entry
    options: dict[str, Option]
    number: bool
    """Whether `-20` is an option."""
    operands: Operands
    recursive: frozenset[str]
    follows: frozenset[str]
    subcommands: dict[str, "Program"]


@cache
def programs() -> dict[str, Program]:
    """Every program that a table knows, by its name; `git` is in tables of its own."""
    found: dict[str, Program] = {}
    for path in sorted((DEFAULTS / "commands").glob("*.toml")):
        entries = msgspec.toml.decode(path.read_bytes(), type=dict[str, Entry])
        for name, entry in entries.items():
            entry = entries[entry.like] if entry.like else entry
            found[name] = _program(name, entry)
    return found


def _program(name: str, entry: Entry) -> Program:
    options: dict[str, Option] = {}
    words = entry.options.split()
    for word in words:
        for option in _options(word):
            options[option.name] = option
    subcommands = {
        sub: _program(f"{name} {sub}", _merged(entry, inner))
        for sub, inner in entry.subcommands.items()
    }
    operands = _operands(entry.operands)
    if entry.wraps:
        operands = Operands(operands.first, "text")
    return Program(
        name, entry, options, "-#" in words, operands,
        frozenset(entry.recursive.split()), frozenset(entry.follows.split()), subcommands,
    )  # fmt: skip


def _merged(outer: Entry, inner: Entry) -> Entry:
    """A subcommand's entry; `like` names another subcommand."""
    entry = outer.subcommands[inner.like] if inner.like else inner
    return msgspec.structs.replace(
        entry,
        env=(*outer.env, *entry.env),
        heeds=(*outer.heeds, *entry.heeds),
        index=entry.index or outer.index,
        index_too=entry.index_too or outer.index_too,
    )


_OPTION = re.compile(r"(--[\w.-]+|-[^-\s=?]+)(?:(\?)|=(\w+))?")


def _options(word: str) -> list[Option]:
    if word == "-#":
        return []
    found = _OPTION.fullmatch(word)
    if not found:
        raise ValueError(f"{word!r} is no option in a table of commands")
    name, optional, role = found.groups()
    if optional:
        return [Option(name, "text", attached_only=True)]
    if role:
        return [Option(name, _role(role))]
    if name.startswith("--"):
        return [Option(name)]
    return [Option(f"-{letter}") for letter in name[1:]]


def _operands(text: str) -> Operands:
    roles = text.split()
    for index, role in enumerate(roles):
        if role.endswith("*"):
            many = _role(role[:-1])
            return Operands(_all(roles[:index]), many, _all(roles[index + 1 :]))
    return Operands(_all(roles))


def _all(texts: list[str]) -> tuple[Role, ...]:
    return tuple(_role(text) for text in texts)


_ROLES: dict[str, Role] = {
    "text": "text", "pair": "pair", "rev": "rev", "read": "read", "write": "write",
    "delete": "delete", "move": "move", "pattern": "pattern", "target": "target", "host": "host",
}  # fmt: skip


def _role(text: str) -> Role:
    if text not in _ROLES:
        raise ValueError(f"{text!r} is no role in a table of commands")
    return _ROLES[text]

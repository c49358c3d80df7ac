"""The hooks of a run with the programs they name: resolved, and pinned to their content."""

import hashlib
import os
import pathlib
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from .hooks import HookSettings
from .sources import LayerName, Origin, Source

LARGEST: Final = 64 << 20
"""Bytes of a file that is still looked at before every run of the hook that names it."""

_INTERPRETER = re.compile(
    r"(python|pypy|node|deno|bun|ruby|perl|php|lua|bash|sh|dash|zsh|ksh|fish|pwsh|Rscript)[\d.]*"
)
_TAKES_CODE = re.compile(r"-[ceEmMs]|--(eval|print|command)(=.*)?|run|-")
_TAKES_VALUE: Final = ("-W", "-X", "-r", "-I", "-O", "-o", "--require", "--import", "--loader")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_DYNAMIC = re.compile(r"[$`*?\[]")
_PROJECT = re.compile(r"\$(CLAUDE_PROJECT_DIR\b|\{CLAUDE_PROJECT_DIR\})")


class Pin(Struct, frozen=True):
    """A file that a hook names, as it was when the run began."""

    path: pathlib.Path
    sha256: str
    """Empty if it is too large, or cannot be read: it never fits then."""

    @property
    def holds(self) -> bool:
        """Whether the file is still the same."""
        return self.sha256 != "" and sha256_of(self.path) == self.sha256


class Hook(Struct, frozen=True):
    """A hook, ready to be run."""

    settings: HookSettings
    name: str
    """Unique among the hooks of a run."""
    layer: LayerName
    origin: str
    """The file with its line, or the flag."""
    base: pathlib.Path
    """Where it runs: the project's root for its own hooks, else the session's directory."""
    pins: tuple[Pin, ...] = ()
    """The files that its command names and an agent could change."""


def hooks_of(
    settings: Sequence[HookSettings],
    origins: Mapping[str, Origin],
    cwd: pathlib.Path,
    root: pathlib.Path | None = None,
    added: Sequence[pathlib.Path] = (),
) -> tuple[Hook, ...]:
    """The hooks of a run, in their order.

    `origins` as in `Loaded`; `root` is the project's, if one brings hooks; `added` are further
    directories that an agent can write, all of them with links resolved.

    Raises:
        ConfigError: a `match` that is no regular expression.
    """
    names: set[str] = set()
    hooks: list[Hook] = []
    for place, entry in enumerate(settings):
        source = origins[f"hooks[{place}]"].source
        _check_pattern(entry, source)
        base = root if root and source.layer == "project" else cwd
        name = _unique(entry.name or _name(entry), names)
        origin = str(origins[f"hooks[{place}]"]).removesuffix(":0")
        files = files_named(entry.command, base, (base, cwd, *added))
        pins = tuple(Pin(path, sha256_of(path)) for path in files)
        hooks.append(Hook(entry, name, source.layer, origin, base, pins))
    return tuple(hooks)


def _check_pattern(entry: HookSettings, source: Source) -> None:
    try:
        re.compile("" if entry.match == "*" else entry.match)
    except re.error as error:
        reason = f"{entry.match!r} is no regular expression: {error}"
        raise source.error(("hooks", "match"), reason) from error


def _name(entry: HookSettings) -> str:
    words = words_of(entry.command)
    files = [word.rpartition("/")[2] for word in words if "/" in word or "." in word]
    return f"{entry.event}:{files[-1] if files else next(iter(words), '')}"


def _unique(name: str, taken: set[str]) -> str:
    number = 1
    while (free := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    taken.add(free)
    return free


def files_named(
    command: str | Sequence[str], base: pathlib.Path, within: Sequence[pathlib.Path]
) -> tuple[pathlib.Path, ...]:
    """The regular files below `within` that the words of a command, run in `base`, name; in order
    of the words.

    What those files load in turn is not seen.
    """
    found: dict[pathlib.Path, None] = {}
    places = [base]
    for word in _candidates(words_of(command)):
        for place in tuple(places):
            path = pathlib.Path(os.path.normpath(place / _located(word, base)))
            inside = path != base and any(path.is_relative_to(one) for one in within)
            kind = _kind(path) if inside else 0
            if stat.S_ISREG(kind):
                found[path] = None
            elif stat.S_ISDIR(kind):
                # `cd tools && ./check`
                places.append(path)
    return tuple(found)


def missing(command: str | Sequence[str], base: pathlib.Path, path: str) -> str:
    """The program, or the interpreter's script, that is not there; empty if all seems well.

    Interpreters exit with 2 when their script is missing, which a hook says to block. `path` is
    the variable by which bare names are looked up.
    """
    words = list(words_of(command))
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    if not words or _DYNAMIC.search(program := _located(words[0], base)):
        return ""
    if "/" in program:
        if not os.access(base / program, os.X_OK):
            return program
    elif not isinstance(command, str) and not _on_path(program, path):
        return program
    if not _INTERPRETER.fullmatch(program.rpartition("/")[2]):
        return ""
    script = _script(words[1:])
    located = _located(script, base)
    if not script or _DYNAMIC.search(located) or os.path.exists(base / located):
        return ""
    return located


def words_of(command: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a command; operators of the shell are words of their own."""
    if not isinstance(command, str):
        return tuple(command)
    # Only runs with hooks pay for it.
    import shlex

    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return tuple(lexer)
    except ValueError:
        return tuple(command.split())


def sha256_of(path: pathlib.Path) -> str:
    """The hash of a regular file; empty if it is too large, none, or cannot be read."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            seen = os.fstat(file.fileno())
            if not stat.S_ISREG(seen.st_mode) or seen.st_size > LARGEST:
                return ""
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _candidates(words: Sequence[str]) -> Iterator[str]:
    """What may be a path: each word, what follows its `=`, and the words within it."""
    for word in words:
        yield word
        yield word.partition("=")[2]
        if any(character in word for character in " \t\n;|&"):
            for inner in words_of(word):
                yield inner
                yield inner.partition("=")[2]


def _script(arguments: Sequence[str]) -> str:
    """The script that an interpreter is given; empty if it is given none."""
    rest = iter(arguments)
    for word in rest:
        if _TAKES_CODE.fullmatch(word) or set(word) & set(";|&()<>"):
            return ""
        if word in _TAKES_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return ""


def _located(word: str, base: pathlib.Path) -> str:
    """A word with what we know of its variables."""
    word = _PROJECT.sub(lambda _: str(base), word)
    return os.path.expanduser(word) if word.startswith("~/") else word


def _on_path(program: str, path: str) -> bool:
    return any(os.access(os.path.join(place, program), os.X_OK) for place in path.split(":"))


def _kind(path: pathlib.Path) -> int:
    """The type bits of what is there; 0 if nothing is."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):
        return 0


def _without_waiting(path: str, flags: int) -> int:
    # A pipe in a file's place would be waited for.
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)

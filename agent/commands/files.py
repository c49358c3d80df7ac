"""What the file system says about the words of a command: paths, patterns, programs."""

import fnmatch
import itertools
import os
import re
import stat
import time
from collections.abc import Iterator

from msgspec import Struct

from ..effects import within
from .parts import Place

MAX_MATCHES = 200
"""Files that one pattern may stand for and still be looked at one by one."""
MAX_ENTRIES = 10_000
"""Directory entries that are looked at for one command: about 10 ms, where names are handed on."""
_WRITABLE = ("/tmp", "/var/tmp", "/dev/shm", "/private/tmp", "/private/var/tmp")
_GLOB = re.compile(r"[*?\[]")
_DEVICES = frozenset(
    {"/dev/null", "/dev/zero", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd"}
)
_DESCRIPTOR = re.compile(r"/dev/fd/\d+")


class Matches(Struct, frozen=True):
    """What a file pattern stands for."""

    paths: tuple[str, ...]
    """As far as they were looked at; the pattern itself where nothing matches."""
    complete: bool
    """Whether that is all."""
    option: str = ""
    """A match that a program takes for an option."""


def resolve(path: str, cwd: str, known: dict[str, str]) -> str:
    """The absolute path without links and dots; `known` keeps where directories really are."""
    whole = os.path.join(cwd, path)
    if is_device(whole):
        # Where these lead in the process that asks is nothing to go by.
        return whole
    head, tail = os.path.split(whole)
    if tail in ("", ".", ".."):
        return os.path.realpath(whole)
    if head not in known:
        known[head] = os.path.realpath(head)
    whole = os.path.join(known[head], tail)
    return os.path.realpath(whole) if os.path.islink(whole) else whole


def is_device(path: str) -> bool:
    """Whether it is one of the devices that hold nothing and keep nothing."""
    return path in _DEVICES or _DESCRIPTOR.fullmatch(path) is not None


def resolve_last(path: str, cwd: str) -> str:
    """As `resolve`, but a link at the end is not followed: what removing it removes."""
    whole = os.path.join(cwd, path)
    if os.path.basename(whole.rstrip("/")) in ("", ".", "..") or whole.endswith("/"):
        return os.path.realpath(whole)
    head, tail = os.path.split(whole)
    return os.path.join(os.path.realpath(head), tail)


def expand(pattern: str, cwd: str) -> Matches:
    """The paths that a pattern of the shell stands for."""
    budget = [MAX_ENTRIES]
    start = "/" if pattern.startswith("/") else ""
    components = [part for part in pattern.split("/") if part]
    paths: list[str] = []
    try:
        for path in _matches(start, components, cwd, budget):
            if len(paths) == MAX_MATCHES:
                return Matches(tuple(paths), False, _option(paths))
            paths.append(path)
    except _TooMany:
        return Matches(tuple(paths), False, _option(paths))
    return Matches(tuple(paths) or (pattern,), True, _option(paths))


def _option(paths: list[str]) -> str:
    return next((path for path in paths if path.startswith("-")), "")


class _TooMany(Exception):
    """More entries than are looked at."""


def _matches(head: str, components: list[str], cwd: str, budget: list[int]) -> Iterator[str]:
    if not components:
        yield head
        return
    first, rest = components[0], components[1:]
    if first == "**":
        # Without `globstar`, which no table lets a line set, it is `*`.
        first = "*"
    if not _GLOB.search(first):
        path = os.path.join(head, first)
        if rest or os.path.lexists(os.path.join(cwd, path)):
            yield from _matches(path, rest, cwd, budget)
        return
    matching = re.compile(fnmatch.translate(first.replace("[^", "[!")))
    for name in _names(os.path.join(cwd, head), budget):
        if name.startswith(".") and not first.startswith("."):
            continue
        path = os.path.join(head, name)
        if matching.match(name) and (not rest or os.path.isdir(os.path.join(cwd, path))):
            yield from _matches(path, rest, cwd, budget)


def _names(directory: str, budget: list[int]) -> list[str]:
    try:
        names = os.listdir(directory or ".")
    except OSError:
        return []
    budget[0] -= len(names)
    if budget[0] < 0:
        raise _TooMany
    return names


class Tree(Struct, frozen=True):
    """What is remarkable below a directory."""

    complete: bool
    """Whether all of it was looked at."""
    leading_out: str = ""
    """A link that leads out of the roots."""
    odd_name: str = ""
    """A name that is no one word of a list of names: with blanks or quotes."""
    dashed: str = ""
    """A name that looks like an option."""


_ODD_NAME = re.compile(r"[\s'\"\\]")


def survey(directory: str, roots: tuple[str, ...]) -> Tree:
    """Look through a directory, links not followed; what git keeps for itself is left out."""
    left = MAX_ENTRIES
    leading_out = odd_name = dashed = ""
    waiting = [directory]
    while waiting:
        folder = _folder(waiting.pop())
        left -= folder.count
        if left < 0:
            return Tree(False, leading_out, odd_name, dashed)
        odd_name, dashed = odd_name or folder.odd_name, dashed or folder.dashed
        for link in folder.links if not leading_out else ():
            if not within(os.path.realpath(link), roots):
                leading_out = link
        waiting += folder.folders
    return Tree(True, leading_out, odd_name, dashed)


class _Folder(Struct, frozen=True):
    """What is remarkable in one directory."""

    count: int = 0
    odd_name: str = ""
    dashed: str = ""
    links: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


_SETTLED_NS = 100_000_000
"""How long ago a directory has to have changed for its time to tell of the next change, too."""
_REMEMBERED = 20_000
_remembered: dict[str, tuple[tuple[int, int], _Folder]] = {}


def _folder(directory: str) -> _Folder:
    """Look through one directory. What was found is remembered until it changes."""
    try:
        found = os.stat(directory)
        stamp = (found.st_mtime_ns, found.st_ino)
        known = _remembered.get(directory)
        if known and known[0] == stamp:
            return known[1]
        folder = _scan(directory)
    except OSError:
        return _Folder()
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    if time.time_ns() - found.st_mtime_ns > _SETTLED_NS:
        _remembered[directory] = (stamp, folder)
    return folder


def _scan(directory: str) -> _Folder:
    count, odd_name, dashed = 0, "", ""
    links, folders = list[str](), list[str]()
    with os.scandir(directory) as entries:
        for entry in itertools.islice(entries, MAX_ENTRIES + 1):
            count += 1
            if entry.name.startswith("-"):
                dashed = entry.path
            if _ODD_NAME.search(entry.name):
                odd_name = odd_name or entry.path
            if entry.is_symlink():
                links.append(entry.path)
            elif entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                folders.append(entry.path)
    return _Folder(count, odd_name, dashed, tuple(links), tuple(folders))


class Found(Struct, frozen=True):
    """Where a program is."""

    path: str
    """Empty if it is nowhere: then nothing runs."""
    problem: str = ""
    """Why it is not to be trusted by its name."""


def find_program(name: str, place: Place, cwds: tuple[str, ...]) -> Found:
    """What the shell would run for a name.

    A program in the workspace, or where anybody may put one, is not what its name says.
    """
    for directory in place.path:
        relative = not directory.startswith("/")
        for base in cwds if relative else ("/",):
            path = os.path.join(base, directory, name)
            if not _executable(path):
                continue
            if relative or not trusted(os.path.dirname(path), place):
                return Found(path, f"{name} is {path}, which this work may have put there")
            if not trusted(os.path.dirname(os.path.realpath(path)), place):
                return Found(path, f"{path} leads to where this work may put things")
            return Found(path)
    return Found("")


def trusted(directory: str, place: Place) -> bool:
    """Whether what is in a directory was put there by the person or their system."""
    real = os.path.realpath(directory)
    return not within(real, place.roots) and not within(real, _WRITABLE)


def _executable(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)

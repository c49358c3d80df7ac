"""Recognises failures that the sandbox caused, and says what little would have to be allowed.

Programs tell of them in words; those are read, and believed only where the policy agrees.
"""

import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from .guard import Guard
from .policy import Policy
from .ports import Extra

_WORDS = re.compile(
    r"Read-only file system|Permission denied|Operation not permitted|EROFS|EACCES|EPERM"
    r"|Device or resource busy|Invalid cross-device link|Is a directory|EISDIR"
)
_PATH = re.compile(
    r"""(?P<quote>['"`‘])(?P<quoted>[^'"`’\n]+)['"`’]|(?P<bare>[~./\w][^\s:'"`,;]*)"""
)
_UNREACHED = re.compile(
    r"Could not resolve (?:host(?:name)?:? |proxy: )'?(?P<a>[\w.-]+)"
    r"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<b>[\w.-]+)"
    r"|(?:Failed to|Couldn't|could not) (?:resolve|connect to)(?: host)?:? '?(?P<c>[\w-]+\.[\w.-]+)"
    r"|unable to access 'https?://(?P<d>[\w.-]+)"
    r"|HTTPSConnectionPool\(host='(?P<e>[\w.-]+)'"
    r"|kedge: (?P<f>\S+) may not be reached"
)
_COMPLAINER = re.compile(r"^[\w./-]+: (?:line \d+: )?")
_LATEST = 200
"""Lines of output that are looked at, from the end."""


class Denial(msgspec.Struct, frozen=True):
    """Something that the sandbox kept a command from."""

    what: Literal["read", "write", "connect"]
    target: str
    """The resolved path, or `HOST` or `HOST:PORT`."""
    extra: Extra
    """The least that would let it through."""

    @property
    def allow(self) -> str:
        """The path or host that `extra` consists of."""
        return next(str(one) for one in (*self.extra.read, *self.extra.write, *self.extra.hosts))

    @property
    def permission(self) -> str:
        """The option of `kedge sandbox run` that says the same."""
        return f"--allow-{'host' if self.what == 'connect' else self.what} {self.allow}"


def denials(output: str, policy: Policy, cwd: Path) -> tuple[Denial, ...]:
    """What the sandbox caused of a command's failure, in the order told, each once."""
    guard = Guard(policy)
    found: dict[Denial, None] = {}
    for line in output.splitlines()[-_LATEST:]:
        if _WORDS.search(line):
            for path in _paths(line):
                if denial := _of_path(path, policy, guard, cwd):
                    found[denial] = None
        if match := _UNREACHED.search(line):
            host = next(filter(None, match.groups()))
            if not _listed(host, policy):
                found[Denial("connect", host, Extra(hosts=(host,)))] = None
    return tuple(found)


def _paths(line: str) -> list[str]:
    # Who complains is not what it complains of: `/bin/bash: line 1: …`, `cat: …`.
    line = _COMPLAINER.sub("", line)
    found = (match["quoted"] or match["bare"] for match in _PATH.finditer(line))
    return [path for path in found if "/" in path or "." in path]


def _of_path(text: str, policy: Policy, guard: Guard, cwd: Path) -> Denial | None:
    path = Path(os.path.realpath(cwd / text.replace("~", str(policy.home), 1)))
    if guard.hides(path):
        return Denial("read", str(path), Extra(read=(path,)))
    root = next((root for root in policy.roots.all if path.is_relative_to(root)), None)
    if root is not None:
        if guard.lets_write(path):
            return None
        return Denial("write", str(path), Extra(write=(path,)))
    if any(path.is_relative_to(place) for place in ("/tmp", "/var/tmp", "/dev", "/proc")):
        return None
    there = next(one for one in (path, *path.parents) if one.exists())
    if there == Path("/"):
        return None
    return Denial("write", str(path), Extra(write=(there,)))


def _listed(host: str, policy: Policy) -> bool:
    name, colon, port = host.rpartition(":")
    name, number = (name, int(port)) if colon and port.isdecimal() else (host, 443)
    return any(one.lets(name, number) for one in policy.allowed_hosts())

"""The hosts that a URL, a remote path or a program's own choice lead to.

Where no host can be known beforehand, words with blanks stand in its place: no host has any.
"""

import re
from collections.abc import Iterator, Sequence

from .tables import Entry
from .words import Word

_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418, "ftp": 21, "ftps": 990, "sftp": 22,
          "ws": 80, "wss": 443, "svn": 3690, "rsync": 873, "telnet": 23}  # fmt: skip
_URL = re.compile(
    r"(?:git\+)?([a-zA-Z][\w+.-]*)://(?:[^@/\s]*@)?(\[[0-9a-fA-F:.]+\]|[^:/?#\s]*)(?::(\d+))?"
)
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(?!//)")
_BARE = re.compile(
    r"(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+|localhost|\[[0-9a-fA-F:]+\])(?::(\d+))?(?:[/?#].*)?"
)


def host_of(text: str, default: int = 443) -> str:
    """`host:port` of a URL, of `user@host:path` or of a bare host; empty if it names none."""
    if found := _URL.match(text):
        scheme = found[1].lower()
        if scheme == "file":
            return ""
        port = found[3] or _PORTS.get(scheme, default)
        return f"{found[2].lower()}:{port}"
    if found := _BARE.fullmatch(text):
        return f"{found[1].lower()}:{found[2] or default}"
    if found := _SCP.match(text):
        return f"{found[1].lower()}:22"
    return ""


def remote_host(text: str) -> str:
    """The host of an operand of `scp` or `rsync`; empty if it is a local path."""
    if _URL.match(text):
        return host_of(text)
    head, colon, rest = text.partition(":")
    if not colon or not head or "/" in head:
        return ""
    return f"{head.rpartition('@')[2].lower()}:{873 if rest.startswith(':') else 22}"


def hosts_of(entry: Entry, words: Sequence[Word]) -> Iterator[str]:
    """What a program reaches by itself, told these words."""
    texts = [word.value for word in words]
    plain = " ".join(text for text in texts if not text.startswith("-"))
    if entry.fetches and not f"{plain} ".startswith(tuple(f"{name} " for name in entry.fetches)):
        return
    instead = list(_named(entry.index.split(), texts))
    yield from instead or entry.network
    yield from _named(entry.index_too.split(), texts)
    for text in texts if entry.network else ():
        if "://" in text and not text.startswith("-") and (host := host_of(text)):
            yield host


def _named(options: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    """The hosts in the values of options."""
    for text, following in zip(texts, (*texts[1:], ""), strict=False):
        name, equals, value = text.partition("=")
        if name in options and (host := host_of(value if equals else following)):
            yield host

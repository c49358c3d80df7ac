"""The host that a URL or a remote path leads to."""

import re

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

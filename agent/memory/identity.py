"""What names a repository wherever it is checked out: in a clone, a worktree, a moved folder.

Like `repository`, without running git. Formats: git-config(1), git-fetch(1) on URLs.
"""

import re
from pathlib import Path

from ..plainfile import plain_text

_SECTION = re.compile(r"\s*\[\s*(?P<name>[^\]]*?)\s*\]")
_URL = re.compile(r"\s*url\s*=\s*\"?(?P<url>[^\"\s]+)", re.IGNORECASE)
_REMOTE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?/"
    r"|(?:[^@/:]+@)?(?P<short>[^/:]+):)(?P<path>[^/].*?)(?:\.git)?/*",
    re.IGNORECASE,
)


def identity(root: Path) -> str:
    """Host and path of the remote `origin`, never with a password; where there is none, the path
    of the repository that holds the history."""
    common = _common(root / ".git")
    remote = _REMOTE.fullmatch(_origin(plain_text(common / "config")))
    if remote:
        return f"{(remote['host'] or remote['short']).lower()}/{remote['path']}"
    return str(common.parent if common.name == ".git" else common)


def _common(git: Path) -> Path:
    """The directory that all worktrees of a repository share."""
    if git.is_file():
        git = (git.parent / plain_text(git).removeprefix("gitdir:").strip()).resolve()
    common = plain_text(git / "commondir").strip()
    return (git / common).resolve() if common else git


def _origin(config: str) -> str:
    section = ""
    for line in config.splitlines():
        if found := _SECTION.match(line):
            section = found["name"]
        elif section == 'remote "origin"' and (url := _URL.match(line)):
            return url["url"]
    return ""

"""What a repository's own configuration would make git run: found without asking git.

The format: git-config(1), CONFIGURATION FILE. What is not understood counts as running something.
"""

import os
import re
from collections.abc import Iterator

from msgspec import Struct

from ..plainfile import plain_bytes

MAX_BYTES = 256_000
MAX_INDEX = 1 << 30
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_KEY = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?")
_ESCAPED = re.compile(r"\\(.)")
_BOOLEAN = re.compile(r"true|false|yes|no|on|off|0|1|", re.IGNORECASE)
_RUNS = re.compile(
    r"core\.(pager|sshcommand|askpass|gitproxy|alternaterefscommand|hookspath|worktree|attributesfile)"
    r"|pager\..*|diff\.external|diff\..*\.(command|textconv)|filter\..*\.(clean|smudge|process)"
    r"|merge\..*\.driver|gpg\..*program|gpg\.program|log\.showsignature|interactive\.difffilter"
    r"|uploadpack\..*|remote\..*\.(uploadpack|receivepack|vcs|promisor|partialclonefilter|proxy)"
    r"|extensions\.(partialclone|worktreeconfig)|protocol\..*|credential\..*|blame\.ignorerevsfile"
    r"|diff\.orderfile|submodule\..*\.update|include\.path|includeif\..*|trace2\..*|http\..*proxy"
)
"""Keys by which a repository makes git run a program, read a file elsewhere or fetch."""
_HARMLESS_VALUES = {
    "core.hookspath": re.compile(r"/dev/null|"),
    "core.pager": re.compile(r"cat|less|"),
    "extensions.worktreeconfig": _BOOLEAN,
    "log.showsignature": re.compile(r"false|"),
    "submodule.update": re.compile(r"checkout|merge|rebase|none"),
}
_LFS = re.compile(r"filter\.lfs\.(clean|smudge|process)")
_LFS_VALUE = re.compile(r"git-lfs (clean -- %f|smudge( --skip)? -- %f|filter-process( --skip)?)")


class Repository(Struct, frozen=True):
    """What git finds from a directory."""

    top: str = ""
    """The directory of the work tree; empty if there is no repository."""
    git_dir: str = ""
    problem: str = ""
    """What it would run, or why that is not known."""
    remotes: tuple[tuple[str, str], ...] = ()
    """Names and URLs."""
    hooks: tuple[str, ...] = ()
    """Hooks that could run."""
    linked: bool = False
    """Whether it may hold other repositories, whose configuration git heeds too."""


_Stamp = tuple[int, int, int]
_remembered: dict[str, tuple[tuple[_Stamp | None, ...], Repository]] = {}
_REMEMBERED = 64


def repository(directory: str) -> Repository:
    """The repository that git would use in a directory without links.

    What was found is remembered until one of its files changes.
    """
    place = _discover(directory)
    if place is None:
        return Repository()
    top, git_dir, problem = place
    if problem:
        return Repository(top, git_dir, problem)
    common = _common(git_dir)
    files = (
        f"{common}/config", f"{git_dir}/config.worktree", f"{common}/config.worktree",
        f"{common}/hooks", f"{common}/modules", f"{git_dir}/index", f"{common}/info/attributes",
    )  # fmt: skip
    stamps = tuple(map(_stamp, files))
    known = _remembered.get(git_dir)
    if known and known[0] == stamps:
        return known[1]
    found = _probe(top, git_dir, common)
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    _remembered[git_dir] = (stamps, found)
    return found


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _discover(directory: str) -> tuple[str, str, str] | None:
    """Work tree, git directory and what is wrong with them."""
    while True:
        dot = os.path.join(directory, ".git")
        if os.path.isdir(dot):
            link = "its .git is a link" if os.path.islink(dot) else ""
            return directory, dot, link
        if os.path.lexists(dot):
            return directory, *_git_file(dot, directory)
        if os.path.isfile(f"{directory}/HEAD") and os.path.isdir(f"{directory}/objects"):
            return directory, directory, f"{directory} looks like a repository without a work tree"
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _git_file(dot: str, directory: str) -> tuple[str, str]:
    """The git directory that a `.git` file names: of a linked work tree that it knows, or of a
    submodule in the same repository."""
    text = _read(dot)
    if text is None or not text.startswith("gitdir: "):
        return dot, f"{dot} is not understood"
    git_dir = os.path.realpath(os.path.join(directory, text[8:].strip()))
    back = _read(f"{git_dir}/gitdir")
    if back is not None and os.path.realpath(back.strip()) == os.path.realpath(dot):
        return git_dir, ""
    return git_dir, f"{dot} leads to {git_dir}, which does not know of it"


def _common(git_dir: str) -> str:
    text = _read(f"{git_dir}/commondir")
    return git_dir if text is None else os.path.realpath(os.path.join(git_dir, text.strip()))


def _probe(top: str, git_dir: str, common: str) -> Repository:
    problem, remotes, hooks = "", list[tuple[str, str]](), tuple(_hooks(f"{common}/hooks"))
    for file in dict.fromkeys(
        (f"{common}/config", f"{common}/config.worktree", f"{git_dir}/config.worktree")
    ):
        text = _read(file)
        if text is None:
            if os.path.lexists(file):
                problem = problem or f"{file} cannot be read"
            continue
        for key, value in settings(text):
            if key.startswith("remote.") and key.endswith((".url", ".pushurl")):
                remotes.append((key.split(".", 1)[1].rpartition(".")[0], value))
            if key == "core.hookspath":
                path = os.path.join(top, os.path.expanduser(value))
                hooks = (*hooks, *_hooks(path))
            elif what := runs(key, value):
                problem = problem or f"{what} in {file}"
    linked = os.path.isdir(f"{common}/modules") or _has_links(f"{git_dir}/index")
    return Repository(top, git_dir, problem, tuple(remotes), hooks, linked)


def runs(key: str, value: str) -> str:
    """What a setting makes git run, as `key=value`; empty if nothing."""
    if key == "core.fsmonitor":
        return "" if _BOOLEAN.fullmatch(value) else f"core.fsmonitor={value}"
    if key == "":
        return "a line that is not understood"
    if not _RUNS.fullmatch(key):
        return ""
    if _LFS.fullmatch(key) and _LFS_VALUE.fullmatch(value):
        return ""
    harmless = _HARMLESS_VALUES.get(key)
    if harmless is not None and harmless.fullmatch(value):
        return ""
    return f"{key}={value}"


def _hooks(directory: str) -> Iterator[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return
    yield from (name for name in names if not name.endswith(".sample"))


def _has_links(index: str) -> bool:
    """Whether an index names other repositories (gitlinks, mode 160000): their configuration is
    heeded too. Looks for the mode's bytes, which may also be chance: then it only asks more."""
    return b"\x00\x00\xe0\x00" in (plain_bytes(index, MAX_INDEX) or b"")


def settings(text: str) -> Iterator[tuple[str, str]]:
    """The settings of a configuration file, keys in lower case; an empty key for what is not
    understood."""
    section = ""
    for line in text.replace("\\\r\n", "").replace("\\\n", "").splitlines():
        rest = line.strip()
        if found := _SECTION.match(rest):
            name, sub = found[1].lower(), found[2]
            section = name if sub is None else ".".join((name, _ESCAPED.sub(r"\1", sub)))
            rest = rest[found.end() :].strip()
        if not rest or rest[0] in "#;":
            continue
        setting = _KEY.fullmatch(rest)
        if setting is None or not section:
            yield "", rest
        else:
            value = "true" if setting[2] is None else _value(setting[2])
            yield f"{section}.{setting[1].lower()}", value


def _value(raw: str) -> str:
    text = re.sub(r'\s+[#;][^"]*$', "", raw).strip()
    return _ESCAPED.sub(r"\1", text.replace('"', "").replace("\\\\", "\\"))


def _read(path: str) -> str | None:
    data = plain_bytes(path, MAX_BYTES + 1)
    return (
        None
        if data is None or len(data) > MAX_BYTES
        else data.replace(b"\0", b"\xff").decode("utf-8", "replace")
    )

"""What in a git directory runs programs, or says where such things are.

Read by hand and never through git, which would obey what it reads.
https://git-scm.com/docs/gitrepository-layout, https://git-scm.com/docs/git-config
"""

import os

_READ_ONLY = (
    *("hooks", "config", "config.worktree", "commondir", "gitdir"),
    *("info/attributes", "info/sparse-checkout"),
)
_MADE = ("hooks/", "config.worktree", "info/attributes")
"""Made if missing, so that they cannot be made otherwise: git takes them, empty, as not there."""
_HARMLESS = {
    **dict.fromkeys(("core",), {"repositoryformatversion", "filemode", "bare", "ignorecase"}),
    **{"extensions": {"objectformat", "refstorage"}, "user": {"name", "email"}},
    **{"init": {"defaultbranch"}, "safe": {"directory"}, "pull": {"rebase", "ff"}},
    **{"branch": {"remote", "merge", "rebase"}, "remote": {"url", "fetch"}},
    **{"submodule": {"url", "active"}, "push": {"default"}, "merge": {"conflictstyle"}},
}
_HARMLESS["core"] |= {"logallrefupdates", "autocrlf", "eol", "symlinks", "precomposeunicode"}
_HARMLESS["core"] |= {"safecrlf", "quotepath", "worktree"}

Settings = list[tuple[str, str, str, str]]
"""Section and name in small letters, sub-section as written, value."""


def git_directory(entry: str) -> str:
    """The git directory that `.git` at `entry` is or points to, or whose `HEAD` it is.

    Empty if it is none of that.
    """
    if os.path.basename(entry) == "HEAD":
        return os.path.realpath(os.path.dirname(entry))
    if os.path.isdir(entry):
        return os.path.realpath(entry)
    text = read_text(entry)
    if not text.startswith("gitdir:"):
        return ""
    target = os.path.join(os.path.dirname(entry), text.partition(":")[2].strip())
    return os.path.realpath(target)


def is_ours(entry: str, directory: str) -> bool:
    """Whether the git directory that a `.git` file points to points back at it.

    A repository can bring a file that points anywhere; what it cannot is change the target.
    """
    back = read_text(f"{directory}/gitdir").strip()
    if back:
        return os.path.realpath(os.path.join(directory, back)) == os.path.realpath(entry)
    values = settings(f"{directory}/config")
    tree = [value for section, _, name, value in values if (section, name) == ("core", "worktree")]
    work = os.path.realpath(os.path.join(directory, tree[-1])) if tree else ""
    return work == os.path.dirname(os.path.realpath(entry))


def common_directory(directory: str) -> str:
    """The directory that this worktree's shares with the others; itself if it is no worktree's."""
    shared = read_text(f"{directory}/commondir").strip()
    return os.path.realpath(os.path.join(directory, shared)) if shared else directory


def executing(directory: str) -> list[str]:
    """The paths in a git directory, worktrees and submodules included, that are read-only."""
    found: list[str] = []
    for one in _with_parts(directory):
        found += (path for name in _READ_ONLY if os.path.lexists(path := f"{one}/{name}"))
    return found


def missing(directory: str) -> list[str]:
    """Which of them are to be made first; directories end with a slash."""
    return [f"{directory}/{name}" for name in _MADE if not os.path.lexists(f"{directory}/{name}")]


def pointed_to(work: str, files: list[str]) -> list[str]:
    """What the configuration in `files` names: directories of hooks, and further files.

    Relative to the work tree for hooks, to the naming file for the rest; `~` is home.
    """
    found: list[str] = []
    waiting = list(files)
    while waiting and len(found) < 1_000:
        file = waiting.pop()
        for section, _, name, value in settings(file):
            if (section, name) == ("core", "hookspath"):
                found.append(_absolute(value, work))
            elif section in ("include", "includeif") and name == "path":
                target = _absolute(value, os.path.dirname(file))
                if target not in found:
                    found.append(target)
                    waiting.append(target)
            elif (section, name) in (("core", "attributesfile"), ("core", "fsmonitor")):
                found.append(_absolute(value, work))
    return found


def settings(file: str) -> Settings:
    """The settings in a git configuration file, roughly: enough to find paths."""
    found: Settings = []
    section = subsection = ""
    for line in read_text(file).replace("\\\n", "").splitlines():
        line = line.strip()
        if line.startswith("["):
            head, _, line = line[1:].partition("]")
            section, _, subsection = head.strip().partition(" ")
            section, subsection = section.casefold(), subsection.strip().strip('"')
            line = line.strip()
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        found.append(
            (section, subsection, name.strip().casefold(), _value(value) if equals else "true")
        )
    return found


def harmless(values: Settings) -> str:
    """A configuration with those settings that run nothing and point nowhere."""
    lines: list[str] = []
    for section, subsection, name, value in values:
        if name in _HARMLESS.get(section, ()) and "ext::" not in value:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            head = f'{section} "{subsection}"' if subsection else section
            lines.append(f'[{head}]\n\t{name} = "{quoted}"\n')
    return "".join(lines)


def read_text(path: str) -> str:
    """The content of a regular file, its first MiB; empty if there is none to be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 1 << 20).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(fd)


def _with_parts(directory: str) -> list[str]:
    """A git directory, those of its worktrees, and those of its submodules at any depth."""
    found = [directory]
    for at in found:
        for part in ("worktrees", "modules"):
            found += _git_directories(f"{at}/{part}")
    return found


def _git_directories(folder: str) -> list[str]:
    """The git directories in a folder; names of submodules may hold slashes."""
    found: list[str] = []
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        path = f"{folder}/{name}"
        if os.path.lexists(f"{path}/HEAD"):
            found.append(path)
        elif os.path.isdir(path) and not os.path.islink(path):
            found += _git_directories(path)
    return found


def _value(text: str) -> str:
    """A value without quotes, escapes and comments."""
    result, quoted, escaped = "", False, False
    for character in text.strip():
        if escaped:
            result, escaped = result + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in "#;" and not quoted:
            break
        else:
            result += character
    return result.strip() if not text.strip().startswith('"') else result


def _absolute(value: str, start: str) -> str:
    return os.path.realpath(os.path.join(start, os.path.expanduser(value)))

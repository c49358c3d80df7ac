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
"""Made where missing, so that nobody else can: git takes them, empty, as not there."""
_HARMLESS = {
    **dict.fromkeys(("core",), {"repositoryformatversion", "filemode", "bare", "ignorecase"}),
    **{"extensions": {"objectformat", "refstorage"}, "user": {"name", "email"}},
    **{"init": {"defaultbranch"}, "safe": {"directory"}, "pull": {"rebase", "ff"}},
    **{"branch": {"remote", "merge", "rebase"}, "remote": {"url", "fetch"}},
    **{"submodule": {"url", "active"}, "push": {"default"}, "merge": {"conflictstyle"}},
}
_HARMLESS["core"] |= {"logallrefupdates", "autocrlf", "eol", "symlinks", "precomposeunicode"}
_HARMLESS["core"] |= {"safecrlf", "quotepath", "worktree", "sparsecheckout", "sparsecheckoutcone"}
_HARMLESS["extensions"] |= {"worktreeconfig", "partialclone"}
_HARMLESS["remote"] |= {"promisor", "partialclonefilter", "tagopt"}
_RUN = {
    **{"core": {"fsmonitor", "sshcommand", "editor", "pager", "askpass", "gitproxy"}},
    **{"filter": {"clean", "smudge", "process"}, "diff": {"command", "textconv", "external"}},
    **{"merge": {"driver"}, "gpg": {"program"}, "credential": {"helper"}},
    **{"sequence": {"editor"}, "interactive": {"difffilter"}, "trailer": {"command", "cmd"}},
}
"""The settings that name programs which git runs unasked."""

Settings = list[tuple[str, str, str, str]]
"""Section and name in small letters, sub-section as written, value."""


def git_directory(entry: str) -> str:
    """The git directory that `.git` at `entry` is or points to, or whose `HEAD` it is.

    Empty if it is none of that.
    """
    if os.path.basename(entry) == "HEAD":
        return os.path.realpath(os.path.dirname(entry))
    dangles = os.path.islink(entry) and not os.path.exists(entry)
    if dangles or os.path.isdir(entry):
        return os.path.realpath(entry)
    text = _pointer(entry)
    if not text.startswith("gitdir:"):
        return ""
    target = os.path.join(os.path.dirname(entry), text.partition(":")[2].strip())
    return os.path.realpath(target)


def is_ours(entry: str, directory: str) -> bool:
    """Whether the git directory that a `.git` file points to points back at it.

    A repository can bring a file that points anywhere; what it cannot is change the target.
    """
    back = _pointer(f"{directory}/gitdir")
    if back:
        return os.path.realpath(os.path.join(directory, back)) == os.path.realpath(entry)
    values = settings(f"{directory}/config")
    tree = [value for section, _, name, value in values if (section, name) == ("core", "worktree")]
    work = _absolute(tree[-1], directory) if tree else ""
    return work == os.path.dirname(os.path.realpath(entry))


def common_directory(directory: str) -> str:
    """The directory that this worktree's shares with the others; itself if it is no worktree's."""
    shared = _pointer(f"{directory}/commondir")
    return os.path.realpath(os.path.join(directory, shared)) if shared else directory


def shared_directory(entry: str) -> str:
    """The git directory in which whoever works at `.git` here commits: its own, or the one that it
    shares as a worktree. Empty if it does not belong to this place.

    What a repository brought may name any directory; only the real one names it back.
    """
    directory = git_directory(entry)
    if not directory or not os.path.isdir(directory):
        return ""
    common = common_directory(directory)
    if common != directory and os.path.dirname(directory) != f"{common}/worktrees":
        return ""
    is_here = os.path.isdir(entry) and not os.path.islink(entry)
    return common if is_here or is_ours(entry, directory) else ""


def enclosing(work: str) -> list[str]:
    """The `.git` of every repository in whose work tree a directory lies, the nearest first; not
    its own."""
    found: list[str] = []
    while (above := os.path.dirname(work)) != work:
        work = above
        if os.path.lexists(entry := os.path.join(work, ".git")):
            found.append(entry)
    return found


def executing(directory: str) -> list[str]:
    """The paths in a git directory, worktrees and submodules included, that are read-only."""
    found: list[str] = []
    for one in _with_parts(directory):
        found += (path for name in _READ_ONLY if os.path.lexists(path := f"{one}/{name}"))
    return found


def made_in(directory: str) -> list[str]:
    """Which of them are made where they are missing; directories end with a slash."""
    return [f"{directory}/{name}" for name in _MADE]


def pointed_to(work: str, files: list[str]) -> list[str]:
    """What the configuration in `files` names: directories of hooks, and further files, which
    need not exist; and programs that git runs unasked, if they are files.

    Relative to the work tree, further files to the naming one; `~` is home. Absolute, with links.
    """
    found: list[str] = []
    waiting, read = list(files), set[str]()
    while waiting and len(read) < 1_000:
        file = waiting.pop()
        if (real := os.path.realpath(file)) in read:
            continue
        read.add(real)
        for section, _, name, value in settings(file):
            if (section, name) in (("core", "hookspath"), ("core", "attributesfile")):
                found.append(_joined(value, work))
            elif section in ("include", "includeif") and name == "path":
                waiting.append(_joined(value, os.path.dirname(file)))
                found.append(waiting[-1])
            elif name in _RUN.get(section, ()):
                words = (_joined(word.strip("'\"!"), work) for word in value.split())
                found += (word for word in words if os.path.isfile(word))
    return list(dict.fromkeys(found))


def settings(file: str) -> Settings:
    """The settings in a git configuration file, roughly: enough to find paths."""
    found: Settings = []
    section = subsection = ""
    for line in _lines(read_text(file)):
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


def _lines(text: str) -> list[str]:
    """The lines of a configuration, those joined that go on after a backslash; comments do not."""
    found: list[str] = []
    begun = ""
    for line in text.split("\n"):
        whole = begun + line
        goes_on = whole.endswith("\\") and not ("#" in whole or ";" in whole)
        begun = whole[:-1] if goes_on else ""
        if not goes_on:
            found.append(whole.strip())
    return [*found, begun]


def is_harmless(value: tuple[str, str, str, str], directory: str) -> bool:
    """Whether a setting in a git directory runs nothing, and points to nothing that does."""
    section, subsection, name, text = value
    if name not in _HARMLESS.get(section, ()) or not subsection.isprintable():
        return False
    if (section, name) == ("core", "worktree"):
        return git_directory(f"{_absolute(text, directory)}/.git") == os.path.realpath(directory)
    return not (text.startswith("-") or "ext::" in text or {'"', "\\", "]"} & set(subsection))


def written(values: Settings) -> str:
    """A configuration file with these settings, as git itself would write it."""
    lines: list[str] = []
    at = ""
    for section, subsection, name, value in values:
        head = f'[{section} "{subsection}"]\n' if subsection else f"[{section}]\n"
        if head != at:
            lines.append(head)
            at = head
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        needs = value != value.strip() or any(mark in value for mark in "#;\r")
        lines.append(f'\t{name} = "{quoted}"\n' if needs else f"\t{name} = {quoted}\n")
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


def _pointer(path: str) -> str:
    """What a file says that holds one path; git reads to the first NUL."""
    return read_text(path).partition("\0")[0].strip()


def _with_parts(directory: str) -> list[str]:
    """A git directory, what it shares, and those of its worktrees and submodules at any depth."""
    found = list(dict.fromkeys((directory, common_directory(directory))))
    for at in found:
        for part in ("worktrees", "modules"):
            found += (one for one in _git_directories(f"{at}/{part}") if one not in found)
    return found


def _git_directories(folder: str) -> list[str]:
    """The git directories in a folder; names of submodules may hold slashes."""
    found: list[str] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            names = os.listdir(here)
        except OSError:
            continue
        for name in names:
            path = f"{here}/{name}"
            if os.path.lexists(f"{path}/HEAD"):
                found.append(os.path.realpath(path))
            elif os.path.isdir(path) and not os.path.islink(path):
                waiting.append(path)
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
    return os.path.realpath(_joined(value, start))


def _joined(value: str, start: str) -> str:
    return os.path.join(start, os.path.expanduser(value.replace("\0", "")))

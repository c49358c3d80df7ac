"""What the files of a git repository say of it, read without running git.

Running git would run what the repository's configuration names (`core.fsmonitor`, for one), and
take longer. Formats: gitrepository-layout(5).
"""

from pathlib import Path

from msgspec import Struct

from ..plainfile import plain_text


class Repository(Struct, frozen=True):
    """A work tree and where its HEAD stands."""

    root: Path
    branch: str | None
    """None when HEAD is detached."""
    head: str | None
    """Commit id; None before the first commit."""


def find_repository(start: Path) -> Repository | None:
    """The repository that a directory belongs to."""
    for folder in (start, *start.parents):
        git = folder / ".git"
        if git.is_dir():
            return _read(folder, git)
        if git.is_file() and (linked := _linked(git)) is not None:
            return _read(folder, linked)
    return None


def _linked(file: Path) -> Path | None:
    """The git directory that a worktree's or submodule's `.git` file points at."""
    text = plain_text(file)
    if not text.startswith("gitdir:"):
        return None
    folder = file.parent / text.removeprefix("gitdir:").strip()
    return folder if folder.is_dir() else None


def _read(root: Path, git: Path) -> Repository:
    head = plain_text(git / "HEAD").strip()
    if not head.startswith("ref:"):
        return Repository(root, None, head or None)
    ref = head.removeprefix("ref:").strip()
    common = plain_text(git / "commondir").strip()
    folders = (git, git / common) if common else (git,)
    for folder in folders:
        if commit := plain_text(folder / ref).strip() or _packed(folder, ref):
            return Repository(root, ref.removeprefix("refs/heads/"), commit)
    return Repository(root, ref.removeprefix("refs/heads/"), None)


def _packed(git: Path, ref: str) -> str:
    for line in plain_text(git / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return ""

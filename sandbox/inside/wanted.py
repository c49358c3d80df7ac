"""Says which names nobody inside may take, whether they are free or not."""

import contextlib
import os
from itertools import chain

from . import repositories
from .plan import Plan


def wanted(plan: Plan) -> list[str]:
    """Absolute paths; those of directories end with a slash. To be called outside."""
    if not plan.writable or "islands" in plan.without:
        return []
    workspace = plan.workspace
    found = [f"{workspace}/{name}/" for name in plan.placeholders]
    entries = [f"{workspace}/.git", *repositories.enclosing(workspace)]
    directories = {repositories.shared_directory(entry) for entry in entries[:2]}
    if os.path.isdir(entries[0]):
        directories.add(os.path.realpath(entries[0]))
    for directory in directories:
        if is_below(f"{directory}/", plan.roots):
            found += repositories.made_in(directory)
    for target in map(os.path.realpath, chain(*map(pointed_to, entries))):
        if is_below(target, plan.roots) and not os.path.lexists(target):
            found.append(f"{target}/")
    for path in plan.may_write:
        if f"{path}/" in found:
            # Another sandbox's placeholder, in the way of what was allowed.
            with contextlib.suppress(OSError):
                os.rmdir(path)
    return [path for path in dict.fromkeys(found) if path.rstrip("/") not in plan.may_write]


def pointed_to(entry: str) -> list[str]:
    """What the configuration of the repository at this `.git`, and the person's, names."""
    directory = repositories.git_directory(entry)
    home = os.path.expanduser("~")
    files = [f"{home}/.gitconfig", f"{home}/.config/git/config"]
    if directory:
        shared = repositories.common_directory(directory)
        files += [f"{shared}/config", f"{directory}/config.worktree"]
    return repositories.pointed_to(os.path.dirname(entry), files)


def is_below(path: str, roots: list[str]) -> bool:
    """Whether a path lies in one of the roots."""
    return any(path.startswith(f"{root}/") for root in roots)

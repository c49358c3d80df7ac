"""Takes what a person allowed out of what is protected."""

import os


def spares(path: str, allowed: list[str]) -> bool:
    """Whether something at `path`, or below it, is allowed."""
    return any(one == path or one.startswith(f"{path}/") for one in allowed)


def but_for(path: str, allowed: list[str]) -> list[str]:
    """The paths that together hold what is at `path`, but for what is allowed.

    A directory that holds something allowed is taken apart: new names can appear in it.
    """
    if path in allowed:
        return []
    if not spares(path, allowed) or not os.path.isdir(path):
        return [path]
    return [part for name in os.listdir(path) for part in but_for(f"{path}/{name}", allowed)]

"""Choices that hold for later starts, too: written into the person's own settings."""

import asyncio
from typing import Final

from ....config.errors import KedgeError
from ....config.user_file import Plain, keep
from ....config.values import KeyPath, dotted
from ...commands.settings import load_for_commands
from ...surroundings import Surroundings
from .lookups import here
from .surface import Sitting

NOW: Final = "--now"
"""Behind a command: only until the person leaves."""


def for_now(words: str) -> tuple[str, bool]:
    """The words without `--now`, and whether it was among them."""
    said = words.split()
    return " ".join(word for word in said if word != NOW), NOW in said


async def choose(
    sitting: Sitting, said: str, path: KeyPath, value: Plain, *, lasts: bool = True
) -> None:
    """Say what was chosen and holds already; if it `lasts`, keep it, and say where."""
    if not lasts:
        sitting.say(f"{said}, until you leave")
        return
    try:
        where = await asyncio.to_thread(_kept, here(sitting), path, value)
    except KedgeError as error:
        sitting.say(f"{said}, but only until you leave: {error}\n{error.hint}", wrong=True)
    else:
        sitting.say(f"{said}; {where}")


def _kept(where: Surroundings, path: KeyPath, value: Plain) -> str:
    """Keep it; where, in words.

    Raises:
        KedgeError: it cannot be kept.
    """
    file = where.home.config_dir / "config.toml"
    keep(file, path, value)
    origin = load_for_commands(where).origins.get(dotted(path))
    if origin is not None and origin.source.layer != "user":
        return f"written into {file}, but {origin} says otherwise, and counts more"
    return f"kept in {file}"

"""Commands of a person's own and of the project, from Markdown files."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from ....agent.memory.repository import find_repository
from ....config.errors import KedgeError
from ....config.following import follows
from ....config.layers import Loaded
from ....sandbox.compiling import person_home
from ...knowledge import root_of
from ...surroundings import Surroundings
from ..command_folders import own_folders, project_folders
from ..entry import Entry
from .template import Template, shell_in, template

LARGEST: Final = 256 << 10
"""Bytes of a file."""
MOST: Final = 1_000
"""Files of a folder that are looked at."""
_NAME = re.compile(r"[A-Za-z][\w:.-]*")


class Custom(Struct, frozen=True):
    """A command from a file."""

    name: str
    """Folders before it: `frontend:test`."""
    file: Path
    template: Template
    greedy: bool
    """See `template.pieces`."""
    own: bool
    """Whether it is the person's own; else the project's."""

    @property
    def entry(self) -> Entry:
        """As it is proposed."""
        return Entry(self.name, self.template.help, self.template.arguments)


class Customs(Struct, frozen=True):
    """All of them."""

    commands: dict[str, Custom] = {}
    problems: tuple[str, ...] = ()
    """Files that are no commands, and why."""


def customs(loaded: Loaded, where: Surroundings, taken: Sequence[str]) -> Customs:
    """The commands that count here: a person's own, and those of the project if it is trusted.
    Reads files. No file can stand for a command that is built in (`taken`).

    Raises:
        ConfigError: the list of trusted folders is damaged.
    """
    root = root_of(where, find_repository(where.cwd))
    own = own_folders(person_home(where.env), where.home.config_dir)
    places: list[tuple[Path, Path | None]] = [(folder, None) for folder in own]
    if follows(loaded.brought, root, where.home.data_dir):
        places += [(folder, root) for folder in project_folders(root)]
    found: dict[str, Custom] = {}
    problems: list[str] = []
    for folder, within in places:
        for file in _files(folder):
            try:
                one = _custom(file, folder, within)
            except (KedgeError, OSError, UnicodeDecodeError) as error:
                problems.append(f"{file}: {error}")
                continue
            if one.name in taken:
                problems.append(f"{file}: /{one.name} is a command of kedge's own")
            else:
                found[one.name] = one
    return Customs(found, tuple(problems))


def described(root: Path) -> Iterator[str]:
    """What a project's commands are, and what they run and ask for when they are used: a line for
    each that can be read. Reads files."""
    found: dict[str, Custom] = {}
    for folder in project_folders(root):
        for file in _files(folder):
            with suppress(KedgeError, OSError, UnicodeDecodeError):
                one = _custom(file, folder, root)
                found[one.name] = one
    for one in found.values():
        runs = [f"runs `{command}`" for command in shell_in(one.template.body)]
        asks = [f"answered by {one.template.model}"] if one.template.model else []
        yield "; ".join((f"/{one.name}: a command", *runs, *asks))


def waits_for_trust(name: str, loaded: Loaded, where: Surroundings) -> bool:
    """Whether the project has a command of this name that does not count as it is not trusted.
    Reads no file but the list of trusted folders.

    Raises:
        ConfigError: that list is damaged.
    """
    root = root_of(where, find_repository(where.cwd))
    if follows(loaded.brought, root, where.home.data_dir):
        return False
    folders = project_folders(root)
    return any(_name(file, folder) == name for folder in folders for file in _files(folder))


def _name(file: Path, folder: Path) -> str:
    return ":".join(file.relative_to(folder).with_suffix("").parts).replace(" ", "-")


def _files(folder: Path) -> Iterator[Path]:
    for count, file in enumerate(sorted(folder.rglob("*.md"))):
        if count >= MOST:
            return
        yield file


def _custom(file: Path, folder: Path, within: Path | None) -> Custom:
    """Raises:
    KedgeError, OSError, UnicodeDecodeError: it is none.
    """
    name = _name(file, folder)
    if not _NAME.fullmatch(name):
        raise KedgeError(f"{name!r} is no name of a command")
    place = file.resolve(strict=True)
    if within is not None and not place.is_relative_to(within):
        raise KedgeError("it leads out of the project")
    if place.stat().st_size > LARGEST:
        raise KedgeError(f"it has more than {LARGEST:,} bytes")
    text = place.read_text("utf-8")
    greedy = ".opencode" in file.parts or "opencode" in file.parts
    return Custom(name, file, template(text), greedy, own=within is None)

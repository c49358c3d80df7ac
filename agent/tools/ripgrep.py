"""Searching with ripgrep, where it is installed: https://github.com/BurntSushi/ripgrep."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .ignore import REPOSITORIES, in_repository
from .searcher import Query

_ALWAYS = (
    *("--no-config", "--no-messages", "--color=never", "--null", "--with-filename"),
    *("--hidden", "--no-ignore-global"),
    *(f"--glob=!{name}" for name in sorted(REPOSITORIES)),
    "--crlf",
)
_CONTENT = (*("--no-heading", "--line-number", "--no-context-separator", "--max-columns-preview"),)


class Ripgrep:
    """The `rg` program."""

    def __init__(self, program: str) -> None:
        self._program = program

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        """As `Engine.command`."""
        flags = [*_ALWAYS, *_mode(query)]
        if query.ignore_case:
            flags.append("--ignore-case")
        if query.multiline:
            flags += ("--multiline", "--multiline-dotall")
        if ordered:
            flags += ("--sort=path", "--threads=1")
        if not in_repository(str(query.directory)):
            # .gitignore counts here too, but not that of, say, a home directory above. In a
            # repository rg takes the first flag for leave to look above the repository.
            flags += ("--no-require-git", "--no-ignore-parent")
        flags += (f"--type-add=kedge:{glob}" for glob in query.names)
        if name := query.type_name or ("kedge" if query.names else ""):
            flags.append(f"--type={name}")
        place = f"./{query.place.name}" if query.is_file else "./"
        return (self._program, *flags, f"--regexp={query.pattern}", "--", place)


def _mode(query: Query) -> tuple[str, ...]:
    match query.mode:
        case "files_with_matches":
            return ("--files-with-matches",)
        case "count":
            return ("--count-matches" if query.multiline else "--count",)
        case "content":
            wide = f"--max-columns={query.widest_line}"
            return (*_CONTENT, wide, f"--context={query.context}")


def find_ripgrep(env: Mapping[str, str], forbidden: Callable[[str], bool]) -> str:
    """The path of `rg`, or nothing.

    First beside this Python, where the `ripgrep` package puts it, then on PATH; never where it is
    forbidden: in the workspace, which may hold what strangers wrote.
    """
    places = [f"{sys.prefix}/bin", *env.get("PATH", "").split(os.pathsep)]
    for place in places:
        program = os.path.join(place, "rg")
        if not os.path.isabs(program) or not os.access(program, os.X_OK):
            continue
        real = os.path.realpath(program)
        if not forbidden(real):
            return real
    return ""


if TYPE_CHECKING:
    from .searcher import Engine

    _engine: type[Engine] = Ripgrep

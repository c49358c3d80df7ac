"""`kedge memory`: the instruction files and notes that a session here begins with, and their cost;
and trusting a folder for them."""

import sys
from collections.abc import Callable

import msgspec

from ...agent.memory.instructions import Instructions, Merged, Piece, deeper
from ...agent.memory.repository import find_repository
from ...agent.transcript import CHARACTERS_PER_TOKEN
from ...config.errors import KedgeError
from ...config.following import FOLLOWED, follows
from ...config.trust import FILE, Trust
from ...sandbox.guard import Guard
from ..confine import Wanted, wanted_policy
from ..knowledge import instructions_of, root_of
from ..surroundings import Surroundings, surroundings
from ..terminal import harmless
from .settings import load_for_commands


class _Row(msgspec.Struct):
    file: str
    imported_by: str
    bytes: int
    tokens: int
    text: str


def show_memory(cd: str, *, as_json: bool) -> None:
    """Print every file with its size and about how many tokens it costs, then the whole text.

    Raises:
        KedgeError: the configuration is wrong.
    """
    merged = instructions_here(surroundings(cd)).merged()
    rows = list(map(_row, merged.pieces))
    if as_json:
        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return
    for row in rows:
        by = f", imported by {row.imported_by}" if row.imported_by else ""
        size = f"{row.bytes:>6} bytes  ~{row.tokens:>5} tokens"
        sys.stdout.write(f"{size}  {harmless(row.file + by)}\n")
    _finish(merged)


def _row(piece: Piece) -> _Row:
    by = str(piece.imported_by or "")
    return _Row(str(piece.path), by, piece.size, _tokens(piece.text), piece.text)


def _finish(merged: Merged) -> None:
    for notice in merged.notices:
        sys.stderr.write(f"kedge: {harmless(notice)}\n")
    if not merged.pieces:
        sys.stdout.write("No instruction files are read here.\n")
        return
    sys.stdout.write(f"in all ~{_tokens(merged.text)} tokens of every session\n\n")
    for line in merged.text.splitlines():
        sys.stdout.write(harmless(line) + "\n")


def _tokens(text: str) -> int:
    return round(len(text) / CHARACTERS_PER_TOKEN)


def instructions_here(where: Surroundings) -> Instructions:
    """The instruction files that count here.

    Raises:
        KedgeError: the configuration is wrong.
    """
    policy = wanted_policy(Wanted(str(where.cwd), "workspace-write"), where.env)
    repository = find_repository(where.cwd)
    return instructions_of(load_for_commands(where), where, repository, Guard(policy).hides)


def trust_instructions(where: Surroundings, agreed: Callable[[], bool]) -> int:
    """Trust a folder that brings no configuration for its instruction files; 1 if the person does
    not agree, 0 also where there is nothing to trust.

    Raises:
        KedgeError: the list of trusted folders is damaged, or nobody can be asked.
    """
    root = root_of(where, find_repository(where.cwd))
    found = instructions_here(where).merged()
    if follows(None, root, where.home.data_dir):
        sys.stdout.write(f"{harmless(str(root))} is trusted.\n")
        return 0
    below = [f"{path.relative_to(root)}: read when a tool is there" for path in deeper(root)]
    if not found.notices and not below:
        sys.stdout.write("Nothing here needs trust.\n")
        return 0
    for notice in (*found.notices, *below):
        sys.stdout.write(f"{harmless(notice)}\n")
    sys.stdout.write("The agent would take them for instructions, now and when they change.\n")
    sys.stdout.flush()
    if not agreed():
        sys.stderr.write("kedge: not trusted; they stay unread\n")
        return 1
    try:
        Trust(where.home.data_dir / FILE).accept(root, FOLLOWED)
    except OSError as error:
        raise KedgeError(f"cannot keep your trust: {error}") from error
    sys.stdout.write(f"{harmless(str(root))} is trusted.\n")
    return 0

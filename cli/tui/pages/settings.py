"""What is configured: every effective value, hooks and servers, instruction files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ....agent.memory.instructions import Merged
from ....agent.transcript import CHARACTERS_PER_TOKEN
from ....config.layers import Loaded
from ...commands.config import setting_rows
from ...commands.hooks import HookRow, hook_line
from ...counts import counted
from .page import Page, Row, Tone, head, lines, page


def config_page(loaded: Loaded, files: Sequence[Path]) -> Page:
    """Every effective value with its origin; `files` is where a person would write."""
    return page("configuration", _config(loaded, files))


def _config(loaded: Loaded, files: Sequence[Path]) -> Iterator[Row]:
    import msgspec

    yield head(f"version {loaded.version}, made of the package and of all layers below")
    for file in files:
        yield Row(f"{file}  {'' if file.is_file() else '(not there)'}".rstrip(), "dim")
    for problem in loaded.problems:
        yield Row(str(problem), "warn")
    for row in setting_rows(loaded):
        own = row.origin != "default"
        value = msgspec.json.encode(row.value).decode()
        words = f"{row.key} = {value}  # {row.origin}"
        yield Row(words, "" if own else "dim")


def hooks_page(hooks: Sequence[HookRow], breakers: Sequence[str]) -> Page:
    """Every hook; `breakers` are those that are open."""
    return page("hooks", _hooks(hooks, breakers))


def _hooks(hooks: Sequence[HookRow], breakers: Sequence[str]) -> Iterator[Row]:
    for row in hooks:
        paused = any(row.name in name for name in breakers)
        first, *rest = hook_line(row).splitlines()
        tone: Tone = "warn" if paused or not row.trusted else ""
        yield Row(f"{first}{'  PAUSED: it kept failing' if paused else ''}", tone, row.name)
        yield from (Row(line, "dim") for line in rest)
    if not hooks:
        yield Row("no hook is configured: [[hooks]] in config.toml", "dim")


def mcp_page() -> Page:
    """There are no servers."""
    return page("MCP servers", (Row("this version of kedge connects to no MCP servers", "dim"),))


def memory_page(merged: Merged) -> Page:
    """The files that the session begins with, and their text."""
    return page("instructions and notes", _memory(merged))


def _memory(merged: Merged) -> Iterator[Row]:
    for notice in merged.notices:
        yield Row(notice, "warn")
    if not merged.pieces:
        yield Row("no instruction files are read here; /init writes a first AGENTS.md", "dim")
    for piece in merged.pieces:
        by = f", imported by {piece.imported_by}" if piece.imported_by else ""
        tokens = round(len(piece.text) / CHARACTERS_PER_TOKEN)
        size = f"{counted(piece.size, 'byte')}, about {counted(tokens, 'token')}"
        yield head(f"{piece.path}{by}  {size}")
        yield from lines(piece.text)

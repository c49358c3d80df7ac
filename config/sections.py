"""Cuts single tables out of our own packaged TOML, so that only those are parsed.

Parsing all of `providers.toml` takes longer than everything else in `load()`; a run needs one
table of it. Only for files in `defaults/`: headers stand alone at the start of a line.
"""

import pathlib
import tomllib
from collections.abc import Iterator

from .values import Table

DEFAULTS = pathlib.Path(__file__).parent / "defaults"
"""The packaged data. Beside the module, also in an installed wheel; importlib.resources would
find it there too, for 5 ms of imports."""


def section(text: str, header: str) -> Table | None:
    """The table under `[header]`, with its inline tables; None if the text has none."""
    start = f"\n{text}".find(f"\n[{header}]\n")
    if start < 0:
        return None
    body = text[start + len(header) + 3 :]
    end = f"\n{body}".find("\n[")
    return tomllib.loads(body if end < 0 else body[:end])


def headers(text: str) -> Iterator[str]:
    """Every `[header]` of the text, in order."""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            yield line[1:-1]

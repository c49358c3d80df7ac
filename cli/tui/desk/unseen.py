"""Programs that a person's own commands cannot show: `!` has no terminal."""

import os
import re
from typing import Final

_FOR_TERMINALS: Final = frozenset(
    ("vi", "vim", "nvim", "nano", "emacs", "hx", "helix", "less", "more", "most", "man", "top")
    + ("htop", "btop", "tmux", "screen", "mc", "tig", "lazygit", "watch", "ssh", "telnet", "fzf")
)
"""Programs that are of little use without one."""
_PARTS: Final = re.compile(r"[|;&\n]+")


def wants_terminal(command: str) -> str:
    """The program of a command that would want a terminal, as far as its name says; else empty."""
    firsts = (part.split(maxsplit=1)[:1] for part in _PARTS.split(command))
    names = (os.path.basename(first[0]) for first in firsts if first)
    return next((name for name in names if name in _FOR_TERMINALS), "")

"""kedge: a terminal coding agent whose every action is validated, explained and undoable.

The Python API: `Agent` is a model with tools, `tool` declares one, `Session` is a conversation.
"""

from .config.version import VERSION as __version__

# Type checkers know the name; importing `typing` for it would double the time of `--version`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .agent.session import Session
    from .agent.tools.function import tool
    from .cli.embed import Agent

__all__ = ["Agent", "Session", "__version__", "tool"]

_HOMES = {"Agent": ".cli.embed", "Session": ".agent.session", "tool": ".agent.tools.function"}


def __getattr__(name: str) -> object:
    """Import what is asked for, and only then: `kedge --version` must not pay for the rest."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)

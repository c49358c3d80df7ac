"""Whether an allow rule lets through more than anybody can mean."""

from .command_pattern import CommandPattern
from .path_pattern import PathPattern
from .programs import runs_anything
from .rules import TOOLS, Rule, ServerPattern, covers, pattern_of

_ANY = "\x01"
"""Stands for a name that nobody has: only what covers every name covers it."""
_PLACES = {
    f"//{_ANY}/{_ANY}": "every path there is",
    f"~/{_ANY}": "everything in your home directory",
    f"/{_ANY}": "everything in the project",
}
_EVERYTHING = {
    "command": "every command",
    "path": "every path there is",
    "host": "every host",
    "server": "every tool of every server",
}


def lets_run_anything(rule: Rule) -> str:
    """Why a rule on commands lets anything at all run; empty if it does not."""
    if rule.tool != "bash":
        return ""
    pattern = pattern_of(rule)
    if not isinstance(pattern, CommandPattern):
        return "every command; name those that you mean"
    if pattern.kind == "exact":
        return ""
    first = pattern.literal.partition(pattern.joint)[0]
    if not first:
        return "the program itself is left open"
    if runs_anything(first):
        return f"{first} runs whatever it is told to"
    if pattern.kind == "prefix" and pattern.literal == "git":
        return "git runs programs that its options name; say which subcommands you mean"
    return ""


def is_everything(rule: Rule) -> str:
    """All of what it is that a rule covers, in words, such as all that its tool can do; empty where
    it tells some of it from the rest, and for tools of which nothing can be told apart."""
    pattern = pattern_of(rule)
    match pattern:
        case None:
            return _EVERYTHING.get(TOOLS[rule.tool], "")
        case CommandPattern():
            return lets_run_anything(rule)
        case PathPattern():
            return next((words for one, words in _PLACES.items() if covers(rule, pattern, one)), "")
        case ServerPattern():
            server = rule.specifier.partition(".")[0]
            return f"every tool of {server}" if pattern.matches(f"mcp__{server}__{_ANY}") else ""
        case _:
            return ""

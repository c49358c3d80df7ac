"""Redirects: what they read and write."""

import re

from .files import MAX_MATCHES, expand
from .line import Judgement, Line
from .words import Word

_WRITES = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})
_DESCRIPTOR = re.compile(r"\d+-?|-")
_NETWORK = re.compile(r"/dev/(tcp|udp)/([^/]+)/(.+)")


def redirect(
    line: Line, token: str, target: Word | None, judgement: Judgement, span: tuple[int, int]
) -> None:
    """Add to the judgement what one redirect does; problems go to the line."""
    if token in (">&-", "<&-"):
        return
    if target is None:
        line.problem("a redirect leads nowhere", span)
    elif target.literal and token in (">&", "<&") and _DESCRIPTOR.fullmatch(target.value):
        return
    elif token not in _WRITES and token not in ("<", "<&"):
        line.problem(f"kedge does not know the redirect {token}", span)
    elif network := _NETWORK.match(target.value):
        judgement.touch("reach", f"{network[2]}:{network[3]}", span)
        line.problem(f"it talks to {network[2]} through the shell itself", span)
    elif not target.literal:
        line.problem(f"where {token}{target.text} leads is only known when it runs", span)
    elif target.value != "/dev/stdin":
        _touch(line, token, target, judgement, span)


def _touch(
    line: Line, token: str, target: Word, judgement: Judgement, span: tuple[int, int]
) -> None:
    if not line.state.cwds and not target.value.startswith("/"):
        line.problem(f"in which directory {target.text} lies is only known when it runs", span)
    for path in _paths(line, target):
        for resolved in line.targets(path):
            if token in ("<", "<&", "<>"):
                judgement.touch("read", resolved, span)
            if token in _WRITES:
                judgement.touch("write", resolved, span)


def _paths(line: Line, target: Word) -> tuple[str, ...]:
    if not target.pattern:
        return (target.value,)
    paths = [target.value]
    for cwd in line.state.cwds:
        paths += expand(target.pattern, cwd).paths[:MAX_MATCHES]
    return tuple(dict.fromkeys(paths))

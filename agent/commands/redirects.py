"""Redirects: what they read and write."""

import re

from .files import MAX_MATCHES, expand, resolve
from .line import Judgement, Line
from .words import Word

_WRITES = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})
_NETWORK = re.compile(r"/dev/(tcp|udp)/([^/]+)/(.+)")


def redirect(
    line: Line, token: str, target: Word | None, judgement: Judgement, span: tuple[int, int]
) -> None:
    """Add to the judgement what one redirect does; problems go to the line."""
    if token in (">&-", "<&-"):
        return
    if target is None:
        line.problem("a redirect leads nowhere", span)
        return
    if token in (">&", "<&") and re.fullmatch(r"\d+-?|-", target.value) and target.literal:
        return
    if token not in _WRITES and token not in ("<", "<&"):
        line.problem(f"the redirect {token!r} is not analysed", span)
        return
    if network := _NETWORK.match(target.value):
        judgement.touch("reach", f"{network[2]}:{network[3]}", span)
        line.problem(f"it talks to {network[2]} through the shell itself", span)
        return
    if not target.literal:
        line.problem(f"where {token}{target.text} leads is only known when it runs", span)
        return
    if target.certainty == "known" and target.value == "/dev/stdin":
        return
    for path in _paths(line, target):
        for cwd in line.state.cwds or ("/",) if path.startswith("/") else line.state.cwds:
            resolved = resolve(path, cwd)
            if token in ("<", "<&", "<>"):
                judgement.touch("read", resolved, span)
            if token in _WRITES:
                judgement.touch("write", resolved, span)
    if not line.state.cwds and not target.value.startswith("/"):
        line.problem(f"in which directory {target.text} lies is only known when it runs", span)


def _paths(line: Line, target: Word) -> tuple[str, ...]:
    if not target.pattern:
        return (target.value,)
    paths = [target.value]
    for cwd in line.state.cwds:
        paths += expand(target.pattern, cwd).paths[:MAX_MATCHES]
    return tuple(dict.fromkeys(paths))

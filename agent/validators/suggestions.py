"""The literal rules that "always" would store: what was asked about, and nothing wider; and whether
other ones would do."""

import re
from collections.abc import Iterator, Sequence

from ...config.command_pattern import written
from ...config.host_pattern import split_port
from ...config.path_pattern import escaped
from ...config.programs import runs_anything
from ...config.rules import parse_rule
from ..effects import CommandPart, Effect
from ..ports import ESCALATE, Action, Allow
from .rules import RuleValidator, is_redirect
from .territory import Territory

_BOUND_TO_PLACE = re.compile(r"[*?\[$`]|^~|[=:]~")
"""What a shell may make something else of, next time."""


def suggest(action: Action, places: Sequence[int], territory: Territory) -> tuple[str, ...]:
    """The rules that would allow these effects of an action, and only them, from now on.

    Empty where that cannot be said in rules: for what is dangerous or not known beforehand, for
    programs that run anything, for directories outside the workspace, for leaving the sandbox.
    """
    if action.call.name == ESCALATE:
        return ()
    rules: list[str] = []
    for place in places:
        rule = _rule(action, action.effects[place], territory)
        if rule is None:
            return ()
        rules.append(rule)
    offers = tuple(dict.fromkeys(rules))
    return offers if covers(offers, action, places, territory) else ()


def _rule(action: Action, effect: Effect, territory: Territory) -> str | None:
    if effect.kind == "run":
        return _command(effect.command) if effect.command else _other_tool(action)
    line = str(action.arguments.get("command", ""))
    if effect.part is not None and not is_redirect(effect, line):
        # What a command touches goes with the command: a rule on the path would say more.
        return next(_command_of(action, effect.part), None)
    match effect.kind:
        case "read":
            return f"read({_path(effect.target, territory)})"
        case "write" | "delete":
            return f"edit({_path(effect.target, territory)})"
        case "reach":
            name, port = split_port(effect.target)
            return f"web(domain:{name}{f':{port}' if port not in ('', '80', '443') else ''})"


def _command(command: CommandPart) -> str | None:
    words = command.words
    if not command.exact or command.risk in ("dangerous", "opaque") or not words:
        return None
    if runs_anything(words[0]) or words == ("git",):
        return None
    if any(_BOUND_TO_PLACE.search(word) for word in words):
        return None
    return f"bash({written(words)})"


def _command_of(action: Action, part: int) -> Iterator[str | None]:
    for effect in action.effects:
        if effect.part == part and effect.command is not None:
            yield _command(effect.command)


def _other_tool(action: Action) -> str | None:
    name = action.call.name
    if not name.startswith("mcp__"):
        return None
    server, _, tool = name[5:].partition("__")
    return f"mcp({server}.{tool})" if tool else None


def _path(path: str, territory: Territory) -> str:
    project = territory.project.rstrip("/")
    if territory.roots and path.startswith(f"{project}/"):
        return escaped(path[len(project) :])
    return "/" + escaped(path)


def covers(
    texts: Sequence[str], action: Action, places: Sequence[int], territory: Territory
) -> bool:
    """Whether these rules, as they would be read back, allow these effects of an action: all of
    them, though each rule may allow some. What is no rule allows none."""
    try:
        rules = [parse_rule(text, "allow", "grant") for text in texts]
    except ValueError:
        return False
    covered: set[int] = set()
    for verdict in RuleValidator(rules, territory).check(action):
        if isinstance(verdict, Allow):
            covered.update(verdict.effects or ())
    return covered.issuperset(places)

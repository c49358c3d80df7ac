"""What a person lets happen, wants to be asked about, and forbids: the grammar of rules.

A rule is `tool` or `tool(specifier)`; names of tools in any case, also as Claude Code spells them.

    bash(git status)         one command; the whole line, if it has several
    bash(npm run test *)     anything after it; `cmd:*` is the same (`command_pattern`)
    read(.env) edit(src/**)  paths, whichever tool or command touches them (`path_pattern`); `edit`
                             is making, changing, deleting
    grep(docs) glob(docs)    the same for what one of these tools reads
    web(domain:*.host.org)   hosts, whichever tool or command reaches them (`host_pattern`)
    mcp(server.tool)         a tool of an MCP server, or all of them: `mcp(server)`
    escalate(read:~/x)       leaving the sandbox for one run; also `write:PATH`, `domain:HOST`
    todo                     any other tool, by its name

A rule can carry examples: `match` must be covered by it, `not_match` must not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct

from .command_pattern import CommandPattern, command_pattern, split_words
from .errors import ConfigError
from .host_pattern import HostPattern, host_pattern
from .path_pattern import PathPattern, path_pattern
from .rule_settings import LISTS, RuleItem, RuleList, RuleSettings

_Takes = Literal["command", "path", "host", "server", "escalation", "nothing"]

TOOLS: Final[Mapping[str, _Takes]] = {
    "bash": "command",
    "read": "path",
    "edit": "path",
    "grep": "path",
    "glob": "path",
    "web": "host",
    "mcp": "server",
    "escalate": "escalation",
    "todo": "nothing",
    "bash_output": "nothing",
    "bash_kill": "nothing",
    "remember": "nothing",
    "forget": "nothing",
    "recall": "nothing",
}
"""What a rule may name, and what it may say of it."""

_ALSO: Final = {
    "write": "edit",
    "apply_patch": "edit",
    "multiedit": "edit",
    "notebookedit": "edit",
    "webfetch": "web",
    "web_fetch": "web",
    "todowrite": "todo",
    "bashoutput": "bash_output",
    "killbash": "bash_kill",
    "killshell": "bash_kill",
}
"""Other names of the same, Claude Code's among them."""

_FORM = re.compile(r"\s*([\w.*-]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_SERVER = re.compile(r"[^\s()]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


class Rule(Struct, frozen=True):
    """A rule, understood."""

    verdict: RuleList
    tool: str
    """One of `TOOLS`."""
    specifier: str
    """Empty where everything of the tool is meant."""
    text: str
    """As it was written."""
    origin: str
    """`file:line`, a flag, a grant; `packaged` for what kedge brings."""

    def __str__(self) -> str:
        return f"{self.text} ({self.origin})" if self.origin else self.text


class Escalation(Struct, frozen=True):
    """What a rule on leaving the sandbox means."""

    what: Literal["read", "write", "reach"]
    target: PathPattern | HostPattern


class ServerPattern(Struct, frozen=True):
    """What a rule on MCP servers means."""

    regex: str
    """Matches the whole of a tool's name, `mcp__SERVER__TOOL`."""

    def matches(self, tool: str) -> bool:
        """Whether a tool of that name is meant."""
        return re.fullmatch(self.regex, tool) is not None


Pattern = CommandPattern | PathPattern | HostPattern | Escalation | ServerPattern


def parse_rule(item: str | RuleItem, verdict: RuleList, origin: str = "") -> Rule:
    """Understand a rule.

    Raises:
        ValueError: it is none, can never match, or its examples contradict it.
    """
    item = RuleItem(item) if isinstance(item, str) else item
    try:
        tool, specifier = _parts(item.rule)
        rule = Rule(verdict, tool, specifier, item.rule.strip(), origin)
        pattern = pattern_of(rule)
        if verdict == "allow" and tool == "bash" and _ASSIGNMENT.match(specifier):
            raise ValueError("nothing allows a command that sets variables; leave them out")
    except ValueError as error:
        raise ValueError(f"the rule {item.rule!r} can never match: {error}") from error
    for wanted, examples in ((True, item.match), (False, item.not_match)):
        for example in examples:
            if covers(rule, pattern, example) is not wanted:
                does = "does not cover" if wanted else "covers"
                raise ValueError(f"the rule {item.rule!r} {does} its own example {example!r}")
    return rule


def pattern_of(rule: Rule) -> Pattern | None:
    """What the rule's specifier means; None where it has none. Allow rules are matched strictly,
    with words joined by `command_pattern.JOINT`, the others by blanks.

    Raises:
        ValueError: it means nothing.
    """
    specifier = rule.specifier
    if not specifier:
        return None
    match TOOLS[rule.tool]:
        case "command":
            strict = rule.verdict == "allow"
            return command_pattern(specifier) if strict else command_pattern(specifier, " ")
        case "path":
            return path_pattern(specifier)
        case "host":
            return host_pattern(specifier)
        case "server":
            return _servers(specifier)
        case "escalation":
            return _escalation(specifier)
        case "nothing":
            raise ValueError(f"{rule.tool} takes nothing in parentheses")


def covers(rule: Rule, pattern: Pattern | None, example: str) -> bool:
    """Whether a rule speaks of an example: a command, a path written as in rules, a host, or
    `SERVER.TOOL`.

    Raises:
        ValueError: it is no example for such a rule.
    """
    match pattern:
        case None:
            return True
        case CommandPattern(joint=joint):
            words = split_words(example)
            return pattern.matches(joint.join(words)) or example.strip() == rule.specifier
        case PathPattern():
            return pattern.means(path_pattern(example))
        case HostPattern():
            return pattern.matches(example, any_port=rule.verdict != "allow")
        case ServerPattern():
            return pattern.matches("mcp__" + example.replace(".", "__", 1))
        case Escalation():
            other = _escalation(example)
            if other.what != pattern.what:
                return False
            match pattern.target, other.target:
                case PathPattern() as path, PathPattern() as asked:
                    return path.means(asked)
                case HostPattern() as host, HostPattern(name, port):
                    return host.matches(f"{name}:{port}" if port else name, any_port=False)
                case _:
                    return False


def rules_of(settings: RuleSettings, origins: Mapping[str, object]) -> tuple[Rule, ...]:
    """Every rule; `origins` maps `rules.LIST[INDEX]` to where it was written, as `Loaded` does.

    Raises:
        ConfigError: one is wrong as for `parse_rule`; says where.
    """
    rules: list[Rule] = []
    for name, item, origin in items_of(settings, origins):
        try:
            rules.append(parse_rule(item, name, origin))
        except ValueError as error:
            hint = "kedge rules lint shows all that is wrong with the rules"
            raise ConfigError(str(error), file=origin, key=f"rules.{name}", hint=hint) from error
    return tuple(rules)


def items_of(
    settings: RuleSettings, origins: Mapping[str, object]
) -> Iterator[tuple[RuleList, str | RuleItem, str]]:
    """Every rule as it was written, with its list and its origin; strongest list first."""
    for name in LISTS:
        items: tuple[str | RuleItem, ...] = getattr(settings, name)
        for index, item in enumerate(items):
            yield name, item, str(origins.get(f"rules.{name}[{index}]", "settings"))


def _parts(text: str) -> tuple[str, str]:
    """The tool and the specifier, `""` where everything is meant.

    Raises:
        ValueError: it is no rule, or there is no such tool.
    """
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError("a rule is written 'tool' or 'tool(specifier)'")
    name, specifier = found[1], found[2]
    if name.lower().startswith("mcp__"):
        server, _, tool = name[5:].partition("__")
        if specifier is not None or not server:
            raise ValueError("an MCP tool is written 'mcp(server.tool)' or 'mcp__server__tool'")
        return "mcp", server if tool in ("", "*") else f"{server}.{tool}"
    tool = _ALSO.get(name.lower(), name.lower())
    if tool not in TOOLS:
        raise ValueError(f"there is no tool {name!r}{_guess(tool)}")
    if specifier is None or "".join(specifier.split()) in ("*", "**", "domain:*"):
        return tool, ""
    if not specifier.strip():
        raise ValueError(f"nothing stands in the parentheses; {tool!r} alone means all of it")
    return tool, specifier.strip()


def _guess(tool: str) -> str:
    from difflib import get_close_matches  # only a mistake pays for it

    close = get_close_matches(tool, [*TOOLS, *_ALSO], 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(TOOLS)}"


def _servers(specifier: str) -> ServerPattern:
    if not _SERVER.fullmatch(specifier):
        raise ValueError(f"{specifier!r} is neither 'server' nor 'server.tool'")
    names = [f"{_starred(specifier)}(?:__.*)?"]
    for place, char in enumerate(specifier):
        if char == ".":
            names.append(f"{_starred(specifier[:place])}__{_starred(specifier[place + 1 :])}")
    return ServerPattern(f"mcp__(?:{'|'.join(names)})")


def _starred(name: str) -> str:
    return ".*".join(map(re.escape, name.split("*")))


def _escalation(specifier: str) -> Escalation:
    what, _, target = specifier.partition(":")
    match what.strip().lower():
        case "read":
            return Escalation("read", path_pattern(target))
        case "write":
            return Escalation("write", path_pattern(target))
        case "domain":
            return Escalation("reach", host_pattern(specifier))
        case _:
            raise ValueError("leaving the sandbox is 'read:PATH', 'write:PATH' or 'domain:HOST'")

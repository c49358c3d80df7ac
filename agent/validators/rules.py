"""The rules: what was allowed, asked about or forbidden beforehand, held against effects.

A rule on commands is held against every simple command of a line, one on paths against whatever
reads or changes them, one on hosts against whatever reaches them. `deny` and `ask` look at every
spelling of a command. `allow` is strict:

- It covers a command whose words are all known, and nothing that sets variables, substitutes or
  wraps it in what changes its meaning.
- With a command it covers what that reads, reaches and, in the workspace, changes; but no redirect,
  unless the rule is the whole line.
- Outside the workspace it covers writing and deleting only where the rule names a place there.
- Leaving the sandbox is covered by `escalate` rules alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from ...config.command_pattern import JOINT, CommandPattern, split_words
from ...config.host_pattern import HostPattern
from ...config.path_pattern import PathPattern
from ...config.rule_settings import RuleList
from ...config.rules import Escalation, Rule, ServerPattern, pattern_of
from ..effects import CommandPart, Effect
from ..ports import ESCALATE, Action, Allow, Ask, Deny, Verdict
from .rule_index import CommandIndex, HostIndex, PathIndex
from .territory import Territory

_REDIRECT = re.compile(r"\d*(?:&>|[<>])")
_Hits = dict[Rule, list[int]]


class RuleValidator:
    """Judges by the rules of a person. Pure."""

    def __init__(self, rules: Iterable[Rule], territory: Territory, *, name: str = "rules") -> None:
        """Compile the rules, which `config.rules.parse_rule` has checked."""
        self.name = name
        self._territory = territory
        self._deny = _Book("deny", territory)
        self._ask = _Book("ask", territory)
        self._allow = _Book("allow", territory)
        books = {"deny": self._deny, "ask": self._ask, "allow": self._allow}
        for rule in rules:
            books[rule.verdict].add(rule)

    def check(self, action: Action) -> Sequence[Verdict]:
        """One verdict for each rule that speaks of the action."""
        forbidden, doubtful = self._forbidden(action)
        verdicts: list[Verdict] = [
            Deny(f"denied by {rule.text}", tuple(places), str(rule))
            for rule, places in forbidden.items()
        ]
        verdicts += (
            Ask(f"what is below may be what {rule.text} denies", tuple(places), str(rule))
            if rule.verdict == "deny"
            else Ask(f"{rule.text} wants you to be asked", tuple(places), str(rule))
            for rule, places in doubtful.items()
        )
        verdicts += (
            Allow(f"allowed by {rule.text}", tuple(places), str(rule))
            for rule, places in self._allowed(action).items()
        )
        return verdicts

    def _forbidden(self, action: Action) -> tuple[_Hits, _Hits]:
        """The rules that deny, and those that ask."""
        denied, asked = _Hits(), _Hits()
        for book, hits in ((self._deny, denied), (self._ask, asked)):
            if book.is_empty:
                continue
            for rule in book.of_call(action):
                hits[rule] = list(range(len(action.effects)))
            for place, effect in enumerate(action.effects):
                for rule in book.of_effect(effect, action.call.name):
                    _add(hits, rule, place)
                for rule, named in book.below(effect):
                    _add(hits if named else asked, rule, place)
        return denied, asked

    def _allowed(self, action: Action) -> _Hits:
        hits = _Hits()
        if self._allow.is_empty:
            return hits
        for rule in self._allow.of_tool(action.call.name):
            hits[rule] = list(range(len(action.effects)))
        line = str(action.arguments.get("command", ""))
        for place, effect in enumerate(action.effects):
            if effect.kind == "run":
                if effect.command is not None and effect.command.exact:
                    self._allow_command(action, place, effect.command, line, hits)
                continue
            for rule in self._allow.of_touch(effect, action.call.name):
                if self._may_cover(rule, effect):
                    _add(hits, rule, place)
        return hits

    def _allow_command(
        self, action: Action, place: int, command: CommandPart, line: str, hits: _Hits
    ) -> None:
        for rule in self._allow.of_command(command):
            for covered in self._covered(action.effects, place, line):
                _add(hits, rule, covered)
        for rule in self._allow.commands.of_line(line):
            for covered in self._covered(action.effects, place, None):
                _add(hits, rule, covered)

    def _covered(self, effects: Sequence[Effect], place: int, line: str | None) -> Iterator[int]:
        """The places of a command and of what comes with it. Redirects are told by the `line`;
        where that is None they come with it, too."""
        yield place
        command = effects[place]
        for other, effect in enumerate(effects):
            if effect.kind == "run" or effect.part is None or effect.part != command.part:
                continue
            changes = effect.kind in ("write", "delete")
            if changes and not self._territory.lets_write(effect.target):
                continue
            if line is None or _is_own(effect, command, line):
                yield other

    def _may_cover(self, rule: Rule, effect: Effect) -> bool:
        if effect.kind == "reach" or rule.specifier.startswith(("~", "//")):
            return True
        if rule.tool == ESCALATE:
            return True
        everything = not rule.specifier and effect.kind == "read"
        return everything or self._territory.holds(effect.target)


class _Book:
    """The rules of one list."""

    def __init__(self, verdict: RuleList, territory: Territory) -> None:
        self._verdict = verdict
        self._joint = JOINT if verdict == "allow" else " "
        self.is_empty = True
        self.commands = CommandIndex(self._joint)
        self._everything: dict[str, list[Rule]] = {}
        self._territory = territory
        self._paths: dict[tuple[str, str], PathIndex] = {}
        self._hosts: dict[str, HostIndex] = {}
        self._servers: list[tuple[ServerPattern | None, Rule]] = []

    def add(self, rule: Rule) -> None:
        """Take a rule in."""
        self.is_empty = False
        match pattern_of(rule):
            case CommandPattern() as pattern:
                self.commands.add(rule, pattern)
            case PathPattern() as pattern:
                self._add_path(rule, "", pattern)
            case HostPattern() as pattern:
                self._add_host(rule, "web", pattern)
            case ServerPattern() as pattern:
                self._servers.append((pattern, rule))
            case Escalation(what, target):
                match target:
                    case PathPattern():
                        self._add_path(rule, what, target)
                    case HostPattern():
                        self._add_host(rule, ESCALATE, target)
            case None:
                self._add_everything(rule)

    def _add_everything(self, rule: Rule) -> None:
        match rule.tool:
            case "bash":
                self.commands.add(rule, None)
                self._everything.setdefault("bash", []).append(rule)
            case "read" | "edit" | "grep" | "glob":
                self._add_path(rule, "", None)
            case "web":
                self._add_host(rule, "web", None)
            case "mcp":
                self._servers.append((None, rule))
            case tool:
                self._everything.setdefault(tool, []).append(rule)

    def _add_path(self, rule: Rule, what: str, pattern: PathPattern | None) -> None:
        key = (rule.tool, what)
        self._paths.setdefault(key, PathIndex(self._territory)).add(rule, pattern)

    def _add_host(self, rule: Rule, tool: str, pattern: HostPattern | None) -> None:
        self._hosts.setdefault(tool, HostIndex()).add(rule, pattern)

    def of_call(self, action: Action) -> Iterator[Rule]:
        """Rules that speak of an action as a whole."""
        yield from self.of_tool(action.call.name)
        if action.call.name == "bash":
            yield from self._everything.get("bash", ())
            yield from self.commands.of_line(str(action.arguments.get("command", "")))

    def of_tool(self, tool: str) -> Iterator[Rule]:
        """Rules that speak of a tool by its name, other than `bash`."""
        if tool != "bash":
            yield from self._everything.get(tool, ())
        if tool.startswith("mcp__"):
            for pattern, rule in self._servers:
                if pattern is None or pattern.matches(tool):
                    yield rule

    def of_effect(self, effect: Effect, tool: str) -> Iterator[Rule]:
        """Rules that speak of an effect, in any spelling."""
        if effect.command is not None and effect.kind == "run":
            spellings = [" ".join(effect.command.words)]
            spellings += (" ".join(split_words(form)) for form in effect.command.forms)
            for spelling in dict.fromkeys(spellings):
                yield from self.commands.find(spelling)
        else:
            yield from self.of_touch(effect, tool)

    def of_command(self, command: CommandPart) -> Iterator[Rule]:
        """Rules that speak of exactly this command."""
        return self.commands.find(JOINT.join(command.words))

    def of_touch(self, effect: Effect, tool: str) -> Iterator[Rule]:
        """Rules that speak of what is read, changed or reached. Leaving the sandbox is allowed by
        rules of its own only."""
        if tool == ESCALATE:
            yield from self._of_escalation(effect)
            if self._verdict == "allow":
                return
        match effect.kind:
            case "read":
                for name in ("read", tool) if tool in ("grep", "glob") else ("read",):
                    yield from self._at((name, ""), effect.target)
            case "write" | "delete":
                yield from self._at(("edit", ""), effect.target)
            case "reach":
                yield from self._reaching("web", effect.target)
            case "run":
                pass

    def _of_escalation(self, effect: Effect) -> Iterator[Rule]:
        match effect.kind:
            case "read":
                yield from self._at((ESCALATE, "read"), effect.target)
            case "write" | "delete":
                yield from self._at((ESCALATE, "write"), effect.target)
            case "reach":
                yield from self._reaching(ESCALATE, effect.target)
            case "run":
                pass

    def _at(self, key: tuple[str, str], path: str) -> Iterator[Rule]:
        index = self._paths.get(key)
        return index.find(path) if index else iter(())

    def _reaching(self, tool: str, target: str) -> Iterator[Rule]:
        index = self._hosts.get(tool)
        return index.find(target, any_port=self._verdict != "allow") if index else iter(())

    def below(self, effect: Effect) -> Iterator[tuple[Rule, bool]]:
        """Rules that may speak of what goes with a directory that is deleted."""
        index = self._paths.get(("edit", ""))
        if index and effect.kind == "delete" and effect.recursive:
            yield from index.below(effect.target)


def _add(hits: _Hits, rule: Rule, place: int) -> None:
    places = hits.setdefault(rule, [])
    if place not in places:
        places.append(place)


def _is_own(effect: Effect, command: Effect, line: str) -> bool:
    """Whether an effect is the command's own, and not that of a redirect, which the line shows at
    the place that it comes from. Of a string that a shell runs only the whole is known."""
    if effect.span is None or effect.span == (0, 0):
        return True
    return effect.span != command.span and not is_redirect(effect, line)


def is_redirect(effect: Effect, line: str) -> bool:
    """Whether an effect is a redirect's, as far as the line shows it."""
    return effect.span is not None and _REDIRECT.match(line, effect.span[0]) is not None

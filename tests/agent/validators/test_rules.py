"""Rules against effects: what each list covers, and what it must not."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import Effect
from kedge.agent.ports import Action, Allow, Ask, Deny
from kedge.agent.validators.rules import RuleValidator
from kedge.agent.validators.territory import Territory
from kedge.config.rules import Rule, parse_rule

Make = Callable[..., Action]


def rules(**lists: list[str]) -> list[Rule]:
    return [
        parse_rule(text, verdict, f"c.toml:{line}")
        for verdict in ("deny", "ask", "allow")
        for line, text in enumerate(lists.get(verdict, []), start=1)
    ]


@pytest.fixture
def said(territory: Territory) -> Callable[..., list[tuple[str, tuple[int, ...]]]]:
    """The verdicts on an action, each with the places that it speaks of."""

    def judge(action: Action, **lists: list[str]) -> list[tuple[str, tuple[int, ...]]]:
        verdicts = RuleValidator(rules(**lists), territory).check(action)
        return [(type(verdict).__name__, verdict.effects) for verdict in verdicts]

    return judge


Said = Callable[..., list[tuple[str, tuple[int, ...]]]]


def test_a_verdict_names_the_rule_and_its_place(run: Make, territory: Territory) -> None:
    validator = RuleValidator(
        rules(deny=["bash(rm *)"], ask=["bash(rm a)"], allow=["bash(rm a)"]), territory
    )
    assert list(validator.check(run("rm a"))) == [
        Deny("denied by bash(rm *)", (0,), "bash(rm *) (c.toml:1)"),
        Ask("bash(rm a) wants you to be asked", (0,), "bash(rm a) (c.toml:1)"),
        Allow("allowed by bash(rm a)", (0,), "bash(rm a) (c.toml:1)"),
    ]


def test_what_no_rule_speaks_of_gets_no_verdict(said: Said, run: Make, touch: Make) -> None:
    lists = {"deny": ["bash(rm *)", "edit(/docs)"], "allow": ["web(domain:a.org)", "mcp(a)"]}
    for action in (run("ls"), touch(Effect("write", "/ws/a")), touch(Effect("reach", "b.org"))):
        assert said(action, **lists) == []


@pytest.mark.parametrize("form", ["/bin/rm x", "rm", "rm  x", "'r'm \"x\"", "r\\m 'x"])
def test_deny_sees_every_spelling(form: str, said: Said, run: Make) -> None:
    action = run("something else", exact=False, forms=("something else", form))
    assert said(action, deny=["bash(rm *)", "bash(/bin/rm *)"])[0][0] == "Deny"


def test_deny_by_the_tools_name_needs_no_understanding(said: Said, touch: Make) -> None:
    action = touch(Effect("run", "???"), tool="bash")
    assert said(action, deny=["bash"]) == [("Deny", (0,))]
    assert said(action, allow=["bash"]) == []


def test_allow_covers_no_command_that_is_not_exact(said: Said, run: Make) -> None:
    for allow in (["bash(npm test)"], ["bash(npm *)"], ["bash"]):
        assert said(run("npm test"), allow=allow) == [("Allow", (0,))]
        assert said(run("npm test", exact=False), allow=allow) == []


def test_allow_covers_one_spelling(said: Said, run: Make) -> None:
    action = run("/tmp/npm test", forms=("/tmp/npm test", "npm test"))
    assert said(action, allow=["bash(npm test)"]) == []


def _with(action: Action, *effects: Effect, line: str = "") -> Action:
    arguments = {"command": line} if line else action.arguments
    return Action(action.call, arguments, (*action.effects, *effects))


def test_allow_covers_what_a_command_does_in_the_workspace(said: Said, run: Make) -> None:
    action = _with(
        run("cp a /ws/b c"),
        Effect("read", "/etc/hosts", 0, (3, 4)),
        Effect("write", "/ws/b", 0, (5, 10)),
        Effect("reach", "a.org:443", 0, (0, 0)),
        Effect("write", "/scratch/x", 0, (11, 12)),
        Effect("write", "/home/me/x", 0, (11, 12)),
        Effect("delete", "/other/x", 0, (11, 12)),
        Effect("write", "/ws/b", 1, (5, 10)),
    )
    assert said(action, allow=["bash(cp *)"]) == [("Allow", (0, 1, 2, 3, 4))]


@pytest.mark.parametrize("redirect", ["> /ws/x", "2>> /ws/x", "&> /ws/x", "< /ws/x"])
def test_allow_covers_no_redirect(redirect: str, said: Said, run: Make) -> None:
    line = f"echo a {redirect} b"
    kind = "read" if "<" in redirect else "write"
    action = _with(run("echo a b"), Effect(kind, "/ws/x", 0, (7, 7 + len(redirect))), line=line)
    assert said(action, allow=["bash(echo *)"]) == [("Allow", (0,))]
    assert said(action, allow=[f"bash({line})"]) == [("Allow", (0, 1))]
    assert said(action, allow=["bash(echo *)", "edit(x)", "read(x)"])[1][1] == (1,)


def test_a_whole_line_is_allowed_only_as_a_whole(said: Said, run: Make) -> None:
    first, second = run("cd /ws/a").effects[0], run("make").effects[0]
    action = Action(run("").call, {"command": " cd /ws/a && make"}, (first, second))
    assert said(action, allow=["bash(cd /ws/a && make)"]) == [("Allow", (0, 1))]
    assert said(run("make"), allow=["bash(cd /ws/a && make)"]) == []
    assert said(action, deny=["bash(cd  /ws/a  &&  make)"]) == [("Deny", (0, 1))]


@pytest.mark.parametrize(
    ("rule", "path", "covered"),
    [
        ("edit(src/**)", "/ws/src/a", True),
        ("edit(src/**)", "/ws/lib/src/a", False),
        ("edit(*.md)", "/ws/a/b.md", True),
        ("edit(*.md)", "/added/b.md", True),
        ("edit(*.md)", "/home/me/b.md", False),
        ("edit", "/ws/a", True),
        ("edit", "/home/me/a", False),
        ("edit(~/notes/**)", "/home/me/notes/a", True),
        ("edit(//opt/x)", "/opt/x/y", True),
        ("edit(/opt)", "/opt", False),
        ("edit(/opt)", "/ws/opt", True),
    ],
)
@pytest.mark.parametrize("kind", ["write", "delete"])
def test_allow_covers_changes_outside_only_where_it_names_the_place(
    rule: str, path: str, covered: bool, kind: str, said: Said, touch: Make
) -> None:
    assert bool(said(touch(Effect(kind, path)), allow=[rule])) is covered


@pytest.mark.parametrize(
    ("rule", "path", "denied"),
    [
        ("read(.env)", "/ws/.env", True),
        ("read(.env)", "/home/me/x/.env", True),
        ("read(.env)", "/ws/.envrc", False),
        ("read", "/anything", True),
        ("read(**/x/*.key)", "/ws/a/x/b.key", True),
        ("read(~/x)", "/home/me/x/y", True),
        ("read(//etc/*)", "/etc/passwd", True),
        ("read(//)", "/etc", True),
        ("read(/)", "/ws/a/b", True),
        ("read(/)", "/added/a", False),
    ],
)
@pytest.mark.parametrize("tool", ["read", "grep", "bash", "mcp__a__b"])
def test_deny_on_reading_holds_for_every_tool(
    rule: str, path: str, denied: bool, tool: str, said: Said, touch: Make
) -> None:
    action = touch(Effect("read", path), tool=tool)
    assert said(action, deny=[rule]) == ([("Deny", (0,))] if denied else [])
    assert said(action, ask=[rule]) == ([("Ask", (0,))] if denied else [])


def test_a_rule_for_one_searching_tool_is_for_no_other(said: Said, touch: Make) -> None:
    effect = Effect("read", "/ws/docs/a")
    assert said(touch(effect, tool="grep"), deny=["grep(docs)"]) == [("Deny", (0,))]
    assert said(touch(effect, tool="glob"), deny=["grep(docs)"]) == []


def test_deleting_a_directory_is_deleting_what_is_denied_below(said: Said, touch: Make) -> None:
    deletion = touch(Effect("delete", "/ws/src", recursive=True))
    assert said(deletion, deny=["edit(src/keep/**)"]) == [("Deny", (0,))]
    assert said(deletion, deny=["edit(*.key)"]) == [("Ask", (0,))]
    assert said(deletion, ask=["edit(src/keep/a)"]) == [("Ask", (0,))]
    assert said(deletion, deny=["edit(lib/**)"]) == []
    assert said(touch(Effect("delete", "/ws/src")), deny=["edit(src/keep/**)"]) == []


@pytest.mark.parametrize(
    ("target", "verdicts"),
    [
        ("a.org:443", ["Allow"]),
        ("a.org:22", []),
        ("x.b.org:22", ["Deny"]),
        ("b.org:443", []),
    ],
)
def test_hosts_are_matched_with_their_ports(
    target: str, verdicts: list[str], said: Said, touch: Make
) -> None:
    action = touch(Effect("reach", target), tool="fetch")
    found = said(action, allow=["web(domain:a.org)"], deny=["web(domain:*.b.org)"])
    assert [name for name, _ in found] == verdicts


@pytest.mark.parametrize(
    ("rule", "tool", "matches"),
    [
        ("mcp", "mcp__a__b", True),
        ("mcp(a)", "mcp__a__b", True),
        ("mcp(a)", "mcp__ab__b", False),
        ("mcp(a.b)", "mcp__a__b", True),
        ("mcp(a.b)", "mcp__a__bc", False),
        ("mcp(a.b*)", "mcp__a__bc", True),
        ("mcp(my.server)", "mcp__my.server__b", True),
        ("mcp__a__b", "mcp__a__b", True),
        ("mcp__a", "mcp__a__b__c", True),
    ],
)
def test_tools_of_mcp_servers_are_matched_by_name(
    rule: str, tool: str, matches: bool, said: Said, touch: Make
) -> None:
    action = touch(Effect("run", tool), tool=tool)
    assert bool(said(action, allow=[rule])) is matches
    assert bool(said(action, deny=[rule])) is matches


def test_a_tool_without_effects_can_be_denied(said: Said, touch: Make) -> None:
    assert said(touch(tool="todo"), deny=["todo"]) == [("Deny", ())]


def test_leaving_the_sandbox_is_allowed_by_its_own_rules_only(said: Said, touch: Make) -> None:
    action = touch(Effect("read", "/home/me/.npmrc"), tool="escalate")
    assert said(action, allow=["read", "read(~/.npmrc)", "edit", "bash"]) == []
    assert said(action, allow=["escalate(write:~/.npmrc)"]) == []
    assert said(action, allow=["escalate(read:~/.npmrc)"]) == [("Allow", (0,))]
    assert said(action, allow=["escalate"]) == [("Allow", (0,))]
    assert said(action, deny=["read(.npmrc)"]) == [("Deny", (0,))]
    host = touch(Effect("reach", "a.org:443"), tool="escalate")
    assert said(host, allow=["web"]) == []
    assert said(host, allow=["escalate(domain:a.org)"]) == [("Allow", (0,))]


def test_thousands_of_rules_decide_as_one_does(run: Make, territory: Territory) -> None:
    many = [f"bash(npm run task{index} *)" for index in range(1000)]
    many += [f"bash(git * branch{index})" for index in range(1000)]
    validator = RuleValidator(rules(allow=many), territory)
    for command in ("npm run task7", "npm run task999 --fast", "git push x branch12"):
        (verdict,) = validator.check(run(command))
        assert isinstance(verdict, Allow)
    for command in ("npm run task1000", "npm run", "git push branch", "npm"):
        assert validator.check(run(command)) == []

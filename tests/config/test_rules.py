"""The grammar of rules: what each means, and what is refused with which words."""

import re

import pytest

from kedge.config.command_pattern import command_pattern, split_words, written
from kedge.config.errors import ConfigError
from kedge.config.host_pattern import host_pattern
from kedge.config.path_pattern import escaped, path_pattern
from kedge.config.rule_settings import RuleItem, RuleSettings
from kedge.config.rules import parse_rule, rules_of


@pytest.mark.parametrize(
    ("text", "tool", "specifier"),
    [
        ("bash(git status)", "bash", "git status"),
        ("BASH( git status )", "bash", "git status"),
        ("Bash(npm run test:*)", "bash", "npm run test:*"),
        ("bash(echo (a))", "bash", "echo (a)"),
        ("Bash(*)", "bash", ""),
        ("bash", "bash", ""),
        ("Read(.env)", "read", ".env"),
        ("Write(src/**)", "edit", "src/**"),
        ("apply_patch(src/**)", "edit", "src/**"),
        ("MultiEdit", "edit", ""),
        ("WebFetch(domain:*.python.org)", "web", "domain:*.python.org"),
        ("web(domain:*)", "web", ""),
        ("mcp(server)", "mcp", "server"),
        ("mcp(server.tool)", "mcp", "server.tool"),
        ("mcp__server__tool", "mcp", "server.tool"),
        ("mcp__server", "mcp", "server"),
        ("mcp__server__*", "mcp", "server"),
        ("Grep", "grep", ""),
        ("glob(docs)", "glob", "docs"),
        ("TodoWrite", "todo", ""),
        ("escalate(read:~/.npmrc)", "escalate", "read:~/.npmrc"),
        ("escalate(domain:pypi.org)", "escalate", "domain:pypi.org"),
    ],
)
def test_a_rule_names_a_tool_and_what_of_it(text: str, tool: str, specifier: str) -> None:
    rule = parse_rule(text, "deny", "config.toml:3")
    assert (rule.tool, rule.specifier, rule.text) == (tool, specifier, text.strip())
    assert str(rule) == f"{text.strip()} (config.toml:3)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a rule is written 'tool' or 'tool(specifier)'"),
        ("bash git", "a rule is written"),
        ("bsh(ls)", "there is no tool 'bsh'; did you mean 'bash'?"),
        ("weather", "there is no tool 'weather'; there are bash, read"),
        ("bash()", "'bash' alone means all of it"),
        ("read( )", "'read' alone means all of it"),
        ("todo(x)", "todo takes nothing in parentheses"),
        ("bash(echo 'a)", "a ' is not closed"),
        ("bash(cd x && npm *)", "write one rule for each"),
        ("bash(echo * > x)", "'>' stands between commands"),
        ("bash(echo $(id) *)", "'$(' stands between commands"),
        ("bash(A=1 npm test)", "nothing allows a command that sets variables"),
        ("edit(a/../b)", "no empty part, '.' or '..'"),
        ("edit(src/{a,b}/**)", "braces have no meaning"),
        ("edit(!src)", "'!' takes nothing back"),
        ("edit(a[b)", "a '[' is not closed"),
        ("web(example.org)", "a host is written 'domain:HOST'"),
        ("web(domain:https://a.org/)", "is no host"),
        ("mcp(a b)", "neither 'server' nor 'server.tool'"),
        ("mcp__", "an MCP tool is written"),
        ("escalate(everything)", "'read:PATH', 'write:PATH' or 'domain:HOST'"),
    ],
)
def test_a_rule_that_can_never_match_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        parse_rule(text, "allow")
    assert repr(text) in str(raised.value)


def test_a_wrong_rule_is_an_error_of_configuration_with_its_place() -> None:
    settings = RuleSettings(deny=("bash(git push *)", "bsh"))
    with pytest.raises(ConfigError) as raised:
        rules_of(settings, {"rules.deny[1]": "config.toml:7"})
    assert str(raised.value).startswith("config.toml:7: rules.deny: the rule 'bsh' can never match")


def test_a_variable_may_be_denied_though_nothing_allows_it() -> None:
    assert parse_rule("bash(A=1 npm test)", "deny").specifier == "A=1 npm test"


@pytest.mark.parametrize(
    "item",
    [
        RuleItem("bash(npm test *)", ("npm test", "npm test -v"), ("npm tests", "npm")),
        RuleItem("bash(cd a && make)", ("cd a && make",), ("make",)),
        RuleItem("edit(src/**)", ("src/a.py", "src/b/c"), ("lib/src/a.py", "~/src/a", "//src/a")),
        RuleItem("read(.env)", (".env", "a/b/.env", "~/x/.env/y"), (".envrc",)),
        RuleItem("read(//etc/*.conf)", ("//etc/a.conf",), ("//etc/a/b.conf", "/etc/a.conf")),
        RuleItem("web(domain:*.a.org)", ("x.a.org", "x.a.org:443"), ("a.org", "x.a.org.b")),
        RuleItem("mcp(files.read)", ("files.read",), ("files.write", "file.read")),
        RuleItem("escalate(write:~/x)", ("write:~/x/y",), ("read:~/x/y", "write:~/z")),
    ],
    ids=lambda item: item.rule,
)
def test_examples_that_fit_are_taken(item: RuleItem) -> None:
    assert parse_rule(item, "allow").text == item.rule


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (
            RuleItem("bash(npm test *)", ("npm tests",)),
            "does not cover its own example 'npm tests'",
        ),
        (RuleItem("bash(npm*)", (), ("npmx",)), "covers its own example 'npmx'"),
        (RuleItem("edit(src)", (), ("src/a",)), "covers its own example 'src/a'"),
        (RuleItem("todo", (), ("x",)), "covers its own example 'x'"),
    ],
    ids=lambda value: value.rule if isinstance(value, RuleItem) else "",
)
def test_examples_that_contradict_a_rule_are_an_error(item: RuleItem, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_rule(item, "allow")


@pytest.mark.parametrize(
    ("pattern", "command", "matches"),
    [
        ("git status", "git status", True),
        ("git   status", "git status", True),
        ("git status", "git status -s", False),
        ("git status *", "git status", True),
        ("git status *", "git status -s x", True),
        ("git status *", "git statuses", False),
        ("git status:*", "git status -s", True),
        ("git status*", "git statuses", True),
        ("git * main", "git checkout -b main", True),
        ("git * main", "git main", False),
        ("* --version", "node --version", True),
        ("npm run 'a b'", "npm run 'a b'", True),
        ("npm run a b", "npm run 'a b'", False),
        ("echo \\*", "echo '*'", True),
        ("echo \\*", "echo a", False),
        ("git commit -m 'fix *'", "git commit -m 'fix it all'", True),
        ("git commit -m 'fix *'", "git commit -m other", False),
    ],
)
def test_commands_are_compared_word_by_word(pattern: str, command: str, matches: bool) -> None:
    understood = command_pattern(pattern)
    assert understood.matches(understood.joint.join(split_words(command))) is matches


@pytest.mark.parametrize(
    "words", [("ls",), ("a b", "c"), ("it's", "*", "\\*", '"'), ("", "$x"), ("é", "a\\", "(b)")]
)
def test_a_command_that_is_written_as_a_rule_means_exactly_itself(words: tuple[str, ...]) -> None:
    pattern = command_pattern(written(words))
    assert pattern.kind == "exact"
    assert pattern.literal == pattern.joint.join(words)


@pytest.mark.parametrize(
    ("pattern", "path", "means"),
    [
        ("*.py", "a/b.py", True),
        ("*.py", "b.pyc", False),
        ("docs/", "x/docs/a", True),
        ("/docs", "docs/a", True),
        ("/docs", "x/docs/a", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/b.py", "src/b.py", True),
        ("src/**/b.py", "src/x/y/b.py", True),
        ("**/b.py", "x/b.py", True),
        ("src/**", "src", True),
        ("src/**", "srcs/a", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].txt", "a.txt", True),
        ("[!ab].txt", "c.txt", True),
        ("[!ab].txt", "a.txt", False),
        ("\\*.txt", "*.txt", True),
        ("\\*.txt", "a.txt", False),
        ("./src/a", "src/a", True),
        ("~/x", "~/x/y", True),
        ("~", "~/x", True),
        ("//", "//etc/x", True),
    ],
)
def test_paths_are_compared_as_in_gitignore(pattern: str, path: str, means: bool) -> None:
    literal = escaped(path)
    assert path_pattern(pattern).means(path_pattern(literal)) is means


@pytest.mark.parametrize(
    ("pattern", "target", "any_port", "matches"),
    [
        ("domain:a.org", "a.org:443", False, True),
        ("domain:a.org", "A.ORG.:80", False, True),
        ("domain:a.org", "a.org:22", False, False),
        ("domain:a.org", "a.org:22", True, True),
        ("domain:a.org:22", "a.org:22", False, True),
        ("domain:a.org:22", "a.org:443", True, False),
        ("domain:*.a.org", "b.c.a.org", False, True),
        ("domain:*.a.org", "xa.org", False, False),
        ("domain:[::1]:80", "[::1]:80", False, True),
    ],
)
def test_hosts_are_compared_with_their_ports(
    pattern: str, target: str, any_port: bool, matches: bool
) -> None:
    assert host_pattern(pattern).matches(target, any_port=any_port) is matches

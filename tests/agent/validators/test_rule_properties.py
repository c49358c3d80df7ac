"""Laws of rules over real command lines, with the real analysis of the shell."""

import shlex
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.commands.analysis import analyse
from kedge.agent.commands.parts import Place
from kedge.agent.gate import Gate
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Ruling
from kedge.agent.validators.modes import ModeValidator
from kedge.agent.validators.rules import RuleValidator
from kedge.agent.validators.suggestions import suggest
from kedge.agent.validators.territory import Territory
from kedge.config.rules import Rule, parse_rule

# Nothing is there: the laws do not depend on files.
WORKSPACE = "/nonexistent/workspace"
PLACE = Place(WORKSPACE, (WORKSPACE,), "/nonexistent/home", ("/usr/bin", "/bin"))
TERRITORY = Territory((WORKSPACE,), "/nonexistent/home")

WORD = st.text("abcxyz019-_./ '\"\\%+@,", min_size=1, max_size=6).filter(
    lambda word: word.strip() == word and not word.startswith("-")
)
PROGRAM = st.sampled_from(["prog", "build-it", "deploy.sh", "x2"])
COMMAND = st.builds(
    lambda name, words: shlex.join([name, *words]), PROGRAM, st.lists(WORD, max_size=3)
)
JOINERS = (" && ", " || ", "; ", " | ", "\n")
PREFIXES = ("{}", "A=1 {}", "sudo {}", "env A=1 {}", "sudo -u me env {}", "/usr/bin/{}")
CONTEXTS = (
    "{}", "ls; {}", "{} && ls", "ls | {}", "{} > out", "echo $( {} )", 'echo "$( {} )"', "( {} )",
    "if true; then {}; fi", "for f in a b; do {}; done", "while {}; do ls; done", "! {}", "{} &",
    "f() {}; f", "cat <( {} )", "A=$( {} )", "{} <<< x", "case x in x) {};; esac",
)  # fmt: skip
"""Each takes a group of commands."""
QUOTED = ("bash -c {}", "sh -c {}", "sudo bash -c {}", "eval {}")
"""Each takes a string that is run."""


def action(line: str) -> Action:
    effects = analyse(line, PLACE).effects
    return Action(ToolCall("1", "bash", "{}"), {"command": line}, effects)


def ruling(line: str, rules: Sequence[Rule]) -> Ruling:
    gate = Gate([ModeValidator("ask", TERRITORY), RuleValidator(rules, TERRITORY)])
    return gate.review(action(line), lambda arguments: action(line))


@given(COMMAND, COMMAND, st.sampled_from(JOINERS))
def test_every_joiner_of_allowed_commands_is_allowed(a: str, b: str, joiner: str) -> None:
    rules = [parse_rule(f"bash({shlex.split(one)[0]} *)", "allow") for one in (a, b)]
    assert ruling(a, rules).outcome == "allow"
    assert ruling(f"{a}{joiner}{b}", rules).outcome == "allow"


@given(
    COMMAND,
    st.sampled_from(PREFIXES),
    st.lists(st.sampled_from([*CONTEXTS, *QUOTED]), max_size=3),
    st.booleans(),
)
def test_every_line_with_a_denied_command_is_denied(
    command: str, prefix: str, contexts: list[str], exact: bool
) -> None:
    name = shlex.split(command)[0]
    rules = [parse_rule("bash", "allow"), parse_rule("edit", "allow")]
    rules.append(parse_rule(f"bash({command})" if exact else f"bash({name} *)", "deny"))
    line = prefix.format(command)
    for context in contexts:
        line = context.format(shlex.quote(line) if context in QUOTED else f"{{ {line}\n}}")
    assert ruling(line, rules).outcome == "deny", line


@given(COMMAND, st.sampled_from(["", " > out", " 2>> log"]))
def test_what_was_granted_is_not_asked_about_again(command: str, redirect: str) -> None:
    line = command + redirect
    before = ruling(line, [])
    assert before.outcome == "ask"
    offers = suggest(before.action, before.effects, TERRITORY)
    assert offers
    assert ruling(line, [parse_rule(offer, "allow") for offer in offers]).outcome == "allow"


@given(
    COMMAND,
    st.sampled_from(
        [
            *("{} more", "{} -f", "A=1 {}", "{} > out", "{} && make other", "{} | sh", "{}x"),
            *("x{}", "./{}", "/tmp/{}", "{} $(id)", "{} *", "{} $A", "sudo {}", "{} < /etc/passwd"),
        ]
    ),
)
def test_a_grant_covers_nothing_wider(command: str, change: str) -> None:
    before = ruling(command, [])
    offers = suggest(before.action, before.effects, TERRITORY)
    grants = [parse_rule(offer, "allow") for offer in offers]
    assert grants
    assert ruling(change.format(command), grants).outcome == "ask"


@given(COMMAND, st.data())
def test_a_grant_covers_no_other_words(command: str, data: st.DataObject) -> None:
    words = shlex.split(command)
    place = data.draw(st.integers(0, len(words) - 1))
    other = [*words[:place], data.draw(WORD), *words[place + 1 :]]
    before = ruling(command, [])
    grants = [
        parse_rule(offer, "allow") for offer in suggest(before.action, before.effects, TERRITORY)
    ]
    after = ruling(shlex.join(other), [])
    if other != words and after.outcome == "ask":
        assert ruling(shlex.join(other), grants).outcome == "ask"


@pytest.mark.parametrize("joined", ["rm 'a b'", "rm a\\ b"])
def test_words_are_not_confused_with_blanks_in_them(joined: str) -> None:
    rules = [parse_rule("bash(rm a b)", "allow")]
    assert ruling("rm a b", rules).outcome == "allow"
    assert ruling(joined, rules).outcome == "ask"

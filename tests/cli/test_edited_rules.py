"""Rules that a person edited, held against the question that they are to answer."""

from functools import partial

import pytest

from kedge.agent.effects import CommandPart, Effect
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Question
from kedge.agent.validators.suggestions import covers
from kedge.agent.validators.territory import Territory
from kedge.cli.edited_rules import fit, listed


def question() -> Question:
    part = CommandPart(("make", "all"), "unknown", "nobody knows", ("make all",))
    run = Effect("run", "make all", 0, (0, 8), part)
    action = Action(ToolCall("1", "bash", "{}"), {"command": "make all > out"}, (run,))
    known = partial(covers, action=action, places=(0,), territory=Territory(("/ws",)))
    return Question(action, "gate", "why", (0,), ("bash(make all)",), covers=known)


def test_a_rule_that_covers_what_is_asked_and_little_more_is_taken_without_a_word():
    for rule in ("bash(make all)", "bash(make *)"):
        found = fit(question(), [rule])
        assert (found.wrong, found.wide) == ("", "")


@pytest.mark.parametrize("rule", ["bash(npm *)", "bash(make install)", "edit(out)", "todo"])
def test_a_rule_that_would_not_keep_it_from_being_asked_again_is_refused(rule: str):
    assert "would be asked again" in fit(question(), [rule]).wrong


def test_what_is_no_rule_is_refused_in_the_words_of_the_grammar_and_made_harmless():
    assert "a ' is not closed" in fit(question(), ["bash(make ')"]).wrong
    assert fit(question(), []).wrong == "no rule is left"
    assert "\x1b" not in fit(question(), ["bash\x1b[2J("]).wrong


@pytest.mark.parametrize("rule", ["bash", "bash(*)"])
def test_a_rule_on_everything_is_taken_with_a_warning(rule: str):
    found = fit(question(), [rule])
    assert found.wrong == ""
    assert "every command" in found.wide


def test_rules_on_a_line_are_told_apart_by_semicolons():
    assert listed(" bash(a) ;; edit(b); ") == ("bash(a)", "edit(b)")

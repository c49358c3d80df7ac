"""Results lose their secrets; a prompt keeps them, and the person is told."""

from samples.secrets import samples

from kedge.agent.screens.secrets import SecretScreen
from kedge.agent.stages import Flag, Passage, Replace
from kedge.config.secret_finder import SecretFinder

KEY = next(sample.secret for sample in samples() if sample.issuer == "github classic")
SCREEN = SecretScreen(SecretFinder())


def test_a_result_goes_on_without_its_secret() -> None:
    (verdict,) = SCREEN.check(Passage("result", f"TOKEN={KEY}\n", "bash"))
    assert isinstance(verdict, Replace)
    assert verdict.text == "TOKEN=[redacted: Github Classic Token]\n"


def test_a_prompt_with_a_secret_is_flagged_by_kind_and_not_changed() -> None:
    (verdict,) = SCREEN.check(Passage("prompt", f"use {KEY}", "person"))
    assert isinstance(verdict, Flag)
    assert verdict.severity == "info"
    assert not verdict.taint
    assert "Github Classic Token" in verdict.reason
    assert KEY not in verdict.reason


def test_answers_and_clean_words_are_let_go_on() -> None:
    assert SCREEN.check(Passage("answer", f"it is {KEY}", "model")) == ()
    assert SCREEN.check(Passage("result", "nothing", "read")) == ()
    assert SCREEN.check(Passage("prompt", "nothing", "person")) == ()

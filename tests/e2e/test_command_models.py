"""A command's file names a model: that one answers its turn, and the one before the next."""

import pytest

from e2e.process import Kedge
from e2e.remotes import Served
from loopback.script import Call, turn

PLAIN = ("--plain", "--sandbox", "off", "--mode", "full")
BEFORE, OTHER = "anthropic/claude-sonnet-5-5", "anthropic/claude-opus-5-5"


@pytest.mark.parametrize("named", ["opus", OTHER])
def test_it_answers_that_turn_alone_and_both_changes_are_on_record(
    kedge: Kedge, served: Served, named: str
) -> None:
    folder = kedge.home / "config" / "commands"
    folder.mkdir(parents=True)
    (folder / "deep.md").write_text(f"---\nmodel: {named}\n---\nThink.\n")
    turns = (
        turn("First."), turn(Call("bash", {"command": "echo on"})), turn("Deep."), turn("Last."),
    )  # fmt: skip
    ran = kedge(*served(*turns), *PLAIN, stdin=b"one\n/deep\ntwo\n")
    assert ran.code == 0, ran.complaint
    assert "Deep." in ran.answer and "Last." in ran.answer
    changes = [(fact["before"], fact["model"]) for fact in kedge.log if fact["kind"] == "model"]
    assert changes == [(BEFORE, OTHER), (OTHER, BEFORE)]
    kinds = [fact["kind"] for fact in kedge.log if fact["kind"] in ("model", "turn.started")]
    assert kinds == ["turn.started", "model", "turn.started", "model", "turn.started"]
    said = [fact["model"] for fact in kedge.log if fact["kind"] == "model.request"]
    assert said == [BEFORE, OTHER, OTHER, BEFORE]

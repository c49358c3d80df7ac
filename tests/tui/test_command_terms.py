"""What the file of a command asks for holds for its turn, and no longer."""

from pathlib import Path

import pytest
from tui.seen_app import HELLO, Script, Seen, Stage, bash, text

from kedge.agent.events import Decision, Notice
from kedge.agent.person import ModelChanged
from kedge.cli.tui.slash.asked_for import model_named, rules_named
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.errors import UsageError
from kedge.config.following import FOLLOWED
from kedge.config.settings import Settings
from kedge.config.trust import FILE, Trust

TOUCHES: Script = [
    (["user"], [bash("touch made")]),
    (["tool"], [text("Done.")]),
    (["user"], [bash("touch more")]),
    (["tool"], [text("Again.")]),
]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def command(folder: Path, front: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.md").write_text(f"---\n{front}\n---\nGo.\n")


def own(stage: Stage, front: str) -> None:
    command(stage.home.config_dir / "commands", front)


def bodies(seen: Seen, *kinds: type) -> list[object]:
    seat = seen.app.desk.seat
    facts = seat.composed.storage.store.read(seat.id)
    return [fact.body for fact in facts if isinstance(fact.body, kinds)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sonnet", "anthropic/claude-sonnet-5-5"),
        ("opus[1m]", "anthropic/claude-opus-5-5"),
        ("haiku", "anthropic/claude-haiku-5-5"),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("openai/gpt-6.1-sol", "openai/gpt-6.1-sol"),
        ("inherit", ""),
    ],
)
def test_a_model_is_named_as_other_agents_do(said: str, meant: str) -> None:
    assert model_named(said, "deepseek/deepseek-v4-pro", Settings()) == meant


@pytest.mark.parametrize("said", ["gpt", "nobody/model", "opusplan"])
def test_one_that_nobody_knows_is_none(said: str) -> None:
    with pytest.raises(UsageError, match="no model"):
        model_named(said, "anthropic/claude-sonnet-5-5", Settings())


def test_a_file_has_allowed_what_can_be_told_apart_and_no_more() -> None:
    named = rules_named("Bash(git add:*), Edit Bash, Bash(python *) Task escalate(write:/x)")
    assert named.rules == ("Bash(git add:*)", "edit(/**)")
    assert len(named.left_out) == 4
    assert rules_named('["Bash(git add:*)", "Bash(git diff:*)"]').rules == (
        *("Bash(git add:*)", "Bash(git diff:*)"),
    )


async def test_what_a_file_has_allowed_is_not_asked_about_in_its_turn_and_is_in_the_next(
    stage: Stage,
) -> None:
    own(stage, "allowed-tools: Bash(touch *), Task")
    async with stage.app(TOUCHES, mode="ask") as seen:
        await seen.ready()
        await seen.send("/go")
        await seen.until(lambda: "Done." in seen.texts(Answer))
        assert (stage.work / "made").exists()
        assert "/go: not allowed: the rule 'Task' can never match" in seen.told
        (decision,) = bodies(seen, Decision)
        assert isinstance(decision, Decision)
        assert decision.outcome == "allow"
        (notice,) = (one for one in bodies(seen, Notice) if "granted" in str(one))
        assert "/go allows, for this turn: Bash(touch *)" in str(notice)
        await seen.until(lambda: not seen.app.look().working)
        await seen.send("more")
        await seen.until(lambda: seen.app.look().questions)
        assert not (stage.work / "more").exists()


async def test_a_file_lifts_no_denial_and_nothing_that_has_to_be_asked(stage: Stage) -> None:
    own(stage, "allowed-tools: Bash(touch *)")
    async with stage.app(TOUCHES, mode="ask", set=("rules.ask=['bash(touch *)']",)) as seen:
        await seen.ready()
        await seen.send("/go")
        await seen.until(lambda: seen.app.look().questions)
        assert not (stage.work / "made").exists()


@pytest.mark.parametrize("place", ["project", "home"])
async def test_a_file_that_the_session_can_write_has_nothing_allowed(
    stage: Stage, place: str
) -> None:
    front = "allowed-tools: Bash(touch *)"
    if place == "project":
        command(stage.work / ".kedge" / "commands", front)
        Trust(stage.home.data_dir / FILE).accept(stage.work, FOLLOWED)
    else:
        # A folder of one's own that leads into what is worked on.
        command(stage.work / "dotfiles", front)
        (stage.home.config_dir).mkdir(parents=True)
        (stage.home.config_dir / "commands").symlink_to(stage.work / "dotfiles")
    async with stage.app(TOUCHES, mode="ask") as seen:
        await seen.ready()
        await seen.send("/go")
        await seen.until(lambda: seen.app.look().questions)
        assert "/go: allowed-tools counts only in files of your own" in seen.told
        assert not (stage.work / "made").exists()


async def test_a_model_that_is_not_known_is_said_and_the_present_one_answers(
    stage: Stage,
) -> None:
    own(stage, "model: nobody/model")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/go")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert "/go: scripted:anthropic/claude-sonnet-5-5 answers: no model" in seen.told


async def test_one_without_a_key_is_said_on_record_and_the_present_one_answers(
    stage: Stage,
) -> None:
    own(stage, "model: deepseek/deepseek-v4-pro")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/go")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert any("/go asks for deepseek/" in str(one) for one in bodies(seen, Notice))
        assert not bodies(seen, ModelChanged)


async def test_with_terms_of_its_own_it_waits_for_the_turn_to_be_over(stage: Stage) -> None:
    own(stage, "allowed-tools: Bash(touch *)")
    waits: Script = [
        (["user"], [bash("while [ ! -e go ]; do sleep 0.1; done")]),
        (["tool"], [text("Over.")]),
        (["user"], [bash("touch made")]),
        (["tool"], [text("Done.")]),
    ]
    async with stage.app(waits, "begin", mode="auto") as seen:
        await seen.until(lambda: seen.app.look().working)
        await seen.send("/go")
        await seen.said("/go begins a turn of its own: it waits for this one to end")
        assert [one.words for one in seen.app.look().queue] == ["Go."]
        (stage.work / "go").touch()
        await seen.until(lambda: "Done." in seen.texts(Answer))
        assert seen.texts(Said) == ["begin", "Go."]

"""Commands from Markdown files, of kedge and of other agents."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.seen_app import HELLO, Stage

from kedge.cli.tui.slash.template import pieces, template
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.following import FOLLOWED
from kedge.config.trust import FILE, Trust


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def trust(stage: Stage) -> None:
    Trust(stage.home.data_dir / FILE).accept(stage.work, FOLLOWED)


def filled(body: str, words: str, *, greedy: bool = False) -> str:
    return "".join(piece.text for piece in pieces(body, words, greedy=greedy))


def test_front_matter_says_what_a_command_is_for() -> None:
    found = template("---\ndescription: 'Look at it'\nargument-hint: [file]\n---\n\nLook at $1.\n")
    assert (found.help, found.arguments, found.body) == ("Look at it", "[file]", "Look at $1.")
    assert found.ignored == ()


def test_what_is_not_obeyed_is_named() -> None:
    front = "---\nmodel: sonnet\nallowed-tools:\n  - Bash(git *)\n  - Read\nagent: build\n---\nGo"
    found = template(front)
    assert (found.model, found.tools) == ("sonnet", "Bash(git *) Read")
    assert found.ignored == ("agent",)


def test_without_front_matter_the_first_line_is_the_help() -> None:
    assert template("# Fix it\n\nall").help == "Fix it"


def test_arguments_stand_where_they_are_wanted() -> None:
    assert filled("a $1 b $2 c $ARGUMENTS", "x 'y z'") == "a x b y z c x 'y z'"


def test_arguments_that_nobody_wants_follow() -> None:
    assert filled("Fix it.", "soon") == "Fix it.\n\nARGUMENTS: soon"


def test_the_highest_number_takes_the_rest_in_opencode_only() -> None:
    assert filled("$1|$2", "a b c", greedy=True) == "a|b c"
    assert filled("$1|$2", "a b c") == "a|b"


@given(st.text(max_size=60))
def test_what_is_typed_never_becomes_a_command(words: str) -> None:
    assert not any(piece.shell for piece in pieces("a $ARGUMENTS b $1", words, greedy=False))
    assert sum(piece.shell for piece in pieces("!`ls $ARGUMENTS`", words, greedy=False)) == 1


def test_words_within_a_command_are_quoted() -> None:
    (piece,) = pieces("!`cat $1`", "'a; rm b'", greedy=False)
    assert piece.text == "cat 'a; rm b'"


async def test_a_persons_own_command_is_a_prompt(stage: Stage) -> None:
    write(stage.home.config_dir / "commands" / "greet.md", "Say hello to $1.")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/greet Ann")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert seen.texts(Said) == ["Say hello to Ann."]


async def test_commands_of_other_agents_are_read(stage: Stage) -> None:
    write(stage.folder / ".claude" / "commands" / "frontend" / "test.md", "claude")
    write(stage.folder / ".config" / "opencode" / "command" / "see.md", "opencode")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.until(lambda: len(seen.app.entries()) > 2)
        await seen.until(
            lambda: {"frontend:test", "see"} <= {entry.name for entry in seen.app.entries()}
        )


async def test_a_projects_commands_wait_for_trust(stage: Stage) -> None:
    write(stage.work / ".kedge" / "commands" / "deploy.md", "Deploy.")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/deploy")
        await seen.said("/deploy is a command of this folder, which you do not trust yet: /trust")
        await seen.send("/deployed")
        await seen.said("there is no command /deployed")
    trust(stage)
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/deploy")
        await seen.until(lambda: seen.texts(Said) == ["Deploy."])


async def test_a_link_out_of_the_project_is_no_command(stage: Stage) -> None:
    write(stage.folder / "secret.md", "secret")
    folder = stage.work / ".kedge" / "commands"
    folder.mkdir(parents=True)
    os.symlink(stage.folder / "secret.md", folder / "leak.md")
    trust(stage)
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.said("it leads out of the project")


async def test_a_file_cannot_stand_for_a_command_of_kedges_own(stage: Stage) -> None:
    write(stage.home.config_dir / "commands" / "quit.md", "stay")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.said("/quit is a command of kedge's own")


async def test_what_a_command_prints_stands_in_the_prompt(stage: Stage) -> None:
    write(stage.home.config_dir / "commands" / "look.md", "Here: !`ls`")
    (stage.work / "found.txt").touch()
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/look")
        await seen.until(lambda: seen.texts(Said) == ["Here: found.txt"])


async def test_a_command_that_would_change_something_is_refused(stage: Stage) -> None:
    write(stage.home.config_dir / "commands" / "bad.md", "!`touch made`")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/bad")
        await seen.said("the command 'touch made' was not run: it may change something")
        assert seen.texts(Said) == []
        assert not (stage.work / "made").exists()


async def test_a_file_that_is_mentioned_goes_along(stage: Stage) -> None:
    write(stage.home.config_dir / "commands" / "read.md", "Read @notes.txt")
    write(stage.work / "notes.txt", "the notes")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/read")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert any("the notes" in said or "Read @notes.txt" in said for said in seen.texts(Said))

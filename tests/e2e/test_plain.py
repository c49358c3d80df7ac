"""The session line by line: through a pipe, and at a real terminal."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest

from e2e.person import Person
from e2e.process import COMMAND, Kedge, Ran, wait_until
from e2e.remotes import Served
from e2e.screen import Screen
from kedge.cli.tui.plain.own import OWN
from kedge.cli.tui.slash.registry import COMMANDS
from loopback.script import Call, Turn, turn

PLAIN = ("--plain", "--sandbox", "off", "--set", "tui.grace_ms=0")
READS_ASK = ("--set", "rules.ask=['read(*)']")
TERMINAL = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
NAMES = tuple(one.name for one in (*COMMANDS, *OWN) if one.name != "quit")
PAGES = {
    *("context", "cost", "tasks", "why", "rules", "grants", "memory", "config", "hooks", "mcp"),
    *("stats", "keys", "doctor", "help"),
}

Says = Callable[..., Ran]


def bash(command: str) -> Turn:
    return turn(Call("bash", {"command": command}))


def several() -> Turn:
    """Three questions at once, and one to come."""
    reads = [Call("read", {"file_path": name}) for name in ("one", "two")]
    return turn(*reads, *(Call("bash", {"command": f"touch {name}"}) for name in "ab"))


def prompts(kedge: Kedge) -> list[list[str]]:
    """The texts of each prompt."""
    return [
        [part["text"] for part in msgspec.convert(fact["prompt"], list[dict[str, str]])]
        for fact in kedge.log
        if fact["kind"] == "turn.started"
    ]


@pytest.fixture
def says(kedge: Kedge, served: Served) -> Says:
    """A session to which lines are said through a pipe; each but the first may be an answer."""

    def say(*lines: str, turns: tuple[Turn, ...] = (turn("Hello."),), more: tuple[str, ...] = ()):
        words = "".join(f"{line}\n" for line in lines).encode()
        return kedge(*served(*turns), *PLAIN, *more, stdin=words)

    return say


def test_through_a_pipe_each_line_is_answered_before_the_next_is_read(says: Says) -> None:
    ran = says("one", "two", turns=(turn("First."), turn("Second.")))
    assert ran.code == 0
    places = [ran.answer.index(words) for words in ("ask> one", "First.", "ask> two", "Second.")]
    assert places == sorted(places)
    assert "resume with: kedge -r" in ran.answer


def test_what_follows_an_answer_is_no_answer_to_the_same_question(says: Says) -> None:
    # Words that are still being heard are when a line could be read too early: many chances.
    names = "abcdefgh"
    turns = [one for name in names for one in (bash(f"touch {name}"), turn("Done."))]
    ran = says(*(["go", "yes please", "5", "/undo"] * len(names)), turns=tuple(turns))
    assert ran.answer.count("answer: 5\n") == len(names)
    assert ran.answer.count("ask> /undo\n") == len(names)


def test_nothing_that_is_printed_moves_a_cursor(says: Says) -> None:
    ran = says("go", "1", "/help", turns=(bash("touch a; printf '\\033[2Jx'"), turn("D\x1b[1mone")))
    assert b"\x1b" not in ran.out
    assert b"\r" not in ran.out


def test_a_question_says_in_words_what_it_is_about_and_is_answered_by_number(
    says: Says, kedge: Kedge
) -> None:
    ran = says("go", "1", turns=(bash("echo a && touch made"), turn("Done.")))
    for words in ("echo a && touch made", "in question: made", "  1 yes, once", "  5 no"):
        assert words in ran.answer
    assert (kedge.cwd / "made").exists()


def test_the_rule_that_would_be_stored_can_be_edited(says: Says) -> None:
    ran = says(
        "go", "e", "bash(", "e", "bash(touch *)", "2", turns=(bash("touch a"), turn("Done."))
    )
    assert "2 yes, in this session: always bash(touch a)" in ran.answer
    assert "yes, in this session: bash(touch *)" in ran.answer


def test_a_rule_that_does_not_cover_what_is_asked_is_not_stored(says: Says) -> None:
    ran = says(
        "go", "e", "bash(npm *)", "e", "bash(*)", "2", turns=(bash("touch a"), turn("Done."))
    )
    places = [
        ran.answer.index(words)
        for words in (
            "! what is asked is not covered: it would be asked again",
            "! far wider than what is asked: every command",
            "yes, in this session: bash(*)",
        )
    ]
    assert places == sorted(places)
    assert "always bash(npm *)" not in ran.answer


def test_one_number_says_no_to_all_questions_of_one_answer(says: Says, kedge: Kedge) -> None:
    ran = says("go", "1", "7", turns=(several(), turn("Done.")), more=READS_ASK)
    places = [
        ran.answer.index(words)
        for words in (
            *("Question 1 of 3: read", "then: read", "then: bash", "to come: bash touch b"),
            *("7 no to all", "Question 2 of 3: read", "no, to all of them"),
        )
    ]
    assert places == sorted(places)
    assert list(kedge.cwd.glob("?")) == []


@pytest.mark.parametrize("lines", [("6 use the test folder",), ("6", "use the test folder")])
def test_a_no_says_what_to_do_instead(says: Says, kedge: Kedge, lines: tuple[str, ...]) -> None:
    ran = says("go", *lines, turns=(bash("touch made"), turn("Done.")))
    assert "you said no: use the test folder" in ran.answer
    assert not (kedge.cwd / "made").exists()


def test_where_the_lines_are_over_nobody_allows_anything(says: Says, kedge: Kedge) -> None:
    ran = says("go", turns=(bash("touch made"), turn("Done.")))
    assert ran.code == 0
    assert not (kedge.cwd / "made").exists()


def test_words_of_many_lines_are_one_prompt(says: Says, kedge: Kedge) -> None:
    says("one\\", "two", '"""', "three", "", "/four", '"""', turns=(turn("A."), turn("B.")))
    assert [words[0] for words in prompts(kedge)] == ["one\ntwo", "three\n\n/four"]


def test_a_file_that_is_mentioned_goes_along(says: Says, kedge: Kedge) -> None:
    (kedge.cwd / "a.txt").write_text("what is in it\n")
    says("see @a.txt")
    ((_, attached),) = prompts(kedge)
    assert "what is in it" in attached


@pytest.mark.parametrize("kept", [(), ("--no-session",)])
def test_every_command_has_an_answer_in_words(
    says: Says, kedge: Kedge, kept: tuple[str, ...]
) -> None:
    # An empty line leaves each choice.
    lines = [line for name in NAMES for line in (f"/{name}", "")]
    turns = (bash("touch made"), turn("Done."), turn("A first AGENTS.md."), turn("All is well."))
    ran = says("go", "1", *lines, "/compact undo", "/quit", turns=turns, more=kept)
    assert ran.code == 0, ran.answer + ran.complaint
    assert "there is no command" not in ran.answer
    assert "no log" not in ran.answer and "there is no session '2" not in ran.answer
    for page in PAGES:
        assert f"/{page}\n" in ran.answer, page
    assert "created made" in ran.answer
    assert ("kedge -r" in ran.answer) == (not kept)


def test_a_plan_is_sent_back_with_notes_on_its_lines_and_on_all_of_it(
    says: Says, kedge: Kedge
) -> None:
    turns = (turn("# Plan\nopen a.py\nopen b.py"), turn("# Better"))
    notes = ("3: not this file", "4: none", "shorter", "")
    ran = says("go", "/plan", "3", *notes, turns=turns, more=("--mode", "plan"))
    assert "  3 open b.py" in ran.answer
    assert "there is no line 4; the last one is 3" in ran.answer
    said = prompts(kedge)[-1][-1]
    assert "> open b.py\nnot this file" in said
    assert "\n\nshorter" in said


def test_a_session_that_is_not_kept_is_gone_back_in(says: Says, kedge: Kedge) -> None:
    turns = (bash("touch made"), turn("Done."))
    ran = says("go", "1", "/rewind", "1", "1", turns=turns, more=("--no-session",))
    assert "1 file put back" in ran.answer
    assert not (kedge.cwd / "made").exists()
    assert list(kedge.logs) == []


def test_going_back_where_the_home_is_the_workspace_leaves_what_is_kedge_s_own(
    says: Says, kedge: Kedge
) -> None:
    more = ("--no-session", "-C", str(kedge.home))
    turns = (bash("touch made"), turn("Done."))
    ran = says("go", "4", "/rewind", "1", "1", turns=turns, more=more)
    assert "1 file put back" in ran.answer
    assert not (kedge.home / "made").exists()
    assert "touch" in (kedge.home / "data" / "grants.json").read_text()


def test_what_a_killed_session_that_was_not_kept_left_is_gone_with_the_next_start(
    says: Says, kedge: Kedge, served: Served
) -> None:
    unkept = kedge.home / "state" / "unkept"
    command = [*COMMAND, *served(), *PLAIN, "--no-session"]
    with subprocess.Popen(command, cwd=kedge.cwd, env=kedge.env, stdin=subprocess.PIPE) as killed:
        wait_until(lambda: list(unkept.glob("kedge-run-*")), "it has its folder")
        (left,) = unkept.glob("kedge-run-*")
        says("/status", turns=())
        assert left.exists()
        killed.kill()
    says("/status", turns=())
    assert list(unkept.iterdir()) == []


def test_one_goes_on_with_a_session_by_its_number(says: Says) -> None:
    says("first words of it", turns=(turn("Answer one."),))
    ran = says("/resume", "1", "/status", turns=())
    assert "1 first words of it" in ran.answer
    assert "you: first words of it" in ran.answer
    assert "Answer one." in ran.answer


def test_a_folder_that_brings_something_is_asked_about_first(says: Says, kedge: Kedge) -> None:
    commands = kedge.cwd / ".kedge" / "commands"
    commands.mkdir(parents=True)
    (commands / "greet.md").write_text("Greet $ARGUMENTS.\n")
    ran = says("2", "/greet them")
    assert "do you trust this folder?" in ran.answer
    assert prompts(kedge) == [["Greet them."]]


def test_without_a_key_a_model_is_set_up_by_numbers(kedge: Kedge, served: Served) -> None:
    options = [one for one in served(turn("Hello.")) if "model" not in one]
    env = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": "", "DEEPSEEK_API_KEY": ""}
    model = "-m", "anthropic/claude-sonnet-5-5"
    ran = kedge(*options, *PLAIN, *model, stdin=b"sk-of-somebody\n1\nhi\n", env=env)
    assert "the key of Anthropic" in ran.answer
    assert f"the key is kept in {kedge.home}/data/keys.json" in ran.answer
    assert "sk-of-somebody" not in ran.answer
    assert "Hello." in ran.answer
    ran = kedge(*options[2:], *PLAIN, *model, stdin=b"/logout\n/logout\n", env=env)
    assert "the key of Anthropic:" not in ran.answer
    assert "is no longer kept; until you leave it is still used" in ran.answer
    assert "no key of Anthropic is kept" in ran.answer


@pytest.fixture
def screen(person: Person) -> Screen:
    return person.screen


@TERMINAL
def test_words_typed_while_it_works_are_heard_and_nothing_typed_is_lost(
    person: Person, screen: Screen, served: Served, kedge: Kedge
) -> None:
    waiting = "while [ ! -e go ]; do sleep 0.1; done; echo over"
    person.starts(*served(bash(waiting), turn("Heard.")), *PLAIN, "--mode", "full", "go")
    screen.sees("▸ bash")
    screen.press("a")
    screen.press("b")
    screen.sees("ab")
    screen.type("c and more")
    screen.sees("heard after the current step")
    screen.press("h")
    screen.sees("\nh")
    (kedge.cwd / "go").touch()
    screen.sees("full> h")
    assert "→ abc and more" in screen.text
    screen.press("C-u")
    screen.press("C-d")
    assert "resume with: kedge -r" in person.ends(0)


@TERMINAL
def test_ctrl_c_stops_the_turn_and_twice_leaves(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(bash("sleep 7312")), *PLAIN, "--mode", "full", "go")
    screen.sees("▸ bash")
    screen.press("C-c")
    screen.sees("interrupted")
    assert "resume with: kedge -r" in person.leaves("C-c")


@TERMINAL
def test_what_was_not_heard_before_ctrl_c_stands_in_the_next_line(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(bash("sleep 7312"), turn("Heard.")), *PLAIN, "--mode", "full", "go")
    screen.sees("▸ bash")
    screen.type("and then this")
    screen.sees("heard after the current step")
    screen.press("C-c")
    screen.sees("full> and then this")
    screen.press("Enter")
    screen.sees("Heard.")
    screen.press("C-d")
    person.ends(0)


@TERMINAL
def test_what_is_piped_in_at_a_terminal_is_no_line_that_somebody_typed(
    person: Person, screen: Screen
) -> None:
    screen.type(f"ls -l / | {shlex.join([*COMMAND, '--plain'])}; echo ended $?")
    screen.sees("stdin is not a terminal")
    screen.sees("kedge -p")
    screen.sees("ended 2")


@TERMINAL
def test_what_was_typed_before_comes_back_with_the_arrows_also_in_a_later_session(
    person: Person, screen: Screen, served: Served
) -> None:
    options = served(turn("One."))
    person.starts(*options, *PLAIN)
    screen.sees("ask>")
    screen.type("words to remember")
    screen.sees("One.")
    person.rests("ask>")
    screen.press("C-d")
    person.ends(0)
    person.starts(*options, *PLAIN)
    person.rests("ask>")
    screen.press("Up")
    person.rests("ask> words to remember")
    screen.press("C-c")
    screen.sees("again to leave")
    person.leaves("C-c")


@TERMINAL
def test_at_a_terminal_one_number_says_no_to_all_questions_of_one_answer(
    person: Person, screen: Screen, served: Served, kedge: Kedge
) -> None:
    person.starts(*served(several(), turn("Done.")), *PLAIN, *READS_ASK, "go")
    screen.sees("answer:")
    assert "7 no to all of them" in screen.text
    screen.type("7")
    screen.sees("Done.")
    assert "you said no, to all of them" in screen.text
    assert list(kedge.cwd.glob("?")) == []


@TERMINAL
def test_without_colours_everything_is_still_said(
    person: Person, screen: Screen, served: Served
) -> None:
    screen.type("export NO_COLOR=1")
    person.starts(*served(bash("touch made"), turn("Done.")), *PLAIN, "go")
    screen.sees("answer:")
    screen.type("5")
    screen.sees("not allowed")
    person.rests("ask>")
    assert "\x1b[3" not in screen.painted
    screen.press("C-d")
    person.ends(0)


@TERMINAL
def test_leaving_amid_a_turn_has_to_be_said_twice(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(bash("sleep 7313")), *PLAIN, "--mode", "full", "go")
    screen.sees("▸ bash")
    screen.press("C-d")
    screen.sees("leaving ends the turn")
    person.leaves()


BETWEEN = """
import pathlib, time
from kedge.cli.tui.plain.editing import Editing
editing = Editing(lambda words: ())
print("heard", editing.line("one> ", ""), flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.01)
try:
    editing.line("two> ", "")
except EOFError:
    print("over", flush=True)
editing.leave()
"""


@TERMINAL
def test_an_end_typed_between_two_lines_is_heard_and_the_terminal_is_left_as_it_was(
    screen: Screen, kedge: Kedge
) -> None:
    (kedge.cwd / "between.py").write_text(BETWEEN)
    screen.type(f"stty -a > before; {sys.executable} between.py; stty -a > after; echo ended")
    screen.sees("one>")
    screen.type("first")
    screen.sees("heard first")
    screen.press("C-d")
    screen.sees("^D")
    (kedge.cwd / "go").touch()
    screen.sees("\nended")
    assert "\nover" in screen.text.replace("two> ", "")
    assert (kedge.cwd / "after").read_text() == (kedge.cwd / "before").read_text()


@TERMINAL
def test_a_key_is_shown_nowhere_while_it_is_typed(person: Person, screen: Screen) -> None:
    model = ("-m", "anthropic/claude-sonnet-5-5")
    screen.type("unset ANTHROPIC_API_KEY")
    person.starts(*PLAIN, *model)
    screen.sees("the key of Anthropic:")
    screen.type("sk-of-somebody")
    screen.sees("keep the key?")
    screen.type("2")
    screen.sees("the key is tried")
    assert "sk-of-somebody" not in screen.text
    person.leaves()


def test_lines_import_no_screen(kedge: Kedge, served: Served) -> None:
    shown = (sys.executable, "-X", "importtime", "-m", "kedge")
    ran = kedge(*served(turn("Hello.")), *PLAIN, stdin=b"hi\n", command=shown)
    imported = set(re.findall(r"\| +([\w.]+)$", ran.complaint, re.MULTILINE))
    assert "kedge.cli.tui.plain.talk" in imported
    assert not {"textual", "rich", "typer", "pydantic"} & imported

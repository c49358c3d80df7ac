"""What every surface says of a question."""

from kedge.agent.effects import CommandPart, Effect
from kedge.agent.events import Considered
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Question
from kedge.cli.questions import (
    Piece,
    command_lines,
    in_question,
    voices_in_words,
)


def question(command: str, span: tuple[int, int], considered: tuple[Considered, ...] = ()):
    part = CommandPart(("make",), "unknown", "nobody knows")
    effect = Effect("run", "make", 0, span, part)
    action = Action(ToolCall("1", "bash", "{}"), {"command": command}, (effect,))
    return Question(action, "gate", "why", (0,), considered=considered)


def test_the_part_in_question_is_marked_and_the_rest_is_not():
    (line,) = command_lines(question("ls && make", (6, 10)))
    assert line == (Piece("ls && ", False), Piece("make", True))
    assert list(in_question([line])) == ["in question: make"]


def test_what_is_marked_is_harmless_and_the_same_part_whatever_the_command_contains():
    (line,) = command_lines(question("echo \x1b[2J宽 && make", (14, 18)))
    assert line == (Piece("echo ␛[2J宽 && ", False), Piece("make", True))


def test_no_part_of_a_command_can_hide_as_a_control_sequence():
    (line,) = command_lines(question("curl a\x1b[;  ./b", (0, 14)))
    assert line == (Piece("curl a␛[;  ./b", False),)


def test_a_mark_over_several_lines_is_on_each_of_them():
    lines = command_lines(question("ls\nmake \\\n all", (3, 14)))
    assert list(in_question(lines)) == ["in question: make \\", "in question: all"]


def test_nothing_is_marked_where_everything_is_in_question():
    (line,) = command_lines(question("make", (0, 4)))
    assert list(in_question([line])) == []


def test_every_voice_says_what_it_speaks_of():
    heard = (
        Considered("rules", "ask", "a rule asks", "bash(make) (rules.toml:3)", (0,)),
        Considered("mode", "allow", "mode auto allows it"),
    )
    assert list(voices_in_words(question("ls && make", (6, 10), heard))) == [
        "rules: ask make · a rule asks · bash(make) (rules.toml:3)",
        "mode: allow · mode auto allows it",
    ]

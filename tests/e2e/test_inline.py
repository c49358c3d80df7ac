"""The inline mode in a real terminal: what is finished stands in its scrollback, once."""

import re
import shutil

import pytest

from e2e.person import Person
from e2e.process import Kedge, wait_until
from e2e.remotes import REMOTES, Served
from e2e.screen import Screen
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.markdown import markdown
from kedge.cli.tui.view.palette import DARK
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Fault, Turn, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

INLINE = ("--inline", "--sandbox", "off", "--set", "tui.grace_ms=0")
PROMPT = "Ask for something"
FRAME = "╭"
COLOURED = re.compile(r"\x1b\[(?:[\d;]*;)?(?:[34][0-8]|9\d|10\d)[;m]")


def piece(number: int) -> str:
    """A paragraph, a list, a block of code or a table, each line of which is unlike all others."""
    match number % 4:
        case 0:
            return f"word{number}x0y begins " + "a paragraph that is **long** and is wrapped " * 4
        case 1:
            return "\n".join(f"- item{number}x{place}y of a list" for place in range(6))
        case 2:
            code = "\n".join(f"def name{number}x{place}y(): pass" for place in range(40))
            return f"```python\n{code}\n```"
        case _:
            rows = "\n".join(f"| cell{number}x{place}y | is here |" for place in range(4))
            return f"| one | two |\n|---|---|\n{rows}"


HELD = turn(
    "first words and many more of them until the last", delta=8, fault=Fault("stall", after=6)
)
"""An answer of which only the beginning comes."""
LONG = "\n\n".join(map(piece, range(24)))
NAME = re.compile(r"(?:word|item|name|cell)\d+x\d+y")
NAMES = NAME.findall(LONG)


@pytest.fixture
def screen(toured: Person) -> Screen:
    return toured.screen


def rows(screen: Screen) -> list[str]:
    """All that is and was on the screen, row by row."""
    return [row.rstrip() for row in screen.text.splitlines()]


def printed(screen: Screen) -> str:
    """What stands above the prompt and what is below it, which changes."""
    return screen.text.rpartition(FRAME)[0]


def sees(screen: Screen, words: str) -> str:
    return screen.sees(words)


def leaves(person: Person, screen: Screen) -> list[str]:
    """What is left in the terminal, without the command line that started it."""
    person.leaves()
    return [row for row in rows(screen) if "--inline" not in row]


def bash(command: str) -> Turn:
    return turn(Call("bash", {"command": command}))


def test_every_line_of_a_long_answer_is_in_the_scrollback_exactly_once(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(turn(LONG, delta=9, fault=Fault("slow", delay=0.001))), *INLINE, "go")
    sees(screen, "done ·")
    left = leaves(person, screen)
    expected = [line.text.rstrip() for line in markdown(LONG, Look(80, DARK))]
    start = left.index(expected[0])
    assert left[start : start + len(expected)] == expected
    assert NAME.findall("\n".join(left)) == NAMES


def test_nothing_is_lost_or_said_twice_when_the_window_changes_while_it_is_written(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(turn(LONG, delta=9, fault=Fault("slow", delay=0.002))), *INLINE, "go")
    for place, size in ((0, (60, 24)), (40, (100, 30)), (60, (50, 16)), (110, (80, 24))):
        wait_until(lambda name=NAMES[place]: name in screen.text, "so much was said")
        screen.resize(*size)
    sees(screen, "done ·")
    left = "\n".join(leaves(person, screen))
    assert NAME.findall(left) == NAMES
    assert FRAME not in left and PROMPT not in left


def test_the_end_of_what_is_not_finished_is_seen_while_it_is_written(
    person: Person, screen: Screen, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([HELD])
    person.starts(*REMOTES["anthropic"].options(server.url), *INLINE, "go")
    assert "until the last" not in sees(screen, "first words")
    server.release()
    sees(screen, "done ·")
    assert "".join(leaves(person, screen)).count("first words") == 1


def test_only_as_many_rows_are_taken_as_there_is_something_to_say(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(), *INLINE)
    sees(screen, PROMPT)
    wait_until(lambda: "ask · claude" in screen.seen, "the session is open")
    shown = screen.seen[screen.seen.index(FRAME) :].strip().splitlines()
    assert len(shown) == 4, shown


def test_a_question_about_a_long_change_fits_and_shows_all_on_demand(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    content = "".join(f"line{place} = {place}\n" for place in range(200))
    write = turn(Call("write", {"file_path": "new.py", "content": content}))
    person.starts(*served(write, turn("Written.")), *INLINE, "go")
    seen = sees(screen, "shows all of it")
    for words in ("write: ", "line0", "1 once", "5 no", FRAME, "ask · claude"):
        assert words in seen, words
    screen.press("o")
    sees(screen, "line7 =")
    screen.press("1")
    sees(screen, "Written.")
    left = "\n".join(leaves(person, screen))
    assert (kedge.cwd / "new.py").read_text() == content
    assert "1 once" not in left and "waits for your answer" not in left
    assert "✓ write new.py" in left


def test_what_is_true_for_a_moment_is_not_printed(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(HELD), *INLINE, "tell me")
    sees(screen, "first words")
    screen.press("C-c")
    sees(screen, "again to leave")
    wait_until(
        lambda: not any("again to leave" in row for row in rows(screen)), "the moment is over"
    )
    leaves(person, screen)


def test_leaving_takes_away_all_but_what_was_said_and_tells_how_to_go_on(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(turn("Hello there.")), *INLINE)
    sees(screen, PROMPT)
    screen.type("hi you")
    sees(screen, "done ·")
    left = [row for row in leaves(person, screen) if row]
    assert "› hi you" in left and "Hello there." in left
    ended = left.index("[ended 0]")
    assert left[ended - 1].startswith("kedge: resume with: kedge -r ")
    assert left[ended - 2].startswith("done ·")
    assert not any(FRAME in row or PROMPT in row for row in left)
    screen.type("echo still $((40 + 2)) here")
    sees(screen, "still 42 here")


def test_what_is_said_when_it_is_left_in_the_middle_stays(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(HELD), *INLINE, "go")
    sees(screen, "first words")
    assert "first words" in "\n".join(leaves(person, screen))


def test_details_are_read_on_another_screen_that_leaves_no_trace(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(turn(LONG)), *INLINE, "go")
    sees(screen, "done ·")
    sees(screen, PROMPT)
    before = printed(screen)
    screen.press("C-o")
    sees(screen, "esc back")
    screen.press("M-Home")
    sees(screen, "word0x0y")
    screen.press("Escape")
    sees(screen, PROMPT)
    wait_until(lambda: printed(screen) == before, "all is as it was")


def test_what_streams_in_while_another_screen_is_shown_is_seen_there_without_gaps(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    waits = bash("until test -e go; do sleep 0.05; done")
    slowly = turn(LONG, delta=40, fault=Fault("slow", delay=0.004))
    person.starts(*served(waits, slowly), *INLINE, "--mode", "full", "go")
    sees(screen, "to the background")
    screen.press("C-o")
    sees(screen, "esc back")
    (kedge.cwd / "go").touch()
    sees(screen, "done ·")
    shown = NAME.findall(screen.seen)
    assert len(shown) > 5 and shown == NAMES[-len(shown) :]


def test_what_is_finished_while_another_screen_is_shown_is_printed_afterwards(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    waits = bash("until test -e go; do sleep 0.05; done; echo finished")
    person.starts(*served(waits, turn("The end.")), *INLINE, "--mode", "full", "go")
    sees(screen, "to the background")
    screen.press("C-o")
    sees(screen, "esc back")
    (kedge.cwd / "go").touch()
    sees(screen, "The end.")
    screen.press("Escape")
    sees(screen, PROMPT)
    left = leaves(person, screen)
    assert left.count("The end.") == 1 and left.count("  finished") == 1


def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(
    person: Person, screen: Screen, served: Served
) -> None:
    person.starts(*served(turn("Hello there.")), *INLINE)
    sees(screen, PROMPT)
    screen.press("C-z")
    stopped = sees(screen, "Stopped")
    assert FRAME not in stopped
    screen.type("fg")
    sees(screen, PROMPT)
    screen.type("hi you")
    sees(screen, "done ·")
    sees(screen, PROMPT)
    screen.press("C-d")
    sees(screen, "resume with")
    assert rows(screen).count("Hello there.") == 1 and FRAME not in screen.text


def test_no_color_is_obeyed(person: Person, screen: Screen, served: Served) -> None:
    screen.type("export NO_COLOR=1")
    person.starts(*served(turn("Some `code` and **more**.")), *INLINE, "go")
    sees(screen, "done ·")
    assert not COLOURED.search(screen.painted)


def test_of_a_session_that_is_gone_on_with_only_the_end_is_printed(
    person: Person, screen: Screen, served: Served
) -> None:
    server = served(*(turn(f"Answer {number}.") for number in range(16)))
    person.starts(*server, *INLINE)
    sees(screen, PROMPT)
    for number in range(16):
        screen.type(f"prompt {number}")
        sees(screen, f"Answer {number}.")
        sees(screen, PROMPT)
    leaves(person, screen)
    screen.type("clear; tput reset")
    person.starts(*server, *INLINE, "-c")
    sees(screen, "Answer 15.")
    text = screen.text
    assert "earlier blocks" in text and text.count("Answer 15.") == 1

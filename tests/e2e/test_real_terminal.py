"""The interactive session as a person has it, in a real terminal: keys, pastes, sizes, colours."""

import os
import re
import shutil
import signal
from collections import Counter

import pytest

from e2e.person import Person
from e2e.process import Kedge, Ran, kedges, marked, wait_until
from e2e.remotes import REMOTES, Served
from e2e.screen import Screen
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Fault, Turn, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

SLOWLY = Fault("slow", delay=0.1)
WAITS = "touch begun; until test -e go; do sleep 0.05; done"
"""A command that ends when it is told to."""
AT_ONCE = ("--set", "tui.grace_ms=0", "--sandbox", "off")
COLOURED = re.compile(r"\x1b\[(?:[\d;]*;)?(?:[34][0-8]|9\d|10\d)[;m]")
"""A foreground or background that is not the terminal's own (ECMA-48, SGR)."""


def bash(command: str) -> Turn:
    return turn(Call("bash", {"command": command}))


@pytest.fixture
def screen(person: Person) -> Screen:
    return person.screen


def sees(screen: Screen, words: str) -> str:
    """Wait until words stand on the screen; all of it."""
    return screen.sees(words)


def is_whole(kedge: Kedge) -> None:
    """The logs are what was written."""
    verified: Ran = kedge("audit", "verify")
    assert verified.code == 0, verified.complaint + verified.answer


def at_rest(kedge: Kedge) -> bool:
    return kedge.log[-1]["kind"] == "result"


def test_an_answer_appears_word_by_word(
    person: Person, screen: Screen, threaded_loopback: ThreadedLoopback
) -> None:
    words = "first words, then many more, and at the end the last ones"
    server = threaded_loopback([turn(words, delta=8, fault=Fault("stall", after=6))])
    person.starts(*REMOTES["anthropic"].options(server.url))
    sees(screen, "Ask for something")
    screen.type("tell me")
    early = sees(screen, "first words")
    assert "› tell me" in early and "last ones" not in early
    server.release()
    sees(screen, "the last ones")


def test_a_number_answers_the_question(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(*served(bash("touch made"), turn("Done.")), *AT_ONCE, "make it")
    asked = sees(screen, "1 once")
    assert "touch made" in asked and "5 no" in asked and "waiting for your answer" in asked
    screen.press("1")
    sees(screen, "Done.")
    assert (kedge.cwd / "made").exists()


def test_a_sentence_typed_into_a_question_answers_nothing_and_is_said(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    heard = turn("I heard.", expect=Expect(last_contains="2 things first"))
    person.starts(*served(bash("touch made"), heard), *AT_ONCE, "make it")
    sees(screen, "A question waits: 1-6 answer it, f2 to write")
    screen.type("2 things first")
    sees(screen, "sent after the current step: 2 things first")
    assert not (kedge.cwd / "made").exists()
    screen.press("F2")
    sees(screen, "e edits the rule")
    screen.press("1")
    sees(screen, "I heard.")
    assert (kedge.cwd / "made").exists()


def test_lines_that_are_pasted_as_if_typed_answer_nothing(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    heard = turn("I heard.", expect=Expect(last_contains="and then the rest"))
    person.starts(*served(bash("touch made"), heard), *AT_ONCE, "make it")
    sees(screen, "A question waits: 1-6 answer it, f2 to write")
    screen.paste_bare("1\nand then the rest\n")
    sees(screen, "and then the rest")
    assert not (kedge.cwd / "made").exists()
    screen.press("F2")
    sees(screen, "e edits the rule")
    screen.press("1")
    sees(screen, "I heard.")


def test_a_question_is_refused_with_words_for_the_model(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    heard = turn("As you wish.", expect=Expect(last_contains="not like this"))
    person.starts(*served(bash("touch made"), heard), *AT_ONCE, "make it")
    sees(screen, "6 no, because")
    screen.press("6")
    sees(screen, "enter says no with these words")
    screen.type("not like this")
    sees(screen, "As you wish.")
    assert not (kedge.cwd / "made").exists()


def test_escape_stops_the_turn_at_once(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(*served(bash(WAITS)), *AT_ONCE, "--mode", "full", "go")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    sees(screen, "esc interrupts")
    screen.press("Escape")
    wait_until(lambda: at_rest(kedge), "the turn is over")
    (ended,) = (one for one in kedge.log if one["kind"] == "action.ended")
    assert ended["status"] == "cancelled"
    assert marked(kedge.home) == []


def test_ctrl_b_lets_the_command_go_on_in_the_background(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(
        *served(bash(WAITS), turn("Meanwhile.")), *AT_ONCE, "--mode", "full", "go"
    )  # fmt: skip
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    sees(screen, "ctrl+b to the background")
    screen.press("C-b")
    sees(screen, "Meanwhile.")
    sees(screen, "· 1 running")
    (kedge.cwd / "go").touch()
    wait_until(lambda: "· 1 running" not in screen.seen, "it is over")


def test_enter_is_heard_after_the_batch_and_alt_enter_after_the_turn(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(
        *served(
            bash(WAITS),
            turn("Steered.", expect=Expect(last_contains="at once please")),
            turn("Later.", expect=Expect(last_contains="afterwards please")),
        ),
        *AT_ONCE, "--mode", "full", "go",
    )  # fmt: skip
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    screen.press("at once please")
    screen.press("Enter")
    sees(screen, "1 waiting")
    screen.press("afterwards please")
    screen.press("M-Enter")
    sees(screen, "2 waiting")
    (kedge.cwd / "go").touch()
    text = sees(screen, "Later.")
    assert text.index("› at once") < text.index("Steered.") < text.index("› afterwards")


def test_a_long_paste_is_one_line_here_and_whole_for_the_model(
    person: Person, screen: Screen, served: Served
) -> None:
    pasted = "".join(f"line {number} of it\n" for number in range(40))
    expect = Expect(last_contains="line 38 of it\nline 39 of it")
    person.starts(*served(turn("Read.", expect=expect)))
    sees(screen, "Ask for something")
    screen.paste(pasted)
    assert "line 7 of it" not in sees(screen, "[Pasted text #1, 40 lines]")
    screen.press("Enter")
    sees(screen, "Read.")


def test_a_paste_presses_no_key_whatever_is_in_it(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(*served(turn("Read.", expect=Expect(last_contains="hello\n!touch pwned"))))
    sees(screen, "Ask for something")
    screen.paste("hello\x1b[31m\r!touch pwned\r")
    sees(screen, "!touch pwned")
    screen.press("Enter")
    sees(screen, "Read.")
    assert not (kedge.cwd / "pwned").exists()


def test_what_is_pasted_is_not_sent_by_its_line_ends(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(*served())
    sees(screen, "Ask for something")
    screen.paste("one\ntwo\n")
    sees(screen, "two")
    assert kedge.logs == [] or all(one["kind"] != "turn.started" for one in kedge.log)


def test_the_window_may_change_while_an_answer_streams(
    person: Person, screen: Screen, served: Served
) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    person.starts(*served(turn(words, fault=SLOWLY)), "go")
    sees(screen, "word5")
    for columns, rows in ((40, 12), (132, 40), (81, 24), (20, 6), (80, 24)):
        screen.resize(columns, rows)
        wait_until(lambda: "word" in screen.seen, "the answer is still there")
    wait_until(lambda: answered(screen.seen) == words, "all of it is there, as wide as it is now")


def answered(seen: str) -> str:
    """The words of the answer, from rows that begin with one."""
    return " ".join(row.strip() for row in seen.splitlines() if row.startswith("word"))


def test_everything_needed_for_an_answer_fits_on_a_small_screen(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    long = "; ".join(f"echo a line that is rather long, number {number}" for number in range(30))
    person.starts(*served(bash(f"{long}; touch made"), turn("Done.")), *AT_ONCE, "go")
    # How much was cut is known once it is laid out: said a frame later.
    asked = sees(screen, "shows all of it")
    assert "esc interrupts" in asked and "1 once" in asked
    screen.press("1")
    sees(screen, "Done.")
    assert (kedge.cwd / "made").exists()


def test_what_was_killed_is_gone_on_with(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    more = turn("And now more.", expect=Expect(contains="Said before."))
    options = served(turn("Said before."), bash(WAITS), more)
    person.starts(*options, *AT_ONCE, "--mode", "full", "first")
    sees(screen, "Said before.")
    screen.type("second")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    for process in kedges(kedge.home):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: "[ended 137]" in screen.text, "kedge is gone")
    wait_until(lambda: not marked(kedge.home), "what it ran is gone")
    screen.type("reset")
    person.starts(*options, *AT_ONCE, "-c", "--mode", "full")
    sees(screen, "› second")
    sees(screen, "Said before.")
    (kedge.cwd / "go").touch()
    screen.type("third")
    sees(screen, "And now more.")
    is_whole(kedge)


def test_a_terminal_that_was_closed_takes_nothing_along(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    more = turn("Here again.", expect=Expect(contains="go on"))
    options = served(bash(f"echo half a result; {WAITS}"), more)
    person.starts(*options, *AT_ONCE, "--mode", "full", "go on")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    sees(screen, "half a result")
    screen.close()
    wait_until(lambda: at_rest(kedge), "the log is complete")
    wait_until(lambda: not marked(kedge.home), "nothing is left running")
    wait_until(lambda: not kedges(kedge.home), "kedge is over")
    is_whole(kedge)
    resumed = kedge(*options, "-c", "-p", "once more")
    assert resumed.answer.strip() == "Here again.", resumed.complaint


def test_ctrl_c_twice_leaves_and_says_how_to_go_on(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    person.starts(*served(turn("Said.")), "hello")
    sees(screen, "Said.")
    sees(screen, "Ask for something")
    screen.press("C-c")
    sees(screen, "again to leave")
    screen.press("C-c")
    session = kedge.logs[0].stem
    assert f"kedge -r {session}" in person.ends(0)
    assert "Ask for something" not in screen.seen


def test_without_colours_there_are_none(person: Person, screen: Screen, served: Served) -> None:
    screen.type("export NO_COLOR=1")
    person.starts(
        *served(bash("true"), turn("`code` and **more**")), *AT_ONCE, "--mode", "full", "x"
    )
    sees(screen, "and more")
    assert COLOURED.search(screen.painted) is None


def test_a_light_theme_is_light(person: Person, screen: Screen, served: Served) -> None:
    screen.type("export COLORTERM=truecolor")
    person.starts(*served(turn("Said.")), "--set", "tui.theme=light", "hello")
    sees(screen, "Said.")
    backgrounds = Counter(re.findall(r"48;2;(\d+);(\d+);(\d+)", screen.painted))
    assert all(int(channel) > 150 for channel in backgrounds.most_common(1)[0][0])


@pytest.mark.parametrize("how", ["export TERM=dumb", "alias kedge=kedge"])
def test_a_simple_terminal_is_written_line_by_line(
    person: Person, screen: Screen, kedge: Kedge, served: Served, how: str
) -> None:
    options = served(bash("touch made"), turn("Done."))
    screen.type(how)
    plain = () if "dumb" in how else ("--plain",)
    person.starts(*options, "--sandbox", "off", "--set", "tui.grace_ms=0", *plain)
    person.sees("ask>")
    screen.type("make it")
    person.sees("answer:")
    screen.type("1")
    person.sees("Done.")
    assert (kedge.cwd / "made").exists()
    person.rests("ask>")
    screen.type("/quit")
    person.ends(0)

"""A question in a real terminal of 40 columns and 12 rows, and a turn that is gone on with."""

import shutil

import pytest

from e2e.person import Person
from e2e.process import Kedge, wait_until
from e2e.remotes import Served
from e2e.screen import Screen
from loopback.script import Call, Expect, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

AT_ONCE = ("--set", "tui.grace_ms=0", "--sandbox", "off")
WAITS = "touch begun; until test -e go; do sleep 0.05; done"


@pytest.fixture
def screen(person: Person) -> Screen:
    return person.screen


def is_all_in_sight(shown: str) -> bool:
    """Whether the answers, what is to come, and the prompt are."""
    ends = [row.startswith("╰") for row in shown.splitlines()[-3:-1]]
    return any(ends) and all(words in shown for words in ("1 once", "of up to", "no to these"))


def test_a_question_is_read_and_the_whole_batch_refused_at_40_by_12(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    long = " && ".join(f"touch made{number}" for number in range(30))
    batch = turn(Call("bash", {"command": long}), Call("bash", {"command": "touch after"}))
    heard = turn("As you wish.", expect=Expect(last_contains="the person said no"))
    screen.resize(40, 12)
    person.starts(*served(batch, heard), *AT_ONCE, "go")
    # Its room is known once it is laid out: the prompt may come into sight a frame later.
    wait_until(lambda: is_all_in_sight(screen.seen), "the question has the room it gets")
    assert "made29" not in screen.seen

    def reads_on() -> bool:
        screen.press("j")
        return "made29" in screen.seen

    wait_until(reads_on, "the end of the command is read")
    assert "1 once" in screen.seen
    screen.press("7")
    screen.sees("As you wish.")
    assert not list(kedge.cwd.glob("made*")) and not (kedge.cwd / "after").exists()


def test_after_esc_enter_goes_on(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    script = (turn(Call("bash", {"command": WAITS})), turn("I went on."))
    person.starts(*served(*script), *AT_ONCE, "--mode", "full", "go")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    screen.press("Escape")
    screen.sees("/continue goes on")
    screen.sees("goes on with it")
    screen.press("Enter")
    screen.sees("I went on.")

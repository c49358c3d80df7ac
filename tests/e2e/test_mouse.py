"""The mouse in a real terminal, as it reports it: buttons and places (xterm's SGR mode, 1006)."""

import shutil

import pytest

from e2e.person import Person
from e2e.process import Kedge, wait_until
from e2e.remotes import Served
from e2e.screen import Screen
from loopback.script import Call, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

RESTS = "Ask for something"
COUNTED = "context <1%"
"""In the status line once it has heard of the turn; with it the header of the start goes, and all
that stands below moves up."""
OPTIONS = ("--mode", "full", "--sandbox", "off")


@pytest.fixture
def screen(toured: Person) -> Screen:
    return toured.screen


def settled(screen: Screen) -> None:
    """Wait until the turn is over and nothing moves any more."""
    screen.sees(RESTS)
    screen.sees(COUNTED)


def test_a_click_opens_a_card_and_another_one_closes_it(
    person: Person, screen: Screen, served: Served
) -> None:
    counted = Call("bash", {"command": "seq 41 99"})
    person.starts(*served(turn(counted), turn("All counted.")), *OPTIONS, "count")
    screen.sees("All counted.")
    settled(screen)
    assert "\n  42" not in screen.seen
    closed = screen.seen
    screen.click("seq 41 99")
    screen.sees("  42")
    screen.click("seq 41 99")
    wait_until(lambda: screen.seen == closed, "it is closed")


def test_what_is_dragged_over_is_copied(person: Person, screen: Screen, served: Served) -> None:
    person.starts(*served(turn("The anchor holds, and so does the line.")), *OPTIONS, "go")
    screen.sees("does the line")
    settled(screen)
    screen.drag("anchor", "holds")
    screen.sees("ctrl+c copies")
    screen.press("C-c")
    screen.sees("given to tmux")
    assert screen.clipboard == "anchor holds"


def test_a_click_on_a_place_in_a_file_shows_it_in_the_editor(
    person: Person, screen: Screen, kedge: Kedge, served: Served
) -> None:
    (kedge.cwd / "boat.py").write_text("first\nsecond\n")
    editor = kedge.cwd / "editor"
    editor.write_text('#!/bin/sh\necho "$@" > shown\n')
    editor.chmod(0o755)
    answer = turn("It is decided in boat.py:2, not elsewhere.")
    chosen = ("--set", f'tui.editor="{editor}"')
    person.starts(*served(answer), *OPTIONS, *chosen, "where?")
    screen.sees("not elsewhere")
    settled(screen)
    screen.click("boat.py:2")
    shown = kedge.cwd / "shown"
    wait_until(shown.exists, "the editor has run")
    wait_until(lambda: shown.read_text().split(), "it has said what it was given")
    assert shown.read_text().split() == ["+2", str(kedge.cwd / "boat.py")]
    screen.sees(RESTS)


def test_the_wheel_scrolls_and_the_next_prompt_is_seen_again(
    person: Person, screen: Screen, served: Served
) -> None:
    long = "\n\n".join(f"paragraph {number} of many" for number in range(60))
    person.starts(*served(turn(long), turn("Short.")), *OPTIONS, "go")
    screen.sees("paragraph 59 of many")
    settled(screen)
    screen.wheel(up=True, at="paragraph 59", times=10)
    wait_until(lambda: "paragraph 59" not in screen.seen, "it is scrolled")
    screen.type("again")
    screen.sees("Short.")

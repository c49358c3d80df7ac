"""What is printed of a session into a terminal's scrollback: in order, once, and for good."""

import re
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from tui.happening import Happening

from kedge.agent.events import ActionStarted, Event, TextStreamed, ThinkingStreamed, TurnEnded
from kedge.agent.messages import Text, Thinking, ToolCall
from kedge.agent.person import PersonPrinted
from kedge.cli.tui.view.flow import Line
from kedge.cli.tui.view.fold import View
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.palette import DARK
from kedge.cli.tui.view.printing import KEPT_OF_PAST, Printing

LOOK = Look(60, DARK)
NAME = re.compile(r"\b[a-z]+\d+x\d+\b")
MARKDOWN = (
    "para{n}x0 goes on with **words** that are wrapped and para{n}x1 which is the last of them\n\n",
    "- item{n}x0 of a list\n- item{n}x1 of it\n\n",
    "```python\ncode{n}x0 = 1\ncode{n}x1 = 2\n```\n\n",
    "| head{n}x0 | two |\n|---|---|\n| cell{n}x1 | is here |\n\n",
    "# title{n}x0\n\n",
)


def text(lines: Iterable[Line]) -> str:
    return "\n".join(line.text.rstrip() for line in lines)


class Paper:
    """Hears events, prints what is final, and knows what is not."""

    def __init__(self) -> None:
        self.view = View()
        self.printing = Printing(self.view, LOOK)
        self.printed: list[Line] = []

    def hear(self, *events: Event) -> None:
        for event in events:
            self.view.add(event)

    def print(self) -> str:
        lines = self.printing.take(id for id in self.view.ids if id > self.printing.newest)
        self.printed += lines
        return text(lines)

    @property
    def rest(self) -> str:
        return text(self.printing.rest())


def streams(words: str, size: int) -> list[str]:
    return [words[at : at + size] for at in range(0, len(words), size)]


@settings(deadline=None)
@given(
    turns=st.lists(st.lists(st.sampled_from(MARKDOWN), min_size=1, max_size=6), max_size=3),
    size=st.integers(1, 40),
    looks=st.lists(st.booleans(), min_size=1, max_size=40),
    widths=st.lists(st.integers(20, 120), max_size=4),
)
def test_whenever_one_looks_all_is_printed_once_and_in_order(
    turns: list[list[str]], size: int, looks: list[bool], widths: list[int]
) -> None:
    paper, happens = Paper(), Happening()
    said: list[str] = []
    number = step = 0
    sizes = iter(widths)
    for pieces in turns:
        answer = ""
        for piece in pieces:
            number += 1
            answer += piece.format(n=number)
        said += NAME.findall(answer)
        paper.hear(happens.prompt("go"))
        for words in streams(answer, size):
            paper.hear(happens(TextStreamed(words)))
            step += 1
            if looks[step % len(looks)]:
                paper.print()
            if step % 17 == 0 and (width := next(sizes, 0)):
                paper.printing.restyle(Look(width, DARK), thinking=False)
        paper.hear(happens.message(Text(answer)), happens(TurnEnded("done")))
        paper.print()
    assert NAME.findall(text(paper.printed)) == said
    assert paper.rest == ""


@settings(deadline=None)
@given(size=st.integers(1, 80), every=st.integers(1, 9))
def test_in_pieces_it_looks_as_it_does_at_once(size: int, every: int) -> None:
    answer = "".join(piece.format(n=number) for number, piece in enumerate(MARKDOWN * 3))
    happens, once, pieces = Happening(), Paper(), Paper()
    started = happens.prompt("go")
    once.hear(started, happens.message(Text(answer)))
    pieces.hear(started)
    for number, words in enumerate(streams(answer, size)):
        pieces.hear(happens(TextStreamed(words)))
        if number % every == 0:
            pieces.print()
    pieces.hear(happens.message(Text(answer)))
    once.print()
    pieces.print()
    assert text(pieces.printed) == text(once.printed)


def test_what_is_printed_and_what_is_not_are_together_what_was_said() -> None:
    paper, happens = Paper(), Happening()
    paper.hear(happens.prompt("go"), happens(TextStreamed("first para\n\nsecond para\n\nthird")))
    printed = paper.print()
    assert "first para" in printed and "third" not in printed
    assert "third" in paper.rest and "first" not in paper.rest


def test_what_comes_later_waits_for_what_is_not_finished() -> None:
    paper, happens = Paper(), Happening()
    calls = (ToolCall("a", "bash", "{}"), ToolCall("b", "bash", "{}"))
    paper.hear(happens.prompt("go"), happens.message(*calls))
    for id in "ab":
        paper.hear(happens.proposed(id, command=f"run {id}"), happens(ActionStarted(id, "bash")))
    paper.hear(happens.ended("b", content="b is over"))
    assert "run" not in paper.print()
    paper.hear(happens.ended("a", content="a is over"))
    printed = paper.print()
    assert printed.index("run a") < printed.index("run b")
    assert paper.rest == ""


def test_agents_do_not_wait_for_each_other_and_are_named() -> None:
    paper, happens = Paper(), Happening()
    there = ("main", "scout")
    paper.hear(happens.prompt("go"), happens.message(ToolCall("t", "task", "{}")))
    paper.hear(
        happens.proposed("t", "task", description="look"), happens(ActionStarted("t", "task"))
    )
    paper.print()
    paper.hear(happens(TextStreamed("found it\n\nand more\n\nand"), path=there))
    printed = paper.print()
    assert printed.index("scout") < printed.index("found it")


def test_a_command_of_the_persons_own_holds_nothing_up() -> None:
    paper, happens = Paper(), Happening()
    paper.hear(happens(PersonPrinted("1", "sleep 9", "")))
    assert "sleep" not in paper.print()
    paper.hear(happens.prompt("go"), happens.message(Text("An answer.")))
    assert "An answer." in paper.print()
    assert "sleep 9" in paper.rest


def test_an_answer_that_is_taken_back_is_marked_where_it_was_begun() -> None:
    paper, happens = Paper(), Happening()
    paper.hear(happens.prompt("go"), happens(TextStreamed("first para\n\nsecond para\n\nthird")))
    paper.print()
    paper.hear(happens.message(Text("Something else.")))
    printed = paper.print()
    assert printed.index("not kept") < printed.index("Something else.")


def test_what_was_thought_is_final_when_its_turn_is_over() -> None:
    paper, happens = Paper(), Happening()
    paper.hear(happens.prompt("go"), happens(ThinkingStreamed("I wonder")))
    paper.print()
    paper.hear(happens.message(Thinking("I wonder"), Text("So be it.")))
    paper.hear(happens(TurnEnded("done")), happens.result())
    paper.print()
    assert paper.rest == ""


def test_of_the_past_only_the_end_is_printed() -> None:
    paper, happens = Paper(), Happening()
    for _ in range(KEPT_OF_PAST):
        paper.hear(*happens.turn_of_work())
    skipped = text(paper.printing.skip(list(paper.view.ids)))
    assert f"{len(paper.view.ids) - KEPT_OF_PAST} earlier blocks" in skipped
    printed = paper.print()
    assert "Fix bug 0" not in printed and f"Fix bug {KEPT_OF_PAST - 1}" in printed

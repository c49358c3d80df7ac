"""The mark on the part of a command in question stays on that part, however it is wrapped."""

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from kedge.agent.effects import Effect
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Question
from kedge.cli.tui.asking.question import body
from kedge.cli.tui.desk.state import Asked, DeskState
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.palette import DARK, NONE, Palette

WORDS = st.text(st.sampled_from("ab 宽世é🙂👩‍👧\t-&\n"), min_size=1, max_size=60)


def shown(before: str, part: str, after: str, palette: Palette = DARK) -> Content:
    command = before + part + after
    span = (len(before), len(before) + len(part))
    action = Action(
        ToolCall("1", "bash", "{}"), {"command": command}, (Effect("run", "it", 0, span),)
    )
    question = Question(action, "gate", "why", (0,))
    return body(Asked(1, question, ("main",), 0.0), DeskState(), Look(60, palette))


def marked(content: Content, width: int) -> str:
    """The letters that are reversed on a screen of this width, wrapped as it wraps them."""
    found = [
        line.plain[span.start : span.end]
        for line in content.wrap(width)
        for span in line.spans
        if "reverse" in str(span.style)
    ]
    return "".join("".join(found).split())


@given(WORDS, WORDS, WORDS, st.integers(4, 60))
def test_at_any_width_just_the_part_in_question_is_marked(
    before: str, part: str, after: str, width: int
) -> None:
    assert marked(shown(f"x{before}", part, after), width) == "".join(part.split())


def test_without_colours_words_say_which_part_it_is() -> None:
    assert "in question: make install" in shown("ls && ", "make install", "", NONE).plain
    assert "in question" not in shown("ls && ", "make install", "").plain

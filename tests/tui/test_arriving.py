"""Markdown that still arrives: what is shown of it stays."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.markdown import Document, markdown
from kedge.cli.tui.view.palette import DARK

LOOK = Look(60, DARK, cwd="/w")
CALM = (
    "# A title\n\n",
    "Some *soft* and **hard** words, ***both***, ~~gone~~, `code`, and ``a ` tick``.\n\n",
    "See [the page](https://example.org/a_b?c=d), ![a picture](x.png) and <https://b.io>.\n\n",
    "A list[0], 2 * 3, snake_case_name, and 5 < 6.\n\n",
    "- one\n- **two**\n  - three `code`\n- [x] done\n- [ ] open\n\n",
    "1. first\n2. second\n\n",
    "> quoted *words*\n> more\n\n",
    "```python\ndef f():\n    return '``'\n```\n\n",
    "~~~\nplain ~~\n~~~\n\n",
    "| a | **b** |\n|---|--:|\n| 1 | 2 |\n| 3 | `4` |\n\n",
    "---\n\n",
    "Setext\n======\n\n",
)


def said(text: str, *, at: int) -> str:
    """The words that are shown of the beginning of a text, and are not where lines end."""
    document = Document(LOOK)
    document.add(text[:at])
    shown = "".join(line.text for line in document.lines)
    return "".join(character for character in shown if character not in " ─")


@pytest.mark.parametrize("block", CALM)
def test_what_is_shown_stays_when_more_arrives(block: str) -> None:
    text = f"Before.\n\n{block}After."
    shown = [said(text, at=at) for at in range(len(text) + 1)]
    assert [
        (now, later) for now, later in zip(shown, shown[1:], strict=False) if now not in later
    ] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`", ""),
        ("``", ""),
        ("```", ""),
        ("```pyth", ""),
        ("a\n\n``", "a"),
        ("```\ncode\n``", "code"),
        ("a **bo", "abo"),
        ("a **", "a"),
        ("a [li", "a"),
        ("a [link](htt", "alink"),
        ("| a | b |", ""),
        ("a\n-", "a"),
    ],
)
def test_half_of_a_mark_is_not_shown(text: str, shown: str) -> None:
    assert said(text, at=len(text)) == shown


def test_what_is_open_is_shown_as_what_it_will_be() -> None:
    document = Document(LOOK)
    document.add("so **very har")
    hard = [part for line in document.lines for part in line.segments if "hard"[:3] in part.text]
    assert "bold" in str(hard[-1].style)


def test_what_was_held_back_is_shown_when_nothing_follows() -> None:
    for text in ("a `", "a [li", "```", "| a | b |", "a **b", "1."):
        document = Document(LOOK)
        document.add(text)
        document.finish()
        assert document.lines == markdown(text, LOOK)


anything = st.text(st.sampled_from("ab *_`~[]()<>|-=#>1.!\\\n\x1b\x07\x9bé"), max_size=60)


@settings(deadline=None, max_examples=300)
@given(anything, st.integers(1, 7))
def test_every_beginning_of_every_text_can_be_shown(text: str, size: int) -> None:
    document = Document(LOOK)
    for start in range(0, len(text), size):
        document.add(text[start : start + size])
        shown = "".join(line.text for line in document.lines)
        assert not [one for one in shown if unicodedata.category(one) == "Cc"]
        assert all(line.cells <= LOOK.width for line in document.lines)
    document.finish()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(CALM), max_size=5), st.integers(1, 9))
def test_in_the_end_it_is_as_if_it_had_come_at_once(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    document = Document(LOOK)
    for start in range(0, len(text), size):
        document.add(text[start : start + size])
    document.finish()
    assert [line.text for line in document.lines] == [line.text for line in markdown(text, LOOK)]

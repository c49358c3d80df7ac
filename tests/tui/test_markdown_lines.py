"""Markdown as lines, whole and while it is being written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedge.cli.tui.view.flow import Line
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.markdown import Document, markdown
from kedge.cli.tui.view.palette import DARK

LOOK = Look(40, DARK, cwd="/w")

PIECES = (
    "# Title\n\n",
    "Some *words* that **go on** for longer than a line has room for.\n\n",
    "- one\n- two\n  - three `code`\n- [x] done\n\n",
    "1. first\n2. second\n\n",
    "> quoted\n> words\n\n",
    "```python\ndef f():\n    return 'a'\n```\n\n",
    "```\n" + "line of code\n" * 90 + "```\n\n",
    "| a | b |\n|---|--:|\n| 1 | 2 |\n\n",
    "Text\n# Heading at once\nmore\n",
    "---\n\n",
    "Setext\n======\n\n",
    "A **half open emphasis and `code\n\n",
)


def texts(lines: list[Line]) -> list[str]:
    return [line.text.rstrip() for line in lines]


def style(lines: list[Line], words: str) -> str:
    found = [part for line in lines for part in line.segments if words in part.text]
    return str(found[0].style)


def test_headings_emphasis_and_code_have_their_styles() -> None:
    lines = markdown("# Top\n\n*soft* **hard** ~~gone~~ `code`", LOOK)
    assert texts(lines) == ["Top", "", "soft hard gone code"]
    assert "bold" in style(lines, "Top")
    assert "italic" in style(lines, "soft")
    assert "strike" in style(lines, "gone")
    assert DARK.code in style(lines, "code")


def test_lists_nest_and_keep_their_numbers() -> None:
    lines = markdown("3. three\n   - inner\n4. four\n\n- [ ] open\n- [x] done", LOOK)
    assert texts(lines) == ["3. three", "   ◦ inner", "4. four", "", "• ☐ open", "• ☑ done"]


def test_a_wrapped_item_goes_on_below_its_words() -> None:
    lines = markdown("- " + "word " * 12, LOOK)
    assert lines[1].text.startswith("  word")


def test_code_is_coloured_and_filled_to_the_width() -> None:
    lines = markdown("```python\ndef f(): pass\n```", LOOK)
    assert [line.cells for line in lines] == [40]
    assert DARK.keyword in style(lines, "def")


def test_code_too_long_for_a_line_is_folded_and_copied_whole() -> None:
    from kedge.cli.tui.view.copying import copied

    code = "x = [" + ", ".join(map(str, range(40))) + "]"
    lines = markdown(f"```python\n{code}\n```", LOOK)
    assert len(lines) > 1
    assert copied(lines) == code


def test_a_table_fits_or_becomes_records() -> None:
    table = "| name | what it does |\n|---|---|\n| a | words that do not fit beside it at all |"
    narrow = markdown(table, LOOK)
    assert max(line.cells for line in narrow) <= 40
    assert texts(narrow)[0] == "name  what it does"
    wide = "|" + "column|" * 9 + "\n|" + "---|" * 9 + "\n|" + "value|" * 9
    assert texts(markdown(wide, LOOK)) == ["column: value"] * 9


def test_an_address_is_a_link_and_a_place_in_a_file_too() -> None:
    lines = markdown("See https://example.org/a. And `src/a.py:12`, or [this](https://b.io).", LOOK)
    assert "link https://example.org/a" in style(lines, "example.org")
    links = {part.text: part.style.link for line in lines for part in line.segments if part.style}
    assert links["src/a.py:12"] == "file:///w/src/a.py#12"
    assert links["this"] == "https://b.io"


@pytest.mark.parametrize("target", ["javascript:alert(1)", "file:///etc/passwd", "ssh://host"])
def test_only_addresses_of_the_web_and_of_mail_can_be_opened(target: str) -> None:
    lines = markdown(f"[text]({target})", LOOK)
    assert not any(part.style and part.style.link for line in lines for part in line.segments)


def test_nothing_in_it_is_an_order_to_the_terminal() -> None:
    lines = markdown("a\x1b[2Jb\x07 [red]c[/red] `\x1b]52;c;eA==\x07`\n\n```\n\x1b[31m\n```", LOOK)
    whole = "".join(line.text for line in lines)
    assert "\x1b" not in whole and "\x07" not in whole
    assert "[red]c[/red]" in whole


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=6), st.integers(1, 60))
def test_written_piece_by_piece_it_ends_as_it_does_at_once(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    document = Document(LOOK)
    for start in range(0, len(text), size):
        before = document.lines[: document.settled]
        document.add(text[start : start + size])
        after = document.lines[: len(before)]
        assert all(one is other for one, other in zip(before, after, strict=True))
    document.finish()
    assert texts(document.lines) == texts(markdown(text, LOOK))


@pytest.mark.parametrize(
    "text",
    [
        "```python\n" + "x = call('a', 1)\n" * 900,
        "word and other words. " * 3_000,
        "".join(f"- item {number}\n" for number in range(2_000)),
    ],
    ids=["fence", "paragraph", "list"],
)
def test_of_a_long_block_only_the_end_is_drawn_again(text: str) -> None:
    document = Document(LOOK)
    for start in range(0, len(text), 500):
        document.add(text[start : start + 500])
    lines = document.lines
    assert len(lines) - document.settled < 250
    document.finish()
    assert len(document.lines) == pytest.approx(len(markdown(text, LOOK)), rel=0.02)

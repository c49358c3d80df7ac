"""Sessions and passages as a terminal shows them."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.stores.summary import Said, Summary, terms
from kedge.cli.commands.sessions_list import line_of, passage
from kedge.cli.terminal import Style, fitting

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
THEN = "2026-11-21T03:00:00.000000+00:00"
ID = "20261121-030000-abcdef"
WORDS = st.text() | st.sampled_from(["word " * 50, "漢字 " * 40, "\x1b[2J\x1b]0;t\x07", "a\tb\nc"])


@given(prompt=WORDS, name=WORDS, cwd=WORDS, columns=st.integers(60, 200), everywhere=st.booleans())
def test_a_session_is_one_line_that_fits_and_does_nothing(prompt, name, cwd, columns, everywhere):
    row = Summary(ID, THEN, THEN, cwd, model="lab/model", name=name, prompt=prompt, status="done")
    line = line_of(row, NOW, columns, everywhere)
    assert line.startswith(f"{ID}       1 h  done")
    assert fitting(line, columns) == line
    assert not re.search(r"[\x00-\x1f\x7f]", line)


def test_where_there_is_room_the_model_is_named():
    row = Summary(ID, THEN, THEN, model="lab/model-4", prompt="Mend it.", status="done")
    assert "model-4" not in line_of(row, NOW, 80, False)
    assert "model-4" in line_of(row, NOW, 100, False)


@pytest.mark.parametrize(
    ("query", "strong"),
    [
        ("sail", ["Sail"]),
        ("mend*", ["mending"]),
        ('"the sail"', ["the.Sail"]),
        ("parse_line", ["parse_line"]),
        ("漢字", ["漢字"]),
        ("keel", []),
    ],
)
def test_what_was_looked_for_stands_out(query, strong):
    said = Said("s", 2, THEN, "person", "I am mending the.Sail in parse_line 漢字かな")
    _, words = passage(said, terms(query), Style(True), NOW, 80).splitlines()
    assert re.findall(r"\x1b\[1m(.*?)\x1b\[0m", words) == strong


@given(text=WORDS, query=WORDS)
def test_a_passage_is_two_lines_that_fit_and_do_nothing(text, query):
    said = Said(ID, 2, THEN, "model", text)
    shown = passage(said, terms(query), Style(False), NOW, 80)
    head, words, rest = shown.split("\n")
    assert rest == "" and fitting(head, 80) == head and fitting(words, 80) == words
    assert not re.search(r"[\x00-\x1f\x7f]", head + words)

"""An edit changes the place that was meant, and nothing else."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.tools.matching import Lines, Replaced, replace

WORDS = st.sampled_from(["a", "b", "if x:", "  y", "\ty  ", "", "$1 \\1 \\n", "é"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.tuples(WORDS, ENDS), max_size=8))
    return "".join(word + end for word, end in lines) + draw(WORDS)


def refused(text: str, old: str, new: str, replace_all: bool = False) -> ToolError:
    with pytest.raises(ToolError) as caught:
        replace(text, old, new, replace_all)
    return caught.value


def test_one_exact_match_is_replaced():
    assert replace("a\nb\nc\n", "b", "B") == Replaced("a\nB\nc\n", (Lines(2, 2),))


def test_text_is_literal_on_both_sides():
    assert replace(r"x = '\d+ $1'", r"\d+ $1", r"\1 $& \g<0> \n").text == r"x = '\1 $& \g<0> \n'"


def test_all_matches_are_replaced_on_demand_and_their_lines_reported():
    replaced = replace("a\nx a\nb\na\n", "a", "q\nr", replace_all=True)
    assert replaced.text == "q\nr\nx q\nr\nb\nq\nr\n"
    assert replaced.places == (Lines(1, 2), Lines(3, 4), Lines(6, 7))


def test_several_matches_are_refused_with_their_places():
    error = refused("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 3")
    assert error.kind == "ambiguous"
    assert "2 times" in str(error)
    assert "     1\tx = 1\n     3\tx = 1" in str(error)
    assert "replace_all" in str(error)


def test_overlapping_matches_are_ambiguous():
    assert refused("aaa", "aa", "b").kind == "ambiguous"


def test_many_places_are_listed_in_part():
    error = refused("x\n" * 5000, "x", "y")
    assert "over 1000 times" in str(error)
    assert len(str(error).splitlines()) < 20


def test_a_match_in_crlf_and_one_in_lf_are_two_matches():
    assert refused("a\r\nb\r\nc\na\nb\n", "a\nb", "q").kind == "ambiguous"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("argument", ["\n", "\r\n", "\r"])
def test_line_ends_of_the_arguments_do_not_matter(newline: str, argument: str):
    text = newline.join(["a", "b", "c", ""])
    old, new = argument.join(["a", "b", ""]), argument.join(["A", "x", "b", ""])
    assert replace(text, old, new).text == newline.join(["A", "x", "b", "c", ""])


def test_a_one_line_edit_that_adds_lines_ends_them_as_the_file_does():
    assert replace("a\r\nb\r\nc\r\n", "b", "b\nB").text == "a\r\nb\r\nB\r\nc\r\n"
    assert replace("a\r\nb", "b", "b\nB").text == "a\r\nb\r\nB"


def test_lines_shared_by_both_arguments_keep_their_own_ends_in_a_mixed_place():
    text = "a\r\nb\nc\r\nd\n"
    assert replace(text, "a\nb\nc\nd\n", "a\nX\nY\nc\nd\n").text == "a\r\nX\nY\nc\r\nd\n"


def test_a_crlf_is_never_matched_in_halves():
    assert refused("a\r\nb", "a\n\nb", "q").kind == "not_found"
    assert replace("a\r\nb", "\nb", "\nc").text == "a\r\nc"


def test_arguments_that_differ_in_line_ends_only_are_taken_literally():
    assert replace("a\rb\nc\n", "a\rb", "a\nb").text == "a\nb\nc\n"
    assert replace("a\r\nb\nc\n", "\n", "\r\n", replace_all=True).text == "a\r\nb\r\nc\r\n"


def test_the_final_newline_can_be_added_and_removed():
    assert replace("a\nb", "b", "b\n").text == "a\nb\n"
    assert replace("a\nb\n", "b\n", "b").text == "a\nb"


def test_the_same_old_and_new_text_is_no_change():
    assert refused("a\n", "a", "a").kind == "no_change"


def test_an_empty_old_text_is_refused():
    assert refused("a\n", "", "b").kind == "other"


def test_deleting_removes_the_match_and_no_more():
    assert replace("a\nb\nc\n", "b", "") == Replaced("a\n\nc\n", (Lines(2, 2),))
    assert replace("a\nb\nc\n", "b\n", "") == Replaced("a\nc\n", (Lines(2, 1),))
    assert replace("a\r\nb\r\nc\r\n", "a\nb", "").text == "\r\nc\r\n"
    assert replace("a\r\nb\r\nc\r\n", "a\nb\n", "").text == "c\r\n"
    assert replace("a\nb", "b", "").text == "a\n"
    assert replace("a\nb c\n", "b ", "").text == "a\nc\n"
    assert replace("a\n\nb\nc\n", "\nb", "").text == "a\n\nc\n"
    assert replace("x\na\nx\n", "x", "", replace_all=True).text == "\na\n\n"


def test_a_unique_match_with_blanks_folded_is_taken_and_announced():
    replaced = replace("def f(a,  b):\n    return a \n", "def f(a, b):\n    return a", "def g():")
    assert replaced.text == "def g():\n"
    assert "lines 1-2" in replaced.note
    assert "re-indented" not in replaced.note


def test_folding_takes_whole_lines_only_and_never_joins_them():
    assert refused("x = f(a,  b)  # c\n", "f(a, b)", "g()").kind == "not_found"
    assert refused("a b\n", "a\nb", "c").kind == "not_found"
    assert refused("a\n\nb\n", "a\nb", "c").kind == "not_found"


def test_folding_does_not_join_words_or_fold_other_blanks():
    assert refused("a b\n", "ab", "c").kind == "not_found"
    assert refused("a\u00a0b\n", "a b", "c").kind == "not_found"


def test_two_folded_matches_are_ambiguous_even_with_replace_all():
    error = refused("\tx = 1\n    x = 1\n", "  x =  1", "y", replace_all=True)
    assert error.kind == "ambiguous"
    assert "but for white space" in str(error)


def test_an_exact_match_wins_over_a_folded_one():
    assert replace("  a\nb a\n", "b a", "c").text == "  a\nc\n"


def test_a_dedented_block_is_shifted_to_its_place():
    text = "class A:\n    def f(self):\n        return 1\n"
    old = "def f(self):\n    return 1\n"
    new = "def f(self):\n    if self:\n        return 2\n    return 1\n"
    replaced = replace(text, old, new)
    assert replaced.text == (
        "class A:\n    def f(self):\n        if self:\n            return 2\n        return 1\n"
    )
    assert "re-indented" in replaced.note
    assert replaced.places == (Lines(2, 5),)


def test_blanks_become_tabs_where_the_file_has_tabs():
    text = "func f() {\n\tif x {\n\t\ty()\n\t}\n}\n"
    old = "    if x {\n        y()\n    }"
    new = "    if x {\n        for {\n            y()\n        }\n    }"
    assert replace(text, old, new).text == (
        "func f() {\n\tif x {\n\t\tfor {\n\t\t\ty()\n\t\t}\n\t}\n}\n"
    )


def test_tabs_become_blanks_where_the_file_has_blanks():
    text = "if x:\n  if y:\n    z()\n"
    new = "\tif y:\n\t\tif w:\n\t\t\tz()\n"
    assert replace(text, "\tif y:\n\t\tz()\n", new).text == (
        "if x:\n  if y:\n    if w:\n      z()\n"
    )


def test_four_blanks_become_two_where_the_file_indents_by_two():
    text = "if x:\n  y()\n  if z:\n    w()\n"
    assert replace(text, "    y()", "    if q:\n        y()").text == (
        "if x:\n  if q:\n    y()\n  if z:\n    w()\n"
    )


def test_a_new_line_may_be_shallower_than_all_matched_ones():
    text = "class A:\n    def f(self):\n        x()\n        y()\n"
    assert replace(text, "    x()\n    y()\n", "    x()\nz()\n").text == (
        "class A:\n    def f(self):\n        x()\n    z()\n"
    )


def test_lines_that_stay_keep_the_spelling_of_the_file():
    text = "\tfoo( a )  \r\n\tbar\r\n"
    assert replace(text, "foo( a )\nbar", "foo( a )\nbaz").text == "\tfoo( a )  \r\n\tbaz\r\n"


def test_a_folded_match_at_the_end_keeps_a_missing_final_newline():
    assert replace("a\n\tb", "  b\n", "  c\n").text == "a\n\tc"


def test_deleting_a_folded_match_removes_its_line_end_only_if_that_was_asked():
    assert replace("a\n\tb \nc\n", "  b", "").text == "a\n\nc\n"
    assert replace("a\n\tb \nc\n", "  b\n", "").text == "a\nc\n"


def test_a_folded_match_that_would_change_nothing_is_no_change():
    assert refused("a  b\n", "a b\n", "a  b\n").kind == "no_change"


def test_a_miss_shows_the_nearest_lines_with_tabs_and_trailing_blanks_visible():
    error = refused(
        "import os\n\tdef compute_total(x):  \n\treturn x\n", "def compute_totals(x):", "q"
    )
    assert error.kind == "not_found"
    assert "     2\t→def compute_total(x):··" in str(error)


def test_a_miss_remarks_that_the_new_text_is_there_already():
    error = refused("a = 1\nb = 22\n", "b = 21", "b = 22")
    assert "in the file already, at line 2" in str(error)


def test_a_miss_with_line_numbers_of_read_says_so():
    assert "line numbers" in str(refused("a = 1\nb = 2\n", "     1\ta = 1\n     2\tb = 2", "c"))


@given(texts(), texts(), texts(), st.text(max_size=5))
def test_not_a_byte_outside_the_match_changes(before: str, old: str, after: str, new: str):
    assume(old and not (before.endswith("\r") and old.startswith("\n")))
    assume(not (old.endswith("\r") and after.startswith("\n")))
    text = before + old + after
    try:
        changed = replace(text, old, new).text
    except ToolError as error:
        assert error.kind in ("ambiguous", "no_change")
        return
    assert changed.startswith(before)
    assert changed.endswith(after)


@given(texts(), texts(), texts(), st.text(alphabet="xyz", min_size=1, max_size=5))
def test_an_edit_and_its_reverse_give_the_text_back(before: str, old: str, after: str, mark: str):
    assume(old and not old.endswith("\r") and not before.endswith("\r"))
    text = before + old + after
    try:
        there = replace(text, old, mark)
        back = replace(there.text, mark, old)
    except ToolError as error:
        assert error.kind in ("ambiguous", "no_change")
        return
    assert back.text.replace("\r\n", "\n").replace("\r", "\n") == text.replace(
        "\r\n", "\n"
    ).replace("\r", "\n")


@st.composite
def depths(draw: st.DrawFn) -> list[int]:
    """Depths of nested lines: at most one deeper than the line before, one of them at least."""
    steps = draw(st.lists(st.integers(-2, 1), min_size=1, max_size=6))
    found = [0, 1]
    for step in steps:
        found.append(max(found[-1] + step, 0))
    return found


@given(depths(), st.sampled_from(["\t", "  ", "    "]), st.sampled_from(["\t", "  ", "    "]),
       st.integers(0, 2), st.data())  # fmt: skip
def test_inserted_lines_get_the_depth_that_was_meant(
    levels: list[int], file: str, model: str, shift: int, data: st.DataObject
):
    """The model wrote with another unit, and as if the block stood at the left margin."""
    at = data.draw(st.integers(1, len(levels)))
    depth = data.draw(st.integers(0, levels[at - 1] + 1))
    head = "".join(f"{file * level}head {level}\n" for level in range(shift))

    def block(unit: str, base: int, insert: bool) -> str:
        lines = [f"{unit * (base + level)}line {n}" for n, level in enumerate(levels)]
        lines[at:at] = [f"{unit * (base + depth)}new"] if insert else []
        return "".join(f"{line}\n" for line in lines)

    text, old = head + block(file, shift, False), block(model, 0, False)
    assume(old not in text)
    replaced = replace(text, old, block(model, 0, True))
    assert replaced.text == head + block(file, shift, True)


@given(texts(), texts(), texts(), st.booleans())
def test_an_edit_succeeds_or_fails_with_a_tool_error(t: str, old: str, new: str, every: bool):
    try:
        replaced = replace(t, old, new, every)
    except ToolError as error:
        assert error.kind in ("not_found", "ambiguous", "no_change", "other")
    else:
        assert replaced.text != t
        assert replaced.places


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_exact_edit_in_five_megabytes_is_quick(newline: str):
    line = "    result = compute(alpha, beta)  # of the line" + newline
    text = line * 50_000 + f"the needle{newline}is here{newline}" + line * 50_000
    fastest = min(timed(text, "the needle\nis here", "found\nit") for _ in range(5))
    assert fastest < 0.05


def timed(text: str, old: str, new: str) -> float:
    started = time.perf_counter()
    replace(text, old, new)
    return time.perf_counter() - started


def test_a_miss_in_five_megabytes_is_bounded():
    text = "".join(f"    result_{n} = compute(alpha, beta)  # {n}\n" for n in range(110_000))
    started = time.perf_counter()
    error = refused(text, "    result = compute(alpha, gamma)\n    other = 1\n", "q")
    assert error.kind == "not_found"
    assert time.perf_counter() - started < 3

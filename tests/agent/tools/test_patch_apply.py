"""A patch is planned as a whole, found as the reference finds it, and damages nothing else."""

from collections.abc import Iterable
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.tools.patch import parse
from kedge.agent.tools.patch_apply import PlannedChange, outcome, plan

Files = dict[str, bytes]


def planned(files: Files, *lines: str) -> tuple[PlannedChange, ...]:
    return plan(parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), files.get)


def updated(text: str, *lines: str) -> str:
    (change,) = planned({"f": text.encode()}, "*** Update File: f", *lines)
    assert change.after is not None
    return change.after.decode()


def refused(files: Files, *lines: str) -> ToolError:
    with pytest.raises(ToolError) as caught:
        planned(files, *lines)
    return caught.value


def missed(text: str, *lines: str) -> str:
    error = refused({"f": text.encode()}, "*** Update File: f", *lines)
    assert error.kind == "not_found"
    assert "'f', hunk at line " in str(error)
    return str(error)


def test_each_operation_becomes_one_change():
    files = {"a": b"1\n2\n", "b": b"x\n", "c": b"y\n"}
    changes = planned(
        files,
        "*** Add File: new",
        "+one",
        "*** Delete File: b",
        "*** Update File: a",
        "-1",
        "+one",
        "*** Update File: c",
        "*** Move to: d",
    )
    assert set(changes) == {
        PlannedChange("new", None, None, b"one\n"),
        PlannedChange("b", None, b"x\n", None),
        PlannedChange("a", None, b"1\n2\n", b"one\n2\n"),
        PlannedChange("c", "d", b"y\n", b"y\n"),
    }
    assert outcome(changes) == {
        "new": b"one\n", "b": None, "a": b"one\n2\n", "c": None, "d": b"y\n",
    }  # fmt: skip


def test_a_failing_operation_fails_the_whole_patch():
    error = refused({"a": b"1\n"}, "*** Update File: a", "-1", "+2", "*** Delete File: b")
    assert error.kind == "not_found"
    assert "Line 5" in str(error)


@pytest.mark.parametrize(
    ("old", "note"),
    [
        ("x = 'a'", ""),
        ("x = 'a'  ", "trailing blanks"),
        ("  x = 'a'", "both ends"),
        ("x = ‘a’", "typographic"),
    ],
)
def test_the_four_passes_find_the_place_and_are_noted(old: str, note: str):
    (change,) = planned({"f": b"x = 'a'\n"}, "*** Update File: f", f"-{old}", "+y")
    assert change.after == b"y\n"
    assert note in "".join(change.notes)
    assert bool(change.notes) == bool(note)


def test_a_stricter_pass_wins_over_an_earlier_line():
    assert updated("  a\na\n", "-a", "+b") == "  a\nb\n"


def test_context_lines_stay_as_the_file_has_them():
    text = "\tif x:  \n\t\told — “q”\n\tend\n"
    assert updated(text, " if x:", "-old - \"q\"", "+\t\tnew", " end") == (
        "\tif x:  \n\t\tnew\n\tend\n"
    )  # fmt: skip


def test_the_first_place_behind_the_cursor_is_taken():
    assert updated("a\nb\na\n", "-a", "+A") == "A\nb\na\n"
    assert updated("a\nb\na\n", "@@ b", "-a", "+A") == "a\nb\nA\n"


def test_stacked_anchors_narrow_the_place():
    text = "class A:\n  def f():\n    x\nclass B:\n  def g():\n    x\n  def f():\n    x\n"
    assert updated(text, "@@ class B:", "@@ def f():", "-    x", "+    y") == (
        "class A:\n  def f():\n    x\nclass B:\n  def g():\n    x\n  def f():\n    y\n"
    )


def test_hunks_are_applied_in_order():
    text = "".join(f"{n}\n" for n in range(9))
    assert updated(text, "@@", "-1", "@@", "-3", "+c", "+d", "@@", " 7", "+e") == (
        "0\n2\nc\nd\n4\n5\n6\n7\ne\n8\n"
    )


def test_hunks_out_of_order_are_refused_and_told_so():
    message = missed("a\nb\n", "@@", "-b", "+B", "@@", "-a", "+A")
    assert "line 1" in message
    assert "in the order of the file" in message


def test_an_anchor_that_is_repeated_as_context_is_explained():
    assert "A line after @@ stands in front" in missed(
        "def f():\n  x\n", "@@ def f():", " def f():", "-  x"
    )


def test_a_missing_anchor_is_quoted():
    assert "'def g():', which stands after @@" in missed("def f():\n", "@@ def g():", "-x")


def test_line_numbers_of_unified_diffs_are_explained():
    assert "Line numbers are not part" in missed("a\n", "@@ -1,2 +1,2 @@", "-a", "+b")


def test_a_missing_place_shows_the_nearest_lines():
    assert "     2\tvalue = compute(1)" in missed("x\nvalue = compute(1)\n", "-value = compute(2)")


def test_end_of_file_looks_at_the_end_only():
    assert updated("a\nb\na\n", "@@", "-a", "+A", "*** End of File") == "a\nb\nA\n"
    message = missed("a\nb\n", "@@", "-a", "+A", "*** End of File")
    assert "not at the end" in message
    assert "line 1" in message


def test_lines_without_a_place_go_to_the_end():
    assert updated("a\n", "@@", "+b") == "a\nb\n"
    assert updated("", "+b") == "b\n"
    assert updated("a\nb\n", "@@", "+z", "@@", "-a", "+A") == "A\nb\nz\n"


def test_lines_with_nothing_but_an_anchor_go_behind_it():
    assert updated("a\nb\n", "@@ a", "+x") == "a\nx\nb\n"


def test_an_empty_line_before_the_next_operation_is_no_obstacle():
    changes = planned(
        {"f": b"a\nb\n"}, "*** Update File: f", "-a", "+A", "", "", "*** Add File: g", "+x"
    )
    assert outcome(changes)["f"] == b"A\nb\n"


def test_removing_the_nothing_behind_the_last_line_end_is_no_obstacle():
    assert updated("a\nb\n", " b", "-", "+c") == "a\nb\nc\n"
    missed("b\na\n", " b", "-", "+c")


def test_line_ends_stay_and_new_lines_end_as_those_they_replace_or_follow():
    text = "a\r\nb\nc\rd\r\n"
    assert updated(text, " a", "-b", "+B", "+BB", " c", "+C", " d") == (
        "a\r\nB\nBB\nc\rC\rd\r\n"
    )  # fmt: skip
    assert updated("a\r\nb\r\n", "+new", " a") == "new\r\na\r\nb\r\n"


def test_a_missing_final_newline_stays_where_the_last_line_stays_or_is_replaced():
    assert updated("a\nb", "-a", "+A", " b") == "A\nb"
    assert updated("a\nlast", "-last", "+LAST") == "a\nLAST"
    assert updated("a\r\nb", "-b", "+B", "+C") == "a\r\nB\r\nC"
    assert updated("a\nb", " a", "+B", "-b") == "a\nB"
    assert updated("a\nb", "@@", "-a", "+A", "@@", "-b", "+B", "*** End of File") == "A\nB"


def test_a_line_behind_a_last_one_that_stays_ends_with_a_newline():
    assert updated("a\r\nb", " b", "+c") == "a\r\nb\r\nc\r\n"
    assert updated("a\nb", "@@", "+c") == "a\nb\nc\n"
    assert updated("a\nb", " a", "-b") == "a\n"


def test_encoding_and_byte_order_mark_survive():
    before = b"\xff\xfe" + "é\r\nx\r\n".encode("utf-16-le")
    (change,) = planned({"f": before}, "*** Update File: f", "-x", "+ü")
    assert change.after == b"\xff\xfe" + "é\r\nü\r\n".encode("utf-16-le")


def test_a_character_that_the_encoding_lacks_is_refused():
    error = refused({"f": b"caf\xe9\n"}, "*** Update File: f", "+→")
    assert error.kind == "other"
    assert "'f'" in str(error)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (("*** Add File: a", "+x"), "conflict"),
        (("*** Add File: ./a", "+x"), "conflict"),
        (("*** Update File: a", "*** Move to: b", "-1", "+2"), "conflict"),
        (("*** Update File: a", "*** Move to: a", "-1", "+2"), "conflict"),
        (("*** Add File: n", "+x", "*** Add File: n", "+y"), "conflict"),
        (("*** Delete File: n",), "not_found"),
        (("*** Update File: n", "-1"), "not_found"),
        (("*** Delete File: a", "*** Update File: a", "-1"), "not_found"),
        (("*** Delete File: a", "*** Delete File: a"), "not_found"),
        (("*** Update File: a", "*** Move to: n", "*** Delete File: a"), "not_found"),
        (("*** Update File: a", " 1"), "no_change"),
        (("*** Update File: a", "-1", "+1"), "no_change"),
        (("*** Add File: n", "+x", "*** Delete File: n"), "no_change"),
        (("*** Update File: bin", "-1", "+2"), "binary"),
    ],
)
def test_what_cannot_be_done_is_refused(lines: tuple[str, ...], kind: str):
    assert refused({"a": b"1\n", "b": b"2\n", "bin": b"\x00\x01"}, *lines).kind == kind


def test_a_binary_file_can_be_moved_and_deleted():
    files = {"a": b"\0", "b": b"\1\0"}
    changes = planned(files, "*** Update File: a", "*** Move to: c", "*** Delete File: b")
    assert outcome(changes) == {"a": None, "c": b"\0", "b": None}


def test_a_file_may_be_updated_twice():
    (change,) = planned(
        {"f": b"a\nb\n"}, "*** Update File: f", "-b", "+B", "*** Update File: ./f", "-a", "+B"
    )
    assert change == PlannedChange("f", None, b"a\nb\n", b"B\nB\n")


def test_later_operations_see_the_files_as_earlier_ones_leave_them():
    changes = planned(
        {"a": b"1\n", "b": b"2\n"},
        "*** Update File: a",
        "*** Move to: tmp",
        "*** Update File: b",
        "*** Move to: a",
        "*** Update File: tmp",
        "*** Move to: b",
        "-1",
        "+one",
    )
    assert set(changes) == {
        PlannedChange("b", "a", b"2\n", b"2\n"),
        PlannedChange("a", "b", b"1\n", b"one\n"),
    }
    assert outcome(changes) == {"a": b"2\n", "b": b"one\n"}


def test_a_deleted_file_may_be_added_again():
    changes = planned({"a": b"1\n"}, "*** Delete File: a", "*** Add File: a", "+2")
    assert changes == (PlannedChange("a", None, b"1\n", b"2\n"),)


def test_an_added_file_may_be_changed_and_moved():
    changes = planned(
        {}, "*** Add File: a", "+1", "*** Update File: a", "*** Move to: b", "-1", "+2"
    )
    assert changes == (PlannedChange("b", None, None, b"2\n"),)


def test_a_moved_file_that_is_deleted_is_a_deletion_of_the_original():
    changes = planned({"a": b"1\n"}, "*** Update File: a", "*** Move to: b", "*** Delete File: b")
    assert changes == (PlannedChange("a", None, b"1\n", None),)


def test_each_file_is_read_once():
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return b"a\nb\n"

    lines = "*** Update File: f\n-a\n*** Update File: f\n-b\n+c"
    plan(parse(f"*** Begin Patch\n{lines}\n*** End Patch"), read)
    assert asked == ["f"]


Line = tuple[str, str]
"""A line's content and its end."""


def hunks(old: list[str], new: list[str], context: int) -> Iterable[str]:
    """A V4A update of two lists of lines, with `context` lines around each change."""
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context):
        yield "@@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i1:i2])
            else:
                yield from (f"-{line}" for line in old[i1:i2])
                yield from (f"+{line}" for line in new[j1:j2])


UNIQUE = st.lists(st.integers(0, 60), max_size=25, unique=True)
CONTENT = st.sampled_from(["", " ", "a", "\ta", "a ", "— b", "*** End Patch", "@@", "+", "é\f"])
ENDS = st.sampled_from([["\n", "\r\n"], ["\r"]])
FILES = ENDS.flatmap(
    lambda ends: st.lists(st.tuples(CONTENT, st.sampled_from(ends)), min_size=1, max_size=8)
)


@given(UNIQUE, UNIQUE, st.integers(1, 3))
def test_a_patch_of_two_texts_turns_the_first_into_the_second(
    a: list[int], b: list[int], context: int
):
    old, new = sorted(a), sorted(b)
    before, after = ([f"line {n}" for n in lines] for lines in (old, new))
    if before == after:
        return
    text = updated("".join(f"{line}\n" for line in before), *hunks(before, after, context))
    assert text == "".join(f"{line}\n" for line in after)


@given(FILES, st.lists(CONTENT, max_size=8))
def test_a_patch_of_the_whole_file_gives_the_second_text_and_keeps_line_ends(
    before: list[Line], after: list[str]
):
    old = [content for content, _ in before]
    if old == after:
        return
    result = updated("".join(map("".join, before)), *hunks(old, after, 99))
    assert result.replace("\r\n", "\n").replace("\r", "\n") == "".join(f"{x}\n" for x in after)


@given(FILES, st.data(), st.booleans())
def test_no_byte_outside_the_changed_lines_changes(
    before: list[Line], data: st.DataObject, ended: bool
):
    if not ended and before[-1][0]:
        before[-1] = (before[-1][0], "")
    at = data.draw(st.integers(0, len(before) - 1))
    lines = [f" {content}" for content, _ in before]
    lines[at : at + 1] = [f"-{before[at][0]}", "+new"]
    written = ["".join(line) for line in before]
    result = updated("".join(written), "@@", *lines)
    written[at] = "new" + before[at][1]
    assert result == "".join(written)

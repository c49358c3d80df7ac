"""What is shown of a text is right, numbered and bounded."""

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedge.agent.tools.excerpt import Diff, clip, diff, excerpt, nearest, numbered

TEN = "".join(f"line {n}\n" for n in range(1, 11))


def test_lines_are_numbered_in_a_column_of_six():
    assert numbered(["a", "b"], 9) == "     9\ta\n    10\tb"


def test_an_excerpt_shows_the_change_with_its_context():
    assert excerpt(TEN, 5, 6, context=1) == (
        "     4\tline 4\n     5\tline 5\n     6\tline 6\n     7\tline 7"
    )
    assert excerpt(TEN, 1, 1, context=1) == "     1\tline 1\n     2\tline 2"
    assert excerpt(TEN, 10, 10, context=1) == "     9\tline 9\n    10\tline 10"


def test_a_deletion_shows_the_lines_around_the_gap():
    assert excerpt(TEN, 5, 4, context=1) == "     4\tline 4\n     5\tline 5"


def test_a_long_excerpt_leaves_out_its_middle():
    shown = excerpt(TEN, 1, 10, max_lines=4).split("\n")
    assert shown == [
        "     1\tline 1",
        "     2\tline 2",
        "   ...\t(6 lines not shown)",
        "     9\tline 9",
        "    10\tline 10",
    ]


def test_an_empty_file_is_named():
    assert excerpt("", 1, 0) == "(the file is empty now)"


def test_a_long_line_is_cut_visibly():
    assert clip("x" * 12, 10) == "x" * 10 + " [+2 characters]"
    assert clip("x" * 10, 10) == "x" * 10


def test_the_nearest_lines_are_where_most_is_equal():
    text = "alpha one\nbeta\n\nalpha one\nalpha two\nbeta\n"
    assert nearest(text, "  alpha two\nbeta2") == "     5\talpha two\n     6\tbeta"


def test_a_single_similar_line_is_found_letter_by_letter():
    assert nearest("x\n\tport = 8081 \ny\n", "port = 8080") == "     2\t→port = 8081·"


@pytest.mark.parametrize(
    ("text", "wanted", "shown"),
    [
        ("one\nTWO\n", "two", "     2\tTWO"),
        ("one\nTWO\n", "TWOO", "     2\tTWO"),
        ("one\ntwo\n", "tow", "     2\ttwo"),
        (
            "def f():\n    if x:\n        return 1\n    return 3\n",
            "    if x:\n        returns 1\n    return 3",
            "     2\t    if x:\n     3\t        return 1\n     4\t    return 3",
        ),
        ("x\n" * 5_000 + "retrun self.totla\n", "return self.total", "  5001\tretrun self.totla"),
        (
            "x\nif a:\n" + "y" * 90 + "\n",
            "if a:\n" + "z" * 90,
            "     2\tif a:\n     3\t" + "y" * 90,
        ),
    ],
)
def test_case_short_lines_and_misspelt_words_are_no_obstacle(text: str, wanted: str, shown: str):
    assert nearest(text, wanted) == shown


@pytest.mark.parametrize("wanted", ["    result = compute(alpha, gamma)\n    other = 1\n", "}\n"])
def test_the_nearest_lines_of_five_megabytes_are_found_quickly(wanted: str):
    text = "".join(f"    result_{n} = compute(alpha, beta)  # {n}\n" for n in range(100_000))
    assert min(timed(text, wanted) for _ in range(3)) < 0.5


def timed(text: str, wanted: str) -> float:
    started = time.perf_counter()
    nearest(text, wanted)
    return time.perf_counter() - started


def test_nothing_alike_gives_nothing():
    assert nearest("x\ny\n", "completely different") == ""
    assert nearest("", "a") == ""
    assert nearest("a\n", "") == ""


def test_a_diff_of_equal_texts_is_empty():
    assert diff("a\n", "a\n", "f") == Diff("", 0, 0)


def test_a_diff_has_hunks_with_context_and_counts():
    after = TEN.replace("line 5\n", "five\nfive and a half\n")
    assert diff(TEN, after, "d/f", context=1) == Diff(
        "--- a/d/f\n+++ b/d/f\n@@ -4,3 +4,4 @@\n line 4\n-line 5\n+five\n+five and a half\n"
        " line 6\n",
        2,
        1,
    )


def test_a_missing_final_newline_is_marked():
    assert diff("a", "a\n", "f").text.endswith(
        "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"
    )


def test_a_long_diff_is_cut_but_counted_in_full():
    made = diff("", TEN, "f", max_lines=3)
    assert made.cut
    assert (made.added, made.removed) == (10, 0)
    assert made.text.endswith("+line 2\n... (the rest of the diff is not shown)\n")


def test_a_huge_change_is_one_block():
    old, new = ("".join(f"{tag}{n % 7}\n" for n in range(50_000)) for tag in "ab")
    made = diff("same\n" + old, "same\n" + new, "f")
    assert (made.added, made.removed, made.cut) == (50_000, 50_000, True)


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\n"]), max_size=20).map("".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("diff")


@settings(max_examples=30, deadline=None)
@given(LINES, LINES, st.sampled_from(["", "end"]), st.sampled_from(["", "end"]), st.integers(1, 3))
def test_git_applies_the_diff(folder: Path, a: str, b: str, x: str, y: str, context: int):
    before, after = a + x, b + y
    made = diff(before, after, "f", context=context)
    if not made.text:
        assert before == after
        return
    (folder / "f").write_text(before, newline="")
    command = ["git", "apply", f"-C{context}", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=folder, input=made.text.encode(), check=True, capture_output=True)
    result = (folder / "f").read_text() if (folder / "f").exists() else ""
    assert result == after

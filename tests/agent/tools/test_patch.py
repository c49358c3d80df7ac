"""The V4A grammar: what is accepted, and that the rest is refused with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.tools.patch import Add, Delete, Hunk, Patch, PatchLine, Update, parse


def refused(text: str) -> str:
    with pytest.raises(ToolError) as caught:
        parse(text)
    assert caught.value.kind == "bad_patch"
    return str(caught.value)


def framed(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


def hunk_of(*lines: str) -> Hunk:
    operation = parse(framed("*** Update File: a", *lines)).operations[0]
    assert isinstance(operation, Update)
    return operation.hunks[0]


FULL = framed(
    "*** Add File: new.py",
    "+one",
    "+",
    "*** Delete File: old file.py",
    "*** Update File: a.py",
    "*** Move to: dir/b.py",
    "@@ class A:",
    "@@     def f(self):",
    " context",
    "-gone",
    "+come",
    "",
    "@@",
    "-last",
    "*** End of File",
    "*** Add File: empty",
)


def test_a_patch_with_everything_is_read():
    assert parse(FULL) == Patch(
        (
            Add("new.py", "one\n\n", 2),
            Delete("old file.py", 5),
            Update(
                "a.py",
                "dir/b.py",
                (
                    Hunk(
                        ("class A:", "    def f(self):"),
                        (
                            PatchLine(" ", "context"),
                            PatchLine("-", "gone"),
                            PatchLine("+", "come"),
                            PatchLine(" ", ""),
                        ),
                        False,
                        8,
                    ),
                    Hunk((), (PatchLine("-", "last"),), True, 14),
                ),
                6,
            ),
            Add("empty", "", 17),
        )
    )


def test_every_named_path_is_listed_once():
    assert parse(FULL).paths == ("new.py", "old file.py", "a.py", "dir/b.py", "empty")


@pytest.mark.parametrize("opening", ["<<EOF", "<<'EOF'", '<<"EOF"', "apply_patch <<'EOF'"])
def test_a_here_document_around_the_frame_is_peeled_off(opening: str):
    assert parse(f"{opening}\n{FULL}\nEOF\n").paths == parse(FULL).paths


def test_blanks_around_the_frame_and_crlf_line_ends_do_not_matter():
    assert parse("\n  \n" + FULL + "\n\n").paths == parse(FULL).paths
    assert parse(FULL.replace("\n", "\r\n")) == parse(FULL)


def test_the_first_hunk_may_leave_its_marker_out():
    assert hunk_of(" a", "-b") == Hunk((), (PatchLine(" ", "a"), PatchLine("-", "b")), False, 3)


def test_an_empty_line_is_an_empty_context_line():
    assert hunk_of("@@", " a", "", "-b").old == ["a", "", "b"]
    assert hunk_of("", "-b").old == ["", "b"]


def test_a_form_feed_or_an_odd_separator_does_not_end_a_line():
    assert hunk_of("-a\f\u2028b").old == ["a\f\u2028b"]


def test_lines_that_look_like_markers_are_content_behind_their_tag():
    lines = ("+*** End Patch", " @@ x", "-*** Update File: b")
    assert [line.text for line in hunk_of(*lines).lines] == [line[1:] for line in lines]


def test_a_move_needs_no_hunk_but_an_update_does():
    patch = parse(framed("*** Update File: a", "*** Move to: b"))
    assert patch.operations == (Update("a", "b", (), 2),)
    assert "Line 3" in refused(framed("*** Update File: a"))


def test_blank_lines_may_separate_operations():
    patch = framed("*** Add File: a", "+x", "", "*** Delete File: b", "", "*** Delete File: c")
    assert len(parse(patch).operations) == 3


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 2, "*** Begin Patch"),
        ("hello", 1, "*** Begin Patch"),
        ("Here it is:\n" + FULL, 1, "*** Begin Patch"),
        ("*** Begin Patch\n*** Delete File: a", 2, "*** End Patch"),
        (framed("*** Delete File: a") + "\nDone.", 4, "*** End Patch"),
        (framed(), 2, "*** Add File"),
        (framed("*** Rename File: a"), 2, "*** Add File"),
        (framed("*** Delete File:  "), 2, "a path"),
        (framed("*** Delete File: a", "-x"), 3, "*** Add File"),
        (framed("*** Add File: a", "+x", "y"), 4, "begins with +"),
        (framed("*** Add File: a", "+x", "", "+y"), 4, "begins with +"),
        (framed("*** Add File: a", "*** Move to: b"), 3, "begins with +"),
        (framed("*** Update File: a", "*** Move to:", "-x"), 3, "a path"),
        (framed("*** Update File: a", "x"), 3, "begins with a blank"),
        (framed("*** Update File: a", "@@", "-x", "y"), 5, "a blank, - or +"),
        (framed("*** Update File: a", "@@ f"), 4, "a line of the hunk"),
        (framed("*** Update File: a", "@@", "*** End of File"), 4, "a line of the hunk"),
        (framed("*** Update File: a", "@@", "-x", "*** End of File", "-y"), 6, "@@"),
        (framed("*** Update File: a", "@@", "-x", "*** Unknown: b"), 5, "a blank, - or +"),
        (framed("*** Update File: a", "@@x", "-x"), 3, "@@"),
        (framed("*** Delete File: a", "*** End Patch", "*** Begin Patch"), 3, "*** Add File"),
        ("<<EOF\n" + FULL, 19, "EOF"),
    ],
)
def test_a_broken_patch_is_refused_with_its_line(text: str, line: int, expected: str):
    message = refused(text)
    assert message.startswith(f"Line {line} of the patch: expected ")
    assert expected in message


LINES = st.lists(
    st.sampled_from(
        ["@@", "@@ f", " a", "-b", "+c", "", "x", "*** End of File", "*** Add File: p",
         "*** Delete File: p", "*** Update File: p", "*** Move to: q", "*** End Patch"]
    ),
    max_size=12,
)  # fmt: skip


@given(LINES)
def test_no_line_is_ever_skipped(lines: list[str]):
    try:
        patch = parse(framed(*lines))
    except ToolError as error:
        assert error.kind == "bad_patch"
        return
    tagged = [line for line in lines if line[:1] in ("+", "-", " ") and line]
    kept: list[str] = []
    for operation in patch.operations:
        if isinstance(operation, Add):
            kept += [f"+{line}" for line in operation.text.splitlines()]
        elif isinstance(operation, Update):
            kept += [line.tag + line.text for hunk in operation.hunks for line in hunk.lines]
    assert [line for line in kept if line != " "] == tagged
    markers = [line for line in lines if line.startswith(("*** A", "*** D", "*** U"))]
    assert len(markers) == len(patch.operations)

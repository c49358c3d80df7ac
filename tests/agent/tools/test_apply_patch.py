"""`apply_patch`: all or nothing on real files, what must have been seen, and what is told."""

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.ports import Output
from kedge.agent.tools.function import FunctionTool

Call = Callable[..., Output]
Told = Callable[..., str]
Refused = Callable[..., ToolError]
Tree = dict[str, bytes]


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


def replaced(path: str, old: str, new: str) -> str:
    return patch(f"*** Update File: {path}", "@@", f"-{old}", f"+{new}")


def tree(folder: Path) -> Tree:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def files(work: Path) -> Path:
    """Three files that nobody has read."""
    (work / "a.py").write_text("def f():\n    return 1\n")
    (work / "b.txt").write_text("one\ntwo\nthree\n")
    (work / "c.txt").write_text("see\n")
    return work


@pytest.fixture
def known(files: Path, call: Call) -> Path:
    """The same, after they were read."""
    for name in ("a.py", "b.txt", "c.txt"):
        call("read", file_path=name)
    return files


def test_adding_updating_moving_and_deleting_happen_together(known: Path, call: Call, told: Told):
    (known / "c.txt").chmod(0o750)
    text = told(
        "apply_patch",
        patch=patch(
            "*** Add File: new/d.txt",
            "+hello",
            "*** Update File: a.py",
            "@@ def f():",
            "-    return 1",
            "+    return 2",
            "*** Update File: c.txt",
            "*** Move to: moved/c.txt",
            "@@",
            "-see",
            "+saw",
            "*** Delete File: b.txt",
        ),
    )
    assert tree(known) == {
        "a.py": b"def f():\n    return 2\n",
        "moved/c.txt": b"saw\n",
        "new/d.txt": b"hello\n",
    }
    assert (known / "moved/c.txt").stat().st_mode & 0o777 == 0o750
    assert text == (
        "A new/d.txt\n     1\thello\nM a.py\n     1\tdef f():\n     2\t    return 2\n"
        "R c.txt -> moved/c.txt\n     1\tsaw\nD b.txt"
    )


def test_the_record_says_what_became_of_each_file(known: Path, call: Call):
    output = call(
        "apply_patch",
        patch=patch(
            "*** Update File: c.txt",
            "*** Move to: d.txt",
            "*** Delete File: b.txt",
            "*** Add File: e.txt",
            "+x",
        ),
    )
    told = {(c.path, c.change, c.moved_from, c.added, c.removed) for c in output.changes}
    assert told == {
        ("d.txt", "moved", "c.txt", 0, 0),
        ("b.txt", "deleted", "", 0, 3),
        ("e.txt", "created", "", 1, 0),
    }


CHANGE_A = ("*** Update File: a.py", "@@", "-    return 1", "+    return 2")


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (("*** Update File: b.txt", "@@", "-nowhere", "+x"), "not_found"),
        (("*** Update File: missing", "@@", "-a", "+b"), "not_found"),
        (("*** Delete File: missing",), "not_found"),
        (("*** Add File: b.txt", "+x"), "conflict"),
        (("*** Update File: b.txt", "*** Move to: c.txt"), "conflict"),
        (("*** Update File: alias", "@@", "-    return 1", "+    return 3"), "conflict"),
        (("*** Update File: tool", "@@", "-ELF", "+x"), "binary"),
        (("*** Update File: b.txt", "@@", " one", "+two", "-two"), "no_change"),
        (("*** Add File: ../x", "+x"), "outside_workspace"),
        (("*** Update File: b.txt", "*** Move to: ../b.txt"), "outside_workspace"),
        (("*** Delete File: link",), "outside_workspace"),
        (("*** Delete File: folder",), "other"),
        (("*** Add File: folder", "+x"), "other"),
        (("*** Add File: b.txt/inner", "+x"), "other"),
        (("*** Update File: b.txt", "@@", "*unknown"), "bad_patch"),
    ],
)
def test_one_bad_operation_in_the_middle_undoes_the_whole(
    files: Path, tmp_path: Path, refused: Refused, lines: tuple[str, ...], kind: str
):
    (files / "folder").mkdir()
    (files / "tool").write_bytes(b"\x7fELF\0")
    (tmp_path / "secret").write_text("no\n")
    (files / "link").symlink_to(tmp_path / "secret")
    (files / "alias").symlink_to("a.py")
    before = tree(tmp_path)
    text = patch("*** Add File: first", "+1", *CHANGE_A, *lines, "*** Add File: last", "+2")
    assert refused("apply_patch", patch=text).kind == kind
    assert tree(tmp_path) == before


def test_a_disk_that_refuses_in_the_middle_undoes_the_whole(
    known: Path, call: Call, refused: Refused
):
    before = tree(known)
    big = [f"+{n:>9}" for n in range(20_000)]
    text = patch(*CHANGE_A, "*** Add File: dir/big", *big, "*** Delete File: b.txt")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        error = refused("apply_patch", patch=text)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (error.kind, "dir/big" in str(error)) == ("other", True)
    assert tree(known) == before
    assert sorted(os.listdir(known)) == ["a.py", "b.txt", "c.txt"]
    call("edit", file_path="a.py", old_string="return 1", new_string="return 2")


def test_paths_are_judged_before_anything_runs(files: Path, tools: dict[str, FunctionTool]):
    tool = tools["apply_patch"]
    (files / "alias").symlink_to("a.py")
    text = patch("*** Delete File: alias", "*** Update File: b.txt", "*** Move to: d/e")
    arguments = tool.parse(json.dumps({"patch": text}))
    root = files.resolve()
    assert [(effect.kind, effect.target) for effect in tool.effects(arguments)] == [
        ("write", str(root / name)) for name in ("a.py", "alias", "b.txt", "d/e")
    ]
    for bad, kind in ((patch("*** Add File: /x", "+x"), "outside_workspace"), ("x", "bad_patch")):
        with pytest.raises(ToolError) as caught:
            tool.effects(tool.parse(json.dumps({"patch": bad})))
        assert caught.value.kind == kind


def test_a_file_changed_since_it_was_read_is_refused(files: Path, call: Call, refused: Refused):
    call("read", file_path="b.txt")
    before = (files / "b.txt").stat()
    (files / "b.txt").write_text("one\ntwo\nthreE\n")
    os.utime(files / "b.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    for text in (
        replaced("b.txt", "one", "1"),
        patch("*** Delete File: b.txt"),
        patch("*** Update File: b.txt", "*** Move to: d.txt"),
    ):
        assert refused("apply_patch", patch=text).kind == "stale"
    call("read", file_path="b.txt")
    call("apply_patch", patch=replaced("b.txt", "one", "1"))
    assert (files / "b.txt").read_text() == "1\ntwo\nthreE\n"


def test_a_file_that_was_not_read_needs_lines_that_are_in_one_place_only(
    files: Path, call: Call, refused: Refused
):
    (files / "b.txt").write_text("one\ntwo\n\nthree\none\n")
    error = refused("apply_patch", patch=replaced("b.txt", "one", "1"))
    assert (error.kind, "Read it first" in str(error)) == ("stale", True)
    call("read", file_path="b.txt")
    call("apply_patch", patch=replaced("b.txt", "one", "1"))
    assert (files / "b.txt").read_text() == "1\ntwo\n\nthree\none\n"


@pytest.mark.parametrize(
    "hunk",
    [
        ("@@", " two", "-one", "+1"),
        ("@@ two", "-one", "+1"),
        ("@@", "-one", "+1", "*** End of File"),
        ("@@", " two", "-one", "+1", ""),
    ],
)
def test_an_unread_file_may_be_patched_where_the_place_is_certain(
    files: Path, call: Call, hunk: tuple[str, ...]
):
    (files / "b.txt").write_text("one\ntwo\none\n")
    call("apply_patch", patch=patch("*** Update File: b.txt", *hunk))
    assert (files / "b.txt").read_text() == "one\ntwo\n1\n"


def test_lines_may_be_appended_to_an_unread_file(files: Path, call: Call):
    call("apply_patch", patch=patch("*** Update File: b.txt", "@@", "+four"))
    assert (files / "b.txt").read_text() == "one\ntwo\nthree\nfour\n"


def test_folded_lines_are_found_only_in_a_file_that_was_read(
    files: Path, call: Call, told: Told, refused: Refused
):
    text = patch("*** Update File: a.py", "@@", "-  return 1", "+    return 2")
    assert refused("apply_patch", patch=text).kind == "stale"
    call("read", file_path="a.py")
    assert "blanks at both ends ignored" in told("apply_patch", patch=text).splitlines()[-1]
    assert (files / "a.py").read_text() == "def f():\n    return 2\n"


MOVE_C = ("*** Update File: c.txt", "*** Move to: d.txt")


@pytest.mark.parametrize("lines", [("*** Delete File: c.txt",), MOVE_C])
def test_a_file_that_was_not_read_is_neither_deleted_nor_moved(
    files: Path, call: Call, refused: Refused, lines: tuple[str, ...]
):
    before = tree(files)
    error = refused("apply_patch", patch=patch(*CHANGE_A, *lines))
    assert (error.kind, "Read it first" in str(error)) == ("stale", True)
    assert tree(files) == before
    call("read", file_path="c.txt")
    call("apply_patch", patch=patch(*lines))
    assert not (files / "c.txt").exists()


def test_an_unread_file_may_be_moved_with_a_change_whose_place_is_certain(files: Path, call: Call):
    call("apply_patch", patch=patch(*MOVE_C, "@@", "-see", "+saw"))
    assert (files / "d.txt").read_text() == "saw\n"


def test_what_a_patch_wrote_counts_as_seen(known: Path, call: Call, refused: Refused):
    call(
        "apply_patch",
        patch=patch("*** Add File: d", "+x", *CHANGE_A, "*** Update File: c.txt", "*** Move to: e"),
    )
    for path in ("d", "a.py", "e"):
        call("write", file_path=path, content="new\n")
    (known / "c.txt").write_text("another\n")
    assert refused("write", file_path="c.txt", content="new\n").kind == "stale"


def test_the_first_file_of_a_patch_that_fails_is_still_known(
    files: Path, call: Call, refused: Refused
):
    call("read", file_path="a.py")
    text = patch(*CHANGE_A, "*** Delete File: missing")
    assert refused("apply_patch", patch=text).kind == "not_found"
    call("apply_patch", patch=patch(*CHANGE_A))
    assert (files / "a.py").read_text() == "def f():\n    return 2\n"


def test_files_can_change_places_and_keep_their_modes(known: Path, call: Call):
    (known / "b.txt").chmod(0o700)
    (known / "c.txt").chmod(0o640)
    call(
        "apply_patch",
        patch=patch(
            "*** Update File: b.txt",
            "*** Move to: temporary",
            "*** Update File: c.txt",
            "*** Move to: b.txt",
            "*** Update File: temporary",
            "*** Move to: c.txt",
            "@@",
            "-one",
            "+1",
        ),
    )
    assert tree(known) == {
        "a.py": b"def f():\n    return 1\n",
        "b.txt": b"see\n",
        "c.txt": b"1\ntwo\nthree\n",
    }
    assert [(known / name).stat().st_mode & 0o777 for name in ("b.txt", "c.txt")] == [0o640, 0o700]


@pytest.mark.parametrize(
    "lines",
    [
        ("*** Delete File: b.txt", "*** Update File: c.txt", "*** Move to: b.txt"),
        (
            "*** Update File: b.txt",
            "*** Move to: d",
            "*** Update File: c.txt",
            "*** Move to: b.txt",
        ),
    ],
)
def test_a_file_can_move_to_a_place_that_becomes_free(
    known: Path, call: Call, lines: tuple[str, ...]
):
    call("apply_patch", patch=patch(*lines))
    assert (known / "b.txt").read_text() == "see\n"
    assert not (known / "c.txt").exists()


def test_a_new_file_can_take_the_place_of_a_moved_one(known: Path, call: Call):
    text = patch(
        "*** Update File: b.txt", "*** Move to: old/b.txt", "*** Add File: b.txt", "+fresh"
    )
    call("apply_patch", patch=text)
    assert (known / "b.txt").read_text() == "fresh\n"
    assert (known / "old/b.txt").read_text() == "one\ntwo\nthree\n"


def test_a_link_is_deleted_or_renamed_itself_and_updated_at_its_target(known: Path, call: Call):
    (known / "sub").mkdir()
    for name in ("first", "second", "third"):
        (known / name).symlink_to("c.txt")
    call(
        "apply_patch",
        patch=patch(
            *("*** Delete File: first", "*** Update File: second", "*** Move to: renamed"),
            *("*** Update File: third", "@@", "-see", "+saw"),
        ),
    )
    assert (known / "c.txt").read_text() == "saw\n"
    assert not (known / "first").is_symlink()
    assert (known / "renamed").is_symlink() and (known / "third").is_symlink()


def test_line_ends_and_encoding_survive(files: Path, call: Call):
    (files / "b.txt").write_bytes("é\r\ntwo\r\n".encode("utf-16"))
    call("apply_patch", patch=replaced("b.txt", "two", "zwei"))
    assert (files / "b.txt").read_bytes() == "é\r\nzwei\r\n".encode("utf-16")


def test_binary_files_can_be_moved_and_deleted(files: Path, call: Call):
    for name in ("x.bin", "y.bin"):
        (files / name).write_bytes(b"\x7fELF\0")
    text = patch("*** Delete File: x.bin", "*** Update File: y.bin", "*** Move to: z.bin")
    call("apply_patch", patch=text)
    assert (files / "z.bin").read_bytes() == b"\x7fELF\0"
    assert not (files / "x.bin").exists()


def test_new_syntax_errors_are_named_with_their_file(files: Path, told: Told):
    text = told(
        "apply_patch",
        patch=patch("*** Add File: x.json", "+{,}", *CHANGE_A[:-1], "+    return (2"),
    )
    assert "New syntax error: x.json: line 1" in text
    assert "New syntax error: a.py: line 2" in text


def test_long_results_are_bounded(call: Call):
    names = [f"f{n}.txt" for n in range(40)]
    adds = [line for name in names for line in (f"*** Add File: {name}", *["+x" * 300] * 30)]
    output = call("apply_patch", patch=patch(*adds))
    text = "".join(getattr(part, "text", "") for part in output.content)
    assert all(f"A {name}\n" in text + "\n" for name in names)
    assert text.count("\n") < 110
    assert text.endswith("Changed places not shown here: 31.")
    assert len(output.changes) == 40


LINE = st.text("ab\t é→", max_size=4)


@given(before=st.lists(LINE, min_size=1, max_size=12), after=st.lists(LINE, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_patch_and_its_inverse_restore_the_file(
    work: Path, call: Call, before: list[str], after: list[str]
):
    if before == after:
        return
    old, new = "".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)
    (work / "any").write_text(old, newline="")
    call("read", file_path="any")
    removed, added = [f"-{line}" for line in before], [f"+{line}" for line in after]
    call("apply_patch", patch=patch("*** Update File: any", "@@", *removed, *added))
    assert (work / "any").read_text() == new
    back = [f"-{line}" for line in after], [f"+{line}" for line in before]
    call("apply_patch", patch=patch("*** Update File: any", "@@", *back[0], *back[1]))
    assert (work / "any").read_text() == old

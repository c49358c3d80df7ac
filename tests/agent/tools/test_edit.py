"""`edit`: the staleness rule, what survives a change, kinds of errors, and what is told."""

import codecs
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.effects import Effect, FileChange
from kedge.agent.errors import ToolError
from kedge.agent.ports import Output
from kedge.agent.tools.function import FunctionTool

Call = Callable[..., Output]
Told = Callable[..., str]
Refused = Callable[..., ToolError]

SOURCE = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"


@pytest.fixture
def source(work: Path, call: Call) -> Path:
    """A file that was read."""
    (work / "a.py").write_text(SOURCE)
    call("read", file_path="a.py")
    return work / "a.py"


def test_an_edit_shows_the_place_and_records_the_change(source: Path, call: Call):
    output = call("edit", file_path="a.py", old_string="return 1", new_string="return 10")
    assert source.read_text() == SOURCE.replace("return 1", "return 10")
    assert output == Output(
        Output.of(
            "Edited a.py.\n     1\tdef f():\n     2\t    return 10\n     3\t\n     4\t\n"
            "     5\tdef g():"
        ).content,
        changes=(
            FileChange(
                "a.py",
                "modified",
                added=1,
                removed=1,
                diff="--- a/a.py\n+++ b/a.py\n@@ -1,5 +1,5 @@\n def f():\n-    return 1\n"
                "+    return 10\n \n \n def g():\n",
            ),
        ),
    )


def test_edits_can_follow_each_other_without_reading_again(source: Path, call: Call):
    call("edit", file_path="a.py", old_string="return 1", new_string="return 3")
    call("edit", file_path="a.py", old_string="return 3", new_string="return 4")
    assert "return 4" in source.read_text()


def test_a_part_that_was_read_is_enough(work: Path, call: Call):
    (work / "long").write_text("".join(f"{n}\n" for n in range(5_000)))
    call("read", file_path="long", limit=1)
    call("edit", file_path="long", old_string="4999", new_string="last")
    assert (work / "long").read_text().endswith("4998\nlast\n")


def test_a_file_that_was_not_read_is_refused(work: Path, refused: Refused):
    (work / "a.py").write_text(SOURCE)
    error = refused("edit", file_path="a.py", old_string="return 1", new_string="return 3")
    assert (error.kind, "Read it first" in str(error)) == ("stale", True)
    assert (work / "a.py").read_text() == SOURCE


def test_a_file_changed_since_it_was_read_is_refused_even_with_the_same_time(
    source: Path, call: Call, refused: Refused
):
    before = source.stat()
    source.write_text(SOURCE.replace("2", "5"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    error = refused("edit", file_path="a.py", old_string="return 1", new_string="return 3")
    assert (error.kind, "Read it again" in str(error)) == ("stale", True)
    call("read", file_path="a.py")
    call("edit", file_path="a.py", old_string="return 1", new_string="return 3")
    assert source.read_text() == SOURCE.replace("2", "5").replace("return 1", "return 3")


def test_reading_through_a_link_counts_for_its_target(source: Path, call: Call):
    (source.parent / "link.py").symlink_to("a.py")
    call("edit", file_path="link.py", old_string="return 1", new_string="return 3")
    assert (source.parent / "link.py").is_symlink()
    assert "return 3" in source.read_text()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"file_path": "b.py", "old_string": "x", "new_string": "y"}, "not_found"),
        ({"file_path": "a.py", "old_string": "nowhere", "new_string": "y"}, "not_found"),
        ({"file_path": "a.py", "old_string": "return ", "new_string": "y"}, "ambiguous"),
        ({"file_path": "a.py", "old_string": "return 1", "new_string": "return 1"}, "no_change"),
        ({"file_path": "a.py", "old_string": "", "new_string": ""}, "no_change"),
        ({"file_path": "a.py", "old_string": "", "new_string": "y"}, "other"),
        ({"file_path": "../b.py", "old_string": "x", "new_string": "y"}, "outside_workspace"),
        ({"file_path": "link", "old_string": "x", "new_string": "y"}, "outside_workspace"),
        ({"file_path": "tool", "old_string": "ELF", "new_string": "y"}, "binary"),
        ({"file_path": "pipe", "old_string": "x", "new_string": "y"}, "other"),
        ({"file_path": "src", "old_string": "x", "new_string": "y"}, "other"),
        ({"file_path": "new/", "old_string": "", "new_string": "y"}, "other"),
    ],
)
def test_each_failure_has_its_kind_and_changes_nothing(
    source: Path, tmp_path: Path, refused: Refused, arguments: dict[str, str], kind: str
):
    (source.parent / "link").symlink_to(tmp_path / "b.py")
    (source.parent / "src").mkdir()
    (source.parent / "tool").write_bytes(b"\x7fELF\0\0")
    os.mkfifo(source.parent / "pipe")
    names = sorted(os.listdir(source.parent))
    assert refused("edit", **arguments).kind == kind
    assert source.read_text() == SOURCE
    assert sorted(os.listdir(source.parent)) == names


def test_a_refusal_of_a_place_outside_says_where_the_workspace_ends(source: Path, refused: Refused):
    outside = refused("edit", file_path="../b.py", old_string="x", new_string="y")
    assert f"is outside the workspace {str(source.parent.resolve())!r}" in str(outside)


def test_deleting_the_text_of_a_line_leaves_an_empty_line(work: Path, call: Call):
    (work / "abc").write_text("a\nb\nc\n")
    call("read", file_path="abc")
    call("edit", file_path="abc", old_string="b", new_string="")
    assert (work / "abc").read_text() == "a\n\nc\n"
    call("edit", file_path="abc", old_string="\nc", new_string="")
    assert (work / "abc").read_text() == "a\n\n"


def test_a_missing_file_names_the_near_ones(source: Path, refused: Refused):
    error = refused("edit", file_path="aa.py", old_string="x", new_string="y")
    assert "a.py" in str(error)


def test_replace_all_replaces_every_place(source: Path, told: Told):
    text = told("edit", file_path="a.py", old_string="return", new_string="yield", replace_all=True)
    assert source.read_text() == SOURCE.replace("return", "yield")
    assert text.startswith("Edited a.py: 2 places.\n")


def test_an_empty_old_string_makes_a_file_or_fills_an_empty_one(work: Path, told: Told):
    assert told("edit", file_path="d/new.txt", old_string="", new_string="one\n") == (
        "Created d/new.txt.\n     1\tone"
    )
    (work / "empty.txt").touch()
    assert told("edit", file_path="empty.txt", old_string="", new_string="two\n") == (
        "Filled empty.txt, which was empty.\n     1\ttwo"
    )
    assert (work / "d/new.txt").read_text() + (work / "empty.txt").read_text() == "one\ntwo\n"


def test_a_folded_match_is_announced(source: Path, told: Told):
    text = told(
        "edit",
        file_path="a.py",
        old_string="def f():\n\treturn 1",
        new_string="def f():\n\treturn 3",
    )
    assert source.read_text() == SOURCE.replace("return 1", "return 3")
    assert "white space only" in text.splitlines()[-1]


def test_only_new_syntax_errors_are_reported(source: Path, told: Told):
    broken = told("edit", file_path="a.py", old_string="return 1", new_string="return (1")
    assert "New syntax error: a.py: line 2" in broken
    still = told("edit", file_path="a.py", old_string="return 2", new_string="return 5")
    assert "New syntax error" not in still


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nold\r\nb\n", b"a\r\nnew\r\nline\r\nb\n"),
        (codecs.BOM_UTF8 + b"old", codecs.BOM_UTF8 + b"new\nline"),
        ("é old".encode("utf-16"), "é new\nline".encode("utf-16")),
        ("é\r\nold\r\n".encode("utf-16"), "é\r\nnew\r\nline\r\n".encode("utf-16")),
        (b"caf\xe9 old, tr\xe8s vieux", b"caf\xe9 new\nline, tr\xe8s vieux"),
    ],
)
def test_encoding_mark_and_line_ends_survive(work: Path, call: Call, before: bytes, after: bytes):
    (work / "a.txt").write_bytes(before)
    call("read", file_path="a.txt")
    call("edit", file_path="a.txt", old_string="old", new_string="new\nline")
    assert (work / "a.txt").read_bytes() == after


def test_mode_bits_survive(source: Path, call: Call):
    source.chmod(0o741)
    call("edit", file_path="a.py", old_string="return 1", new_string="return 3")
    assert source.stat().st_mode & 0o777 == 0o741


ANY = st.text(
    st.one_of(st.sampled_from(" \t\r\nab"), st.characters(codec="utf-16", exclude_characters="\0"))
)


@given(
    head=ANY,
    tail=ANY,
    new=st.text("xyz \t", min_size=1),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_not_a_byte_outside_the_match_changes_and_the_way_back_is_exact(
    work: Path, call: Call, head: str, tail: str, new: str, encoding: str
):
    if encoding == "utf-16" and any(not char.isprintable() for char in head + tail):
        encoding = "utf-8"
    file = work / "any.txt"
    before, after = f"{head}<<OLD>>{tail}", f"{head}<<{new}>>{tail}"
    file.write_bytes(before.encode(encoding))
    call("read", file_path="any.txt")
    call("edit", file_path="any.txt", old_string="<<OLD>>", new_string=f"<<{new}>>")
    assert file.read_bytes() == after.encode(encoding)
    if after.count(f"<<{new}>>") == 1:
        call("edit", file_path="any.txt", old_string=f"<<{new}>>", new_string="<<OLD>>")
        assert file.read_bytes() == before.encode(encoding)


def test_the_effect_is_a_write_of_the_resolved_path(source: Path, tools: dict[str, FunctionTool]):
    (source.parent / "link.py").symlink_to("a.py")
    call = {"file_path": "./link.py", "old_string": "a", "new_string": "b"}
    arguments = tools["edit"].parse(json.dumps(call))
    assert tools["edit"].effects(arguments) == (Effect("write", str(source.resolve())),)

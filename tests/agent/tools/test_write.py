"""`write`: makes files, replaces those that were read, and keeps their form."""

import codecs
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.effects import FileChange
from kedge.agent.errors import ToolError
from kedge.agent.ports import Output

Call = Callable[..., Output]
Told = Callable[..., str]
Refused = Callable[..., ToolError]


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Files larger than `room` bytes cannot be written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_file_is_made_with_its_parents(work: Path, call: Call):
    output = call("write", file_path="src/deep/a.py", content="x = 1\ny = 2\n")
    assert (work / "src/deep/a.py").read_bytes() == b"x = 1\ny = 2\n"
    assert output == Output(
        Output.of("Created src/deep/a.py (2 lines).\n     1\tx = 1\n     2\ty = 2").content,
        changes=(
            FileChange(
                "src/deep/a.py",
                "created",
                added=2,
                diff="--- a/src/deep/a.py\n+++ b/src/deep/a.py\n@@ -0,0 +1,2 @@\n+x = 1\n+y = 2\n",
            ),
        ),
    )


def test_a_file_that_was_just_made_may_be_written_again(work: Path, call: Call, told: Told):
    call("write", file_path="a.txt", content="one\ntwo\nthree\n")
    assert told("write", file_path="a.txt", content="one\n2\nthree\nfour\n") == (
        "Overwrote a.txt (3 lines before, 4 lines now).\n"
        "     1\tone\n     2\t2\n     3\tthree\n     4\tfour"
    )
    assert (work / "a.txt").read_text() == "one\n2\nthree\nfour\n"


def test_a_file_that_was_not_read_is_not_overwritten(work: Path, refused: Refused):
    (work / "a.txt").write_text("precious\n")
    error = refused("write", file_path="a.txt", content="new\n")
    assert (error.kind, "Read it first" in str(error)) == ("stale", True)
    assert (work / "a.txt").read_text() == "precious\n"


def test_a_file_changed_since_it_was_read_is_not_overwritten(
    work: Path, call: Call, refused: Refused
):
    (work / "a.txt").write_text("old\n")
    call("read", file_path="a.txt")
    before = (work / "a.txt").stat()
    (work / "a.txt").write_text("0ld\n")
    os.utime(work / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert refused("write", file_path="a.txt", content="new\n").kind == "stale"
    assert (work / "a.txt").read_text() == "0ld\n"


def test_a_touched_file_with_the_same_content_is_not_stale(work: Path, call: Call):
    (work / "a.txt").write_text("old\n")
    call("read", file_path="a.txt")
    os.utime(work / "a.txt", (1, 1))
    call("write", file_path="a.txt", content="new\n")
    assert (work / "a.txt").read_text() == "new\n"


def test_an_empty_file_need_not_be_read(work: Path, call: Call):
    (work / "a.txt").touch()
    call("write", file_path="a.txt", content="new\n")
    assert (work / "a.txt").read_text() == "new\n"


def test_the_same_content_is_no_change(work: Path, call: Call, refused: Refused):
    (work / "a.txt").write_bytes(b"a\r\nb\r\n")
    call("read", file_path="a.txt")
    assert refused("write", file_path="a.txt", content="a\r\nb\r\n").kind == "no_change"
    assert refused("write", file_path="a.txt", content="a\nb\n").kind == "no_change"


@pytest.mark.parametrize(
    ("before", "content", "after"),
    [
        (b"a\r\nb\r\n", "a\nc\n", b"a\r\nc\r\n"),
        (b"a\nb\n", "a\r\nc\r\n", b"a\nc\n"),
        (b"a\rb\r", "a\nc\n", b"a\rc\r"),
        (b"a\r\nb\r\n", "c", b"c"),
        (b"one line", "c\r\n", b"c\r\n"),
        (b"a\nb\n", "a\r\nb\r\n", b"a\r\nb\r\n"),
        (codecs.BOM_UTF8 + b"a\n", "b\n", codecs.BOM_UTF8 + b"b\n"),
        (codecs.BOM_UTF8 + b"a\n", "\ufeffb\n", codecs.BOM_UTF8 + b"b\n"),
        ("é\r\n".encode("utf-16"), "ü\n", "ü\r\n".encode("utf-16")),
        (b"caf\xe9 au lait\n", "th\xe9\n", b"th\xe9\n"),
    ],
)
def test_encoding_mark_and_line_ends_of_a_file_survive(
    work: Path, call: Call, before: bytes, content: str, after: bytes
):
    (work / "a.txt").write_bytes(before)
    call("read", file_path="a.txt")
    call("write", file_path="a.txt", content=content)
    assert (work / "a.txt").read_bytes() == after


def test_adapted_line_ends_are_told(work: Path, call: Call, told: Told):
    (work / "a.txt").write_bytes(b"a\r\nb\nc\r\n")
    call("read", file_path="a.txt")
    text = told("write", file_path="a.txt", content="a\nb\nd\n")
    assert text.endswith("Line ends are CRLF, as most of them were before.")


def test_characters_that_the_encoding_lacks_are_refused(work: Path, call: Call, refused: Refused):
    (work / "a.txt").write_bytes(b"caf\xe9 au lait\n")
    call("read", file_path="a.txt")
    error = refused("write", file_path="a.txt", content="日本\n")
    assert (error.kind, "cp1252" in str(error)) == ("other", True)
    assert (work / "a.txt").read_bytes() == b"caf\xe9 au lait\n"


@given(content=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_new_file_holds_exactly_what_was_written(work: Path, call: Call, content: str):
    (work / "any").unlink(missing_ok=True)
    call("write", file_path="any", content=content)
    assert (work / "any").read_bytes() == content.encode()


def test_binary_files_are_not_overwritten(work: Path, refused: Refused):
    (work / "a.out").write_bytes(b"\x7fELF\0\0")
    assert refused("write", file_path="a.out", content="text\n").kind == "binary"


def test_mode_and_links_survive(work: Path, call: Call):
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    (work / "link").symlink_to("run.sh")
    call("read", file_path="link")
    call("write", file_path="link", content="#!/bin/bash\n")
    assert (work / "link").is_symlink()
    assert (work / "run.sh").read_text() == "#!/bin/bash\n"
    assert (work / "run.sh").stat().st_mode & 0o777 == 0o755


def test_nothing_is_written_outside(work: Path, tmp_path: Path, refused: Refused):
    (tmp_path / "out").mkdir()
    (work / "link").symlink_to(tmp_path / "out")
    (work / "dangling").symlink_to(tmp_path / "nothing")
    for path in ("../x", str(tmp_path / "x"), "link/x", "dangling"):
        assert refused("write", file_path=path, content="x").kind == "outside_workspace"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out", work]
    assert not list((tmp_path / "out").iterdir())


def test_what_is_no_file_is_refused(work: Path, refused: Refused):
    os.mkfifo(work / "pipe")
    (work / "src").mkdir()
    (work / "a.txt").touch()
    for path in ("pipe", "src", "new/", "a.txt/b.txt"):
        assert refused("write", file_path=path, content="x").kind == "other"
    assert sorted(path.name for path in work.iterdir()) == ["a.txt", "pipe", "src"]


def test_a_full_disk_leaves_the_file_and_says_so(work: Path, call: Call, refused: Refused):
    (work / "a.txt").write_text("old\n")
    call("read", file_path="a.txt")
    with full_disk(100_000):
        error = refused("write", file_path="a.txt", content="x" * 200_000)
    assert (error.kind, "'a.txt'" in str(error)) == ("other", True)
    assert [path.name for path in work.iterdir()] == ["a.txt"]
    assert (work / "a.txt").read_text() == "old\n"


def test_only_new_syntax_errors_are_reported(told: Told):
    assert "New syntax error: a.json: line 1" in told("write", file_path="a.json", content="{,}")
    assert "New syntax error" not in told("write", file_path="a.json", content="{,}\n\n")
    assert "New syntax error" not in told("write", file_path="a.json", content="{}\n")


def test_long_results_and_diffs_are_bounded(call: Call):
    content = "".join(f"{n} {'wide ' * 100}\n" for n in range(5_000))
    [text] = call("write", file_path="big.txt", content=content).content
    output = call("write", file_path="big.txt", content=content.replace("wide", "slim"))
    assert len(getattr(text, "text", "")) < 5_000
    assert len(str(output.content)) < 20_000
    [change] = output.changes
    assert (change.added, change.removed) == (5_000, 5_000)
    assert len(change.diff.encode()) < 17_000
    assert change.diff.endswith("... (the rest of the diff is not shown)\n")

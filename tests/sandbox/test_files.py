"""Files are read and changed whole, inside the roots, or not at all."""

import contextlib
import errno
import itertools
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from kedge.sandbox.changes import apply_all
from kedge.sandbox.errors import Conflict, NotAFile, OutsideRoots, TooLarge
from kedge.sandbox.files import RootedFiles, open_read, read_bytes, remove, rename, write_atomic
from kedge.sandbox.paths import Roots
from kedge.sandbox.ports import Delete, Move, Write


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "outside").mkdir()
    return tmp_path / "work"


@pytest.fixture
def roots(work: Path) -> Roots:
    return Roots.at(work)


def tree(directory: Path) -> dict[str, object]:
    """Everything below a directory: names, contents, kinds and modes."""
    return {
        str(path.relative_to(directory)): (
            os.readlink(path)
            if path.is_symlink()
            else (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
        )
        for path in sorted(directory.rglob("*"))
    }


def test_a_file_is_written_and_read(work, roots):
    write_atomic("a/b/c.txt", b"text\r\n\xff", roots)
    assert read_bytes(work / "a/b/c.txt", roots, 100) == b"text\r\n\xff"
    assert sorted(tree(work)) == ["a", "a/b", "a/b/c.txt"]


def test_a_file_of_exactly_the_limit_is_read_and_a_larger_one_refused(work, roots):
    (work / "f").write_bytes(b"x" * 10)
    assert len(read_bytes("f", roots, 10)) == 10
    with pytest.raises(TooLarge) as refused:
        read_bytes("f", roots, 9)
    assert refused.value.limit == 9


def test_a_missing_file_is_named(work, roots):
    with pytest.raises(FileNotFoundError) as missing:
        read_bytes(work / "gone", roots, 10)
    assert missing.value.filename == str(work / "gone")


def test_a_file_can_be_read_in_parts(work, roots):
    (work / "f").write_bytes(b"0123456789")
    with open_read("f", roots) as file:
        file.seek(5)
        assert file.read() == b"56789"


@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
def test_what_is_no_file_is_refused_without_waiting(work, roots, kind, monkeypatch):
    path = work / "special"
    listener = socket.socket(socket.AF_UNIX)
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "socket":
            monkeypatch.chdir(work)
            listener.bind("special")
        case _:
            try:
                os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
            except PermissionError:
                pytest.skip("only root can make devices")
    with pytest.raises(NotAFile) as read:
        read_bytes(path, roots, 10)
    with pytest.raises(NotAFile) as written:
        write_atomic(path, b"", roots)
    assert (read.value.kind, written.value.kind) == (kind, kind)
    listener.close()


def test_nothing_outside_is_read_written_removed_or_renamed(work, roots):
    secret = work.parent / "outside/secret"
    secret.write_text("secret")
    (work / "file").touch()
    (work / "link").symlink_to(secret)
    (work / "out").symlink_to(secret.parent)
    before = tree(work.parent)
    for path in ("link", "out/secret", "../outside/secret", secret, "out/new"):
        with pytest.raises(OutsideRoots):
            read_bytes(path, roots, 10)
        with pytest.raises(OutsideRoots):
            write_atomic(path, b"", roots)
    for path in ("out/secret", "../outside/secret", secret):
        with pytest.raises(OutsideRoots):
            remove(path, roots)
        with pytest.raises(OutsideRoots):
            rename(path, "mine", roots)
        with pytest.raises(OutsideRoots):
            rename("file", path, roots)
    assert tree(work.parent) == before


def test_a_link_stays_and_its_target_is_replaced(work, roots):
    (work / "real").write_text("old")
    (work / "link").symlink_to("real")
    write_atomic("link", b"new", roots)
    assert os.readlink(work / "link") == "real"
    assert (work / "real").read_text() == "new"


def test_a_dangling_link_inside_gets_its_target_made(work, roots):
    (work / "link").symlink_to("new/target")
    write_atomic("link", b"made", roots)
    assert (work / "link").is_symlink()
    assert (work / "new/target").read_text() == "made"


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o640, 0o666])
def test_mode_bits_of_an_existing_file_are_kept(work, roots, mode):
    (work / "f").touch()
    (work / "f").chmod(mode)
    write_atomic("f", b"x", roots)
    assert stat.S_IMODE((work / "f").stat().st_mode) == mode


def test_set_user_id_is_cleared_as_a_write_clears_it(work, roots):
    (work / "f").touch()
    (work / "f").chmod(0o4755)
    write_atomic("f", b"x", roots)
    assert stat.S_IMODE((work / "f").stat().st_mode) == 0o755


def test_a_new_file_obeys_the_umask_and_a_given_mode_does_not(work, roots):
    before = os.umask(0o027)
    try:
        write_atomic("new", b"", roots)
        write_atomic("given", b"", roots, mode=0o777)
    finally:
        os.umask(before)
    assert stat.S_IMODE((work / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((work / "given").stat().st_mode) == 0o777


def test_extended_attributes_and_owner_are_kept(work, roots):
    (work / "f").touch()
    try:
        os.setxattr(work / "f", "user.note", b"mine")
    except OSError:
        pytest.skip("no extended attributes here")
    if os.geteuid() == 0:
        os.chown(work / "f", 1234, 5678)
    write_atomic("f", b"x", roots)
    found = (work / "f").stat()
    assert os.getxattr(work / "f", "user.note") == b"mine"
    if os.geteuid() == 0:
        assert (found.st_uid, found.st_gid) == (1234, 5678)


def test_a_reader_sees_the_old_or_the_new_content_never_a_mixture(work, roots):
    old = (work / "f").open("w+b")
    old.write(b"old" * 1000)
    old.flush()
    write_atomic("f", b"new", roots)
    old.seek(0)
    assert old.read() == b"old" * 1000
    old.close()


def test_a_hard_link_elsewhere_keeps_its_content(work, roots):
    (work / "f").write_text("old")
    other = work.parent / "outside/other"
    os.link(work / "f", other)
    write_atomic("f", b"new", roots)
    assert other.read_text() == "old"


def test_removing_a_link_leaves_its_target(work, roots):
    target = work.parent / "outside/kept"
    target.write_text("kept")
    (work / "link").symlink_to(target)
    remove("link", roots)
    assert not (work / "link").is_symlink()
    assert target.read_text() == "kept"


def test_a_directory_is_not_removed(work, roots):
    (work / "d").mkdir()
    with pytest.raises(NotAFile):
        remove("d", roots)
    with pytest.raises(FileNotFoundError):
        remove("missing/deeper", roots)
    assert sorted(tree(work)) == ["d"]


def test_a_file_moves_into_a_directory_that_is_made(work, roots):
    (work / "f").write_text("x")
    (work / "f").chmod(0o700)
    rename("f", "new/g", roots)
    assert tree(work) == {"new": tree(work)["new"], "new/g": (0o700, b"x")}


def test_a_move_onto_something_is_refused(work, roots):
    (work / "f").write_text("f")
    (work / "g").write_text("g")
    with pytest.raises(Conflict):
        rename("f", "g", roots)
    assert (work / "g").read_text() == "g"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody else")
def test_a_write_protected_file_and_directory_are_left_alone(work):
    (work / "f").write_text("kept")
    (work / "f").chmod(0o444)
    os.chown(work / "f", 65534, 65534)
    os.chown(work, 65534, 65534)
    (work / "locked").mkdir(mode=0o555)
    for path in work.parents:
        if path.stat().st_mode & 0o055 != 0o055:
            path.chmod(0o755)
    script = """
import ctypes, os, sys  # Later the interpreter's own files may be out of reach.
from pathlib import Path
from kedge.sandbox.files import write_atomic
from kedge.sandbox.paths import Roots
os.setgid(65534), os.setuid(65534)
for name in ("f", "locked/new"):
    try:
        write_atomic(name, b"new", Roots.at(Path(sys.argv[1])))
    except PermissionError as error:
        print(error.filename)
"""
    done = subprocess.run(
        (sys.executable, "-c", script, str(work)), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(work / "f"), str(work / "locked/new")]
    assert sorted(tree(work)) == ["f", "locked"]


def test_a_set_of_changes_happens_as_a_whole(work, roots):
    for name in ("changed", "deleted", "moved", "rewritten"):
        (work / name).write_text(name)
        (work / name).chmod(0o750)
    apply_all(
        (
            Write(Path("new/file"), b"new"),
            Write(work / "changed", b"changed!"),
            Delete(Path("deleted")),
            Move(Path("moved"), Path("there/moved")),
            Move(Path("rewritten"), Path("there/rewritten"), b"rewritten!"),
        ),
        roots,
    )
    found = tree(work)
    assert {name: value for name, value in found.items() if "/" in name or name == "changed"} == {
        "new/file": (stat.S_IMODE((work / "new/file").stat().st_mode), b"new"),
        "changed": (0o750, b"changed!"),
        "there/moved": (0o750, b"moved"),
        "there/rewritten": (0o750, b"rewritten!"),
    }
    assert sorted(found) == sorted(
        ["changed", "new", "new/file", "there", "there/moved", "there/rewritten"]
    )


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Write(Path("directory"), b""), NotAFile),
        (Write(Path("a/below-a-file"), b""), NotADirectoryError),
        (Write(Path("../outside/x"), b""), OutsideRoots),
        (Delete(Path("missing")), FileNotFoundError),
        (Move(Path("b"), Path("a2")), Conflict),
        (Write(Path("./directory/../a"), b""), Conflict),
    ],
)
def test_a_change_that_cannot_be_leaves_everything_as_it_was(work, roots, last, error):
    (work / "directory").mkdir()
    for name in ("a", "a2", "b", "c", "d"):
        (work / name).write_text(name)
    before = tree(work)
    with pytest.raises(error):
        apply_all(
            (
                Write(Path("a"), b"A"),
                Write(Path("new/deep"), b"N"),
                Delete(Path("c")),
                Move(Path("d"), Path("e")),
                last,
            ),
            roots,
        )
    assert tree(work) == before


def test_a_failure_half_way_is_taken_back(work):
    # A name cannot move to another file system, which shows only at the very step.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == work.stat().st_dev:
            pytest.skip("needs two file systems")
        for name in ("a", "b", "c", "d", "linked"):
            (work / name).write_text(name)
        os.link(work / "linked", work / "second-name")
        before, inodes = tree(work), {path.name: path.stat().st_ino for path in work.iterdir()}
        with pytest.raises(OSError) as refused:
            apply_all(
                (
                    Write(Path("a"), b"A"),
                    Write(Path("made/deep/new"), b"N"),
                    Delete(Path("c")),
                    Move(Path("d"), Path("e")),
                    Move(Path("b"), Path("f/g"), b"B"),
                    Write(Path("linked"), b"L"),
                    Move(Path("second-name"), Path(elsewhere, "new/h")),
                    Write(Path("never"), b"never"),
                ),
                Roots.at(work, (Path(elsewhere),)),
            )
        assert refused.value.errno == errno.EXDEV
        assert tree(work) == before
        assert {path.name: path.stat().st_ino for path in work.iterdir()} == inodes
        assert os.listdir(elsewhere) == []


def test_a_full_disk_leaves_everything_as_it_was(work):
    for name in ("a", "b"):
        (work / name).write_text(name)
    before = tree(work)
    script = """
import resource, signal, sys
from pathlib import Path
from kedge.sandbox.changes import apply_all
from kedge.sandbox.paths import Roots
from kedge.sandbox.ports import Delete, Write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
changes = (Write(Path("a"), b"A"), Delete(Path("b")), Write(Path("new/big"), b"x" * 5000))
try:
    apply_all(changes, Roots.at(Path(sys.argv[1])))
except OSError as error:
    print(error.filename)
"""
    done = subprocess.run(
        (sys.executable, "-c", script, str(work)), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(work / "new/big")
    assert tree(work) == before


def test_a_directory_swapped_for_a_link_meanwhile_leads_nowhere(work, roots):
    # The swapper races for real; whatever the order, nothing arrives outside.
    (work / "d").mkdir()
    outside = work.parent / "outside"
    stop = threading.Event()

    def swap() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            # The writer makes the directory anew, so each of these may come too late.
            with contextlib.suppress(OSError):
                (work / "d").rename(work / f"old{number}")
                (work / "d").symlink_to(outside)
                (work / "d").unlink()

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        written = 0
        for number in range(100_000):
            if number >= 300 and written:
                # On a busy machine the swapper may win all of the first.
                break
            try:
                write_atomic(f"d/{number}", b"x", roots)
                written += 1
            except (OutsideRoots, OSError):
                continue
    finally:
        stop.set()
        swapper.join()
    assert os.listdir(outside) == []
    assert not [name for name in tree(work) if ".kedge-" in name]
    assert written > 0


def test_the_port_does_what_the_functions_do(work, roots):
    files = RootedFiles(roots)
    files.write(Path("a"), b"a", mode=0o600)
    files.rename(Path("a"), Path("b"))
    files.apply((Write(Path("c"), b"c"), Move(Path("b"), Path("d"))))
    files.remove(Path("c"))
    assert files.confine("d", work) == work / "d"
    assert files.read(Path("d"), 10) == b"a"
    assert sorted(tree(work)) == ["d"]

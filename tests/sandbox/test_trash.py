"""What actions delete is kept before, and comes back as it was."""

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.sandbox.carrying import DEPTH, Caps
from kedge.sandbox.errors import SandboxError
from kedge.sandbox.paths import Roots
from kedge.sandbox.trash import Trash, Trashed

Look = tuple[int, object, int]
"""Mode, content, time of change."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = (tmp_path / "work").resolve()
    work.mkdir()
    return work


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    return Trash(tmp_path / "state" / "trash" / "s1")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A directory on another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system that anybody may write")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder).resolve()


def look(path: Path) -> Look:
    found = path.lstat()
    if path.is_symlink():
        content: object = os.readlink(path)
    else:
        content = path.read_bytes() if path.is_file() else None
    return found.st_mode, content, found.st_mtime_ns


def snapshot(top: Path) -> dict[str, Look]:
    """Everything below a directory; the times of directories are left to who needs them."""
    found: dict[str, Look] = {}
    for folder, directories, files in os.walk(top):
        for name in (*directories, *files):
            path = Path(folder, name)
            mode, content, moment = look(path)
            found[str(path)] = (mode, content, 0 if stat.S_ISDIR(mode) else moment)
    return found


def keep(trash: Trash, work: Path, *names: str) -> Trashed:
    kept = trash.keep([work / name for name in names], "rm", Roots(work), action="call_1")
    assert kept is not None
    return kept


def plant(work: Path) -> None:
    """A tree with all that trees have."""
    tree = work / "tree"
    (tree / "deep" / "deeper").mkdir(parents=True)
    (tree / "empty").mkdir(mode=0o750)
    (tree / "run").write_text("#!/bin/sh\n")
    (tree / "run").chmod(0o755)
    (tree / "deep" / "a\nb").write_text("newline")
    (tree / "deep" / "deeper" / "private").write_bytes(bytes(range(256)))
    (tree / "deep" / "deeper" / "private").chmod(0o600)
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff\xfe")).write_text("no text")
    (tree / "link").symlink_to("run")
    (tree / "dangling").symlink_to("/nowhere/at/all")
    os.utime(tree / "run", ns=(1, 1_600_000_000_123_456_789))
    os.utime(tree / "link", ns=(1, 1_500_000_000_000_000_001), follow_symlinks=False)
    os.utime(tree / "empty", ns=(1, 1_400_000_000_000_000_001))


def test_a_tree_deleted_by_rm_comes_back_as_it_was(work: Path, trash: Trash) -> None:
    plant(work)
    before, empty = snapshot(work), (work / "tree" / "empty").stat().st_mtime_ns
    kept = keep(trash, work, "tree")
    subprocess.run(["rm", "-rf", "tree"], cwd=work, check=True)
    restored = trash.restore(kept.id)
    assert snapshot(work) == before
    assert (work / "tree" / "empty").stat().st_mtime_ns == empty
    assert (restored.entries, restored.refused, kept.entries) == (10, (), 10)


def test_on_another_file_system_it_is_copied_and_comes_back_alike(
    elsewhere: Path, trash: Trash
) -> None:
    plant(elsewhere)
    before = snapshot(elsewhere)
    kept = keep(trash, elsewhere, "tree")
    shutil.rmtree(elsewhere / "tree")
    assert trash.restore(kept.id).refused == ()
    assert snapshot(elsewhere) == before
    assert (trash.restore(kept.id).entries, trash.restore(kept.id).refused) == (0, ())


def test_keeping_takes_no_room_and_changes_nothing(work: Path, trash: Trash) -> None:
    (work / "big").write_bytes(b"x" * 100_000)
    before = snapshot(work)
    keep(trash, work, "big")
    assert snapshot(work) == before
    assert (work / "big").stat().st_nlink == 2


def test_only_the_owner_sees_it(work: Path, trash: Trash, tmp_path: Path) -> None:
    (work / "a").touch()
    kept = keep(trash, work, "a")
    folder = tmp_path / "state" / "trash"
    for place in (folder, folder / "s1", folder / "s1" / kept.id):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "s1" / kept.id / "kept.json").stat().st_mode) == 0o600


def test_the_manifest_says_what_it_was(work: Path, trash: Trash, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff")
    (work / name).touch(mode=0o640)
    (work / "dir").mkdir(mode=0o700)
    kept = keep(trash, work, name, "dir", "missing")
    assert [(it.path, it.kind, it.mode) for it in kept.items] == [
        (f"{work}/{name}", "file", 0o640),
        (f"{work}/dir", "directory", 0o700),
    ]
    assert (kept.session, kept.action, kept.why) == ("s1", "call_1", "rm")
    assert (kept.workspace, kept.notice) == (str(work), "")
    assert Trash(tmp_path / "state" / "trash" / "s1").entries() == (kept,)


def test_what_is_not_there_is_not_kept(work: Path, trash: Trash) -> None:
    assert trash.keep([work / "nothing", work / "no" / "where"], "rm", Roots(work)) is None
    assert trash.entries() == ()


def test_what_lies_in_what_is_kept_is_kept_once(work: Path, trash: Trash) -> None:
    plant(work)
    kept = keep(trash, work, "tree/deep", "tree", "tree/run")
    assert ([it.path for it in kept.items], kept.entries) == ([f"{work}/tree"], 10)


def test_nothing_is_overwritten(work: Path, trash: Trash) -> None:
    for name in ("file", "folder", "link"):
        (work / name).write_text("old")
    kept = keep(trash, work, "file", "folder", "link")
    for name in ("file", "folder", "link"):
        (work / name).unlink()
    (work / "file").write_text("newer")
    (work / "folder").mkdir()
    (work / "link").symlink_to("file")
    restored = trash.restore(kept.id)
    assert restored.entries == 0
    assert [line.partition(": ")[0] for line in restored.refused] == [
        f"{work}/{name}" for name in ("file", "folder", "link")
    ]
    assert (work / "file").read_text() == "newer"
    assert list((work / "folder").iterdir()) == []


def test_a_file_in_the_place_of_a_directory_stays(work: Path, trash: Trash) -> None:
    plant(work)
    kept = keep(trash, work, "tree")
    shutil.rmtree(work / "tree")
    (work / "tree").write_text("mine")
    assert len(trash.restore(kept.id).refused) == 1
    assert (work / "tree").read_text() == "mine"


def test_only_what_is_missing_is_put_back(work: Path, trash: Trash) -> None:
    plant(work)
    kept = keep(trash, work, "tree")
    (work / "tree" / "run").unlink()
    restored = trash.restore(kept.id)
    assert (restored.entries, restored.refused) == (1, ())


def test_single_paths_are_put_back_with_the_directories_above(work: Path, trash: Trash) -> None:
    plant(work)
    kept = keep(trash, work, "tree")
    shutil.rmtree(work / "tree")
    wanted = work / "tree" / "deep" / "deeper" / "private"
    assert trash.restore(kept.id, [wanted]).entries == 1
    assert wanted.read_bytes() == bytes(range(256))
    assert not (work / "tree" / "run").exists()
    with pytest.raises(SandboxError, match="nothing of"):
        trash.restore(kept.id, [work / "other"])


def test_what_is_not_known_cannot_be_restored(trash: Trash) -> None:
    with pytest.raises(SandboxError, match=r"\.\./x"):
        trash.restore("../x")


def test_beyond_the_cap_a_notice_says_so_and_files_come_first(work: Path, tmp_path: Path) -> None:
    for name in ("a/1", "a/2", "z"):
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).touch()
    trash = Trash(tmp_path / "trash" / "s", Caps(entries=3))
    kept = trash.keep([work], "find", Roots(work))
    assert kept is not None
    assert "no more than 3 entries" in kept.notice
    (work / "z").unlink()
    trash.restore(kept.id)
    assert (work / "z").exists()


def test_copies_have_a_cap_of_their_own(elsewhere: Path, tmp_path: Path) -> None:
    for name, size in (("1", 60), ("2", 60), ("3", 40)):
        (elsewhere / name).write_bytes(b"x" * size)
    kept = keep(Trash(tmp_path / "trash" / "s", Caps(copied=100)), elsewhere, "1", "2", "3")
    assert [it.path for it in kept.items] == [f"{elsewhere}/1", f"{elsewhere}/3"]
    assert kept.missed[0].startswith(f"{elsewhere}/2: too large")


def test_a_hole_as_large_as_a_disk_is_not_copied(elsewhere: Path, trash: Trash) -> None:
    with (elsewhere / "hole").open("wb") as file:
        file.truncate(1 << 40)
    kept = keep(trash, elsewhere, "hole")
    assert (kept.items, len(kept.missed)) == ((), 1)


def test_a_link_is_kept_as_a_link_and_never_followed(work: Path, trash: Trash) -> None:
    (work / "shadow").symlink_to("/etc/shadow")
    (work / "etc").symlink_to("/etc")
    kept = keep(trash, work, "shadow", "etc")
    assert [it.kind for it in kept.items] == ["link", "link"]
    assert kept.entries == 2


def test_a_link_in_the_place_of_a_parent_leads_nothing_into_the_trash(
    work: Path, trash: Trash, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("s")
    (work / "sub").symlink_to(tmp_path / "outside")
    kept = keep(trash, work, "sub/secret")
    assert (kept.items, trash.entries()) == ((), ())
    assert "outside the workspace" in kept.notice


def test_a_link_in_the_place_of_a_parent_leads_nothing_out_of_the_trash(
    work: Path, trash: Trash, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (work / "sub").mkdir()
    (work / "sub" / "file").write_text("f")
    kept = keep(trash, work, "sub/file")
    shutil.rmtree(work / "sub")
    (work / "sub").symlink_to(tmp_path / "outside")
    assert len(trash.restore(kept.id).refused) == 1
    assert list((tmp_path / "outside").iterdir()) == []


def test_of_a_root_its_own_repository_stays_behind(work: Path, trash: Trash) -> None:
    subprocess.run(["git", "init", "-q", work], check=True)
    (work / "file").touch()
    (work / "vendor" / ".git").mkdir(parents=True)
    (work / "vendor" / ".git" / "HEAD").touch()
    kept = keep(trash, work, "")
    assert kept.entries == 5
    shutil.rmtree(work / "vendor")
    trash.restore(kept.id)
    assert (work / "vendor" / ".git" / "HEAD").exists()


def test_a_trash_in_the_workspace_does_not_keep_itself(work: Path) -> None:
    (work / "file").touch()
    kept = keep(Trash(work / "state" / "trash" / "s"), work, "")
    assert kept.missed == ()
    assert kept.entries == 3


def test_pipes_and_sockets_are_kept_without_waiting(work: Path, trash: Trash) -> None:
    os.mkfifo(work / "pipe")
    with contextlib.chdir(work), socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    kept = keep(trash, work, "pipe", "socket")
    (work / "pipe").unlink()
    assert trash.restore(kept.id).entries == 1
    assert stat.S_ISFIFO((work / "pipe").lstat().st_mode)


def test_what_cannot_be_copied_is_named(elsewhere: Path, trash: Trash) -> None:
    os.mkfifo(elsewhere / "pipe")
    assert "a pipe cannot be copied" in keep(trash, elsewhere, "pipe").notice


def test_a_tree_without_end_is_kept_to_a_depth(work: Path, trash: Trash) -> None:
    with contextlib.chdir(work):
        for _ in range(DEPTH + 5):
            os.mkdir("d" * 100)
            os.chdir("d" * 100)
    kept = keep(trash, work, "d" * 100)
    assert kept.entries == DEPTH
    assert "too many directories" in kept.notice
    subprocess.run(["rm", "-rf", "d" * 100], cwd=work, check=True)
    assert trash.restore(kept.id).entries == DEPTH
    assert trash.empty() == 1


def test_the_trash_is_emptied_only_of_what_is_old_enough(work: Path, trash: Trash) -> None:
    (work / "a").mkdir(mode=0o555)
    keep(trash, work, "a")
    assert (trash.empty(timedelta(days=1)), len(trash.entries())) == (0, 1)
    assert (trash.empty(), trash.entries()) == (1, ())
    assert (work / "a").is_dir()


def test_a_damaged_manifest_hides_only_its_own(work: Path, trash: Trash, tmp_path: Path) -> None:
    (work / "a").touch()
    first, second = keep(trash, work, "a"), keep(trash, work, "a")
    (tmp_path / "state" / "trash" / "s1" / first.id / "kept.json").write_text("{")
    assert trash.entries() == (second,)


def test_a_trash_that_cannot_be_written_says_so(work: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    (work / "a").touch()
    with pytest.raises(OSError, match="state"):
        Trash(tmp_path / "state" / "trash" / "s").keep([work / "a"], "rm", Roots(work))


NAMES = st.sampled_from(["a", "b", "c d", "\n", os.fsdecode(b"\xff"), "ä", "-rf"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
KINDS = st.sampled_from(["file", "dir", "link"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tree=st.dictionaries(PATHS, st.tuples(KINDS, st.binary(max_size=9), st.integers(0, 0o777))),
    doomed=st.lists(PATHS, max_size=6),
    targets=st.lists(PATHS, min_size=1, max_size=4),
)
def test_whatever_is_deleted_of_what_was_kept_comes_back(
    tmp_path: Path,
    tree: dict[tuple[str, ...], tuple[str, bytes, int]],
    doomed: list[tuple[str, ...]],
    targets: list[tuple[str, ...]],
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        work = Path(folder).resolve() / "work"
        work.mkdir()
        _grow(work, tree)
        before = snapshot(work)
        trash = Trash(Path(folder) / "trash" / "s")
        kept = trash.keep([work.joinpath(*path) for path in targets], "rm", Roots(work))
        for path in doomed:
            if any(path[: len(target)] == target for target in targets):
                _delete(work.joinpath(*path))
        restored = trash.restore(kept.id) if kept else None
        assert restored is None or restored.refused == ()
        assert snapshot(work) == before


def _grow(work: Path, tree: dict[tuple[str, ...], tuple[str, bytes, int]]) -> None:
    for parts, (what, content, mode) in tree.items():
        path = work.joinpath(*parts)
        # A file or a link may be where a directory would have to be.
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.parent.resolve().is_relative_to(work) or os.path.lexists(path):
                continue
            match what:
                case "file":
                    path.write_bytes(content)
                    path.chmod(mode | 0o600)
                case "dir":
                    path.mkdir()
                    path.chmod(mode | 0o700)
                case _:
                    path.symlink_to(content.hex() or "nowhere")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()

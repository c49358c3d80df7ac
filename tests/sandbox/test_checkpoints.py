"""Checkpoints: what they cover, what they cost when nothing changed, and what comes back."""

import os
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from trees import git, looks

from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Caps, Checkpoints
from kedge.sandbox.errors import SandboxError
from kedge.sandbox.paths import Roots

Make = Callable[..., Checkpoints]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace with some files."""
    work = (tmp_path / "work").resolve()
    (work / "src").mkdir(parents=True)
    (work / "empty").mkdir()
    (work / "src" / "a.py").write_text("a\n")
    (work / "src" / "run").write_text("#!/bin/sh\n")
    (work / "src" / "run").chmod(0o755)
    (work / "link").symlink_to("src/a.py")
    (work / "bytes").write_bytes(bytes(range(256)))
    return work


@pytest.fixture
def keeping(tmp_path: Path, work: Path) -> Make:
    """Makes the checkpoints of the workspace, as a new process would."""

    def make(caps: Caps | None = None, *added: Path, roots: Path = work) -> Checkpoints:
        folder = tmp_path / "kept"
        return Checkpoints(folder, Roots.at(roots, added), Ignores.above, caps=caps)

    return make


def test_everything_comes_back_as_it_was(work: Path, keeping: Make) -> None:
    kept = keeping()
    before = looks(work)
    id = kept.take("before").id
    (work / "src" / "a.py").write_text("b\n")
    (work / "src" / "run").chmod(0o600)
    (work / "bytes").unlink()
    (work / "link").unlink()
    (work / "link").write_text("no link any more")
    (work / "empty").rmdir()
    (work / "new" / "deep").mkdir(parents=True)
    (work / "new" / "deep" / "file").write_text("new")
    restored = kept.restore(id)
    assert restored.refused == ()
    assert looks(work) == before


def test_what_was_undone_can_be_done_again(work: Path, keeping: Make) -> None:
    kept = keeping()
    id = kept.take("before").id
    (work / "src" / "a.py").write_text("b\n")
    (work / "new").mkdir()
    (work / "new" / "x").touch()
    after = looks(work)
    before = kept.restore(id).before
    assert looks(work) != after
    kept.restore(before)
    assert looks(work) == after


def test_another_process_restores_what_this_one_kept(work: Path, keeping: Make) -> None:
    before = looks(work)
    id = keeping().take("before").id
    (work / "src" / "a.py").write_text("b\n")
    keeping().restore(id)
    assert looks(work) == before


def test_an_unchanged_workspace_has_the_same_checkpoint(work: Path, keeping: Make) -> None:
    kept = keeping()
    first = kept.take("one")
    assert kept.take("two").id == first.id
    assert keeping().take("three").id == first.id


def test_another_process_sees_what_changed_since(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text("*.log\n")
    keeping().take("one")
    (work / "src" / "new.py").write_text("new")
    (work / "src" / "x.log").write_text("ignored")
    (work / "bytes").unlink()
    (work / "empty" / "more").mkdir()
    kept = keeping()
    second = kept.take("two")
    assert second.files == 5
    assert kept.covers(str(work / "empty" / "any")) and not kept.covers(str(work / "y.log"))
    (work / ".gitignore").unlink()
    third = keeping().take("three")
    found = keeping().changes(second.id, third.id)
    assert [Path(one.path).name for one in found] == [".gitignore", "x.log"]


def test_a_write_in_place_that_hides_its_time_is_seen(work: Path, keeping: Make) -> None:
    kept = keeping()
    path = work / "src" / "a.py"
    times = path.stat()
    first = kept.take("one")
    with path.open("r+b") as file:
        file.write(b"z")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [one.path for one in kept.changes(first.id)] == [str(path)]


def test_ignored_files_are_neither_kept_nor_touched(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text("build/\n*.log\n")
    (work / "build").mkdir()
    (work / "build" / "out").write_text("1")
    kept = keeping()
    id = kept.take("before").id
    (work / "build" / "out").write_text("2")
    (work / "x.log").write_text("new")
    assert kept.changes(id) == []
    kept.restore(id)
    assert (work / "build" / "out").read_text() == "2"
    assert (work / "x.log").exists()


def test_an_ignored_file_that_was_named_is_kept(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text("build/\n.env\n")
    (work / ".env").write_text("old")
    kept = keeping()
    made = work / "build" / "deep" / "made"
    id = kept.take("before", [str(work / ".env"), str(made)]).id
    (work / ".env").write_text("new")
    made.parent.mkdir(parents=True)
    made.write_text("made")
    kept.restore(id)
    assert (work / ".env").read_text() == "old"
    assert not made.exists()


def test_a_file_named_later_comes_back_from_the_later_checkpoint(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text(".env\n")
    (work / ".env").write_text("old")
    kept = keeping()
    first = kept.take("first").id
    (work / "src" / "a.py").write_text("b\n")
    second = kept.take("second", [str(work / ".env")]).id
    (work / ".env").write_text("new")
    kept.restore(first, later=[second])
    assert (work / ".env").read_text() == "old"
    assert (work / "src" / "a.py").read_text() == "a\n"


def test_what_was_ignored_then_is_not_taken_for_new(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text("data/\n")
    (work / "data").mkdir()
    (work / "data" / "precious").write_text("mine")
    kept = keeping()
    id = kept.take("before").id
    (work / ".gitignore").unlink()
    (work / "data" / "precious").write_text("still mine")
    kept.restore(id)
    assert (work / "data" / "precious").read_text() == "still mine"
    assert (work / ".gitignore").read_text() == "data/\n"


def test_what_is_ignored_only_now_comes_back(work: Path, keeping: Make) -> None:
    kept = keeping()
    id = kept.take("before").id
    (work / ".gitignore").write_text("src/\n")
    (work / "src" / "a.py").write_text("b\n")
    before = kept.restore(id).before
    assert (work / "src" / "a.py").read_text() == "a\n"
    assert not (work / ".gitignore").exists()
    kept.restore(before)
    assert (work / "src" / "a.py").read_text() == "b\n"


def test_what_is_made_with_its_repository_goes_with_it(work: Path, keeping: Make) -> None:
    kept = keeping()
    id = kept.take("before").id
    git(work, "init", "-q")
    (work / "made").write_text("made")
    restored = kept.restore(id)
    assert restored.refused == ()
    assert not (work / "made").exists()


def test_what_a_new_repository_lets_be_seen_is_not_taken_for_new(work: Path, keeping: Make) -> None:
    (work / ".gitignore").write_text("*.log\n")
    (work / "src" / "mine.log").write_text("mine")
    kept = keeping()
    id = kept.take("before").id
    git(work, "init", "-q", "--template=", "src")
    (work / "made").write_text("made")
    restored = kept.restore(id)
    assert (work / "src" / "mine.log").read_text() == "mine"
    assert [one for one in restored.refused if "mine.log" in one]
    assert not (work / "made").exists()


def test_what_git_alone_ignored_is_not_taken_for_new(work: Path, keeping: Make) -> None:
    git(work, "init", "-q")
    exclude = work / ".git" / "info" / "exclude"
    exclude.write_text("*.log\n")
    (work / "mine.log").write_text("mine")
    kept = keeping()
    id = kept.take("before").id
    exclude.unlink()
    kept.restore(id)
    assert (work / "mine.log").read_text() == "mine"


def test_an_ignored_file_that_git_tracks_is_kept(work: Path, keeping: Make) -> None:
    git(work, "init", "-q")
    (work / ".gitignore").write_text("vendor/\n")
    (work / "vendor").mkdir()
    (work / "vendor" / "lib").write_text("old")
    (work / "vendor" / "junk").write_text("junk")
    git(work, "add", "-f", "vendor/lib")
    kept = keeping()
    id = kept.take("before").id
    (work / "vendor" / "lib").write_text("new")
    (work / "vendor" / "junk").write_text("other")
    kept.restore(id)
    assert (work / "vendor" / "lib").read_text() == "old"
    assert (work / "vendor" / "junk").read_text() == "other"


def test_a_file_forced_into_the_index_since_is_not_removed(work: Path, keeping: Make) -> None:
    git(work, "init", "-q")
    (work / ".gitignore").write_text("*.bin\n")
    (work / "data.bin").write_text("mine")
    kept = keeping()
    id = kept.take("before").id
    git(work, "add", "-f", "data.bin")
    kept.restore(id)
    assert (work / "data.bin").read_text() == "mine"


@pytest.mark.parametrize("version", ["2", "4"])
def test_nothing_of_the_repository_is_touched(work: Path, keeping: Make, version: str) -> None:
    git(work, "init", "-q")
    git(work, "config", "index.version", version)
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    hook = work / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git(work, "config", "core.fsmonitor", "touch ran; false")
    (work / ".gitattributes").write_text("* filter=evil text=auto eol=crlf\n")
    git(work, "config", "filter.evil.clean", "touch ran; cat")
    kept = keeping()
    of_git = {path: path.read_bytes() for path in (work / ".git").rglob("*") if path.is_file()}
    before = looks(work)
    id = kept.take("before").id
    (work / "src" / "a.py").write_bytes(b"b\r\n")
    kept.restore(id)
    assert looks(work) == before
    after = {path: path.read_bytes() for path in (work / ".git").rglob("*") if path.is_file()}
    assert after == of_git


def test_worktrees_and_submodules_are_covered(tmp_path: Path, work: Path, keeping: Make) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "inner").write_text("inner")
    for repository in (work, other):
        git(repository, "init", "-q")
        git(repository, "add", ".")
        git(repository, "commit", "-qm", "one")
    git(work, "submodule", "add", "-q", str(other), "sub")
    git(work, "commit", "-qm", "two")
    tree = tmp_path / "tree"
    git(work, "worktree", "add", "-q", str(tree))
    git(tree, "submodule", "update", "--init", "-q")
    for top in (work, tree.resolve()):
        kept = keeping(roots=top)
        before = looks(top)
        id = kept.take("before").id
        (top / "sub" / "inner").write_text("changed")
        (top / "src" / "a.py").write_text("changed")
        kept.restore(id)
        assert looks(top) == before
        kept.close()


def test_what_is_too_large_is_named_and_left_alone(work: Path, keeping: Make) -> None:
    (work / "big").write_bytes(b"x" * 1001)
    kept = keeping(Caps(file=1000))
    first = kept.take("before")
    assert "big" in first.notice
    (work / "big").write_bytes(b"y" * 2000)
    restored = kept.restore(first.id)
    assert [one for one in restored.refused if "big" in one]
    assert (work / "big").read_bytes() == b"y" * 2000


def test_all_files_together_have_a_limit_within_one_directory(work: Path, keeping: Make) -> None:
    for place in range(9):
        (work / "empty" / f"{place}").write_bytes(b"x" * 100)
    notice = keeping(Caps(total=700)).take("before").notice
    assert notice.count("/empty/") == 3 and notice.endswith(" and 2 more")


def test_what_shrinks_below_the_limit_is_kept_at_once(work: Path, keeping: Make) -> None:
    kept = keeping(Caps(total=1000))
    (work / "empty" / "big").write_bytes(b"x" * 700)
    assert kept.take("before").notice == ""
    (work / "empty" / "big").write_bytes(b"y" * 600)
    after = kept.take("after")
    assert after.notice == ""
    assert keeping(Caps(total=1000)).take("another process").id == after.id


def test_only_their_owner_can_read_what_is_kept(tmp_path: Path, keeping: Make) -> None:
    before = os.umask(0)
    try:
        keeping().take("before")
    finally:
        os.umask(before)
    kept = list((tmp_path / "kept").iterdir())
    assert kept and {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}


def test_where_the_folder_of_all_is_gone_there_is_nothing_to_tidy(
    tmp_path: Path, keeping: Make
) -> None:
    kept = keeping()
    kept.take("before")
    tmp_path.rename(tmp_path.with_name("away"))
    assert kept.tidy(30, 0) == 0


def test_a_file_grown_too_large_is_not_overwritten(work: Path, keeping: Make) -> None:
    kept = keeping(Caps(file=1000))
    id = kept.take("before").id
    (work / "bytes").write_bytes(b"y" * 2000)
    assert kept.restore(id).refused
    assert (work / "bytes").stat().st_size == 2000


def test_what_nobody_looked_into_is_never_removed(work: Path, keeping: Make) -> None:
    for name in ("one", "two", "three"):
        (work / name).mkdir()
        (work / name / "file").write_text(name)
    few = keeping(Caps(files=4))
    first = few.take("before")
    assert "no more than 4" in first.notice
    before = looks(work)
    keeping().restore(first.id)
    assert looks(work) == before


def test_odd_entries_are_passed_over(work: Path, keeping: Make) -> None:
    os.mkfifo(work / "pipe")
    (work / "dangling").symlink_to("/nowhere")
    (work / os.fsdecode(b"\xff\n")).write_text("odd name")
    kept = keeping()
    before = looks(work)
    id = kept.take("before").id
    (work / os.fsdecode(b"\xff\n")).unlink()
    (work / "dangling").unlink()
    kept.restore(id)
    assert looks(work) == before
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)


def test_a_pipe_in_the_way_stays(work: Path, keeping: Make) -> None:
    kept = keeping()
    id = kept.take("before").id
    (work / "bytes").unlink()
    os.mkfifo(work / "bytes")
    assert kept.restore(id).refused
    assert stat.S_ISFIFO((work / "bytes").stat().st_mode)


def test_a_directory_replaced_by_a_link_does_not_lead_out(
    tmp_path: Path, work: Path, keeping: Make
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("theirs")
    kept = keeping()
    before = looks(work)
    id = kept.take("before").id
    (work / "src").rename(tmp_path / "gone")
    (work / "src").symlink_to(outside)
    kept.restore(id)
    assert looks(work) == before
    assert (outside / "a.py").read_text() == "theirs"


def test_only_the_wanted_paths_are_restored(work: Path, keeping: Make) -> None:
    kept = keeping()
    id = kept.take("before").id
    (work / "src" / "a.py").write_text("b\n")
    (work / "bytes").write_text("b\n")
    kept.restore(id, [str(work / "src")])
    assert (work / "src" / "a.py").read_text() == "a\n"
    assert (work / "bytes").read_text() == "b\n"


def test_added_directories_are_covered(tmp_path: Path, work: Path, keeping: Make) -> None:
    added = (tmp_path / "added").resolve()
    added.mkdir()
    (added / "file").write_text("1")
    kept = keeping(None, added)
    id = kept.take("before").id
    (added / "file").write_text("2")
    kept.restore(id)
    assert (added / "file").read_text() == "1"
    assert kept.roots_of(id) == (work, added)


def test_pruning_keeps_the_newest_and_what_they_need(work: Path, keeping: Make) -> None:
    kept, other = keeping(), keeping()
    ids = [kept.take("first").id]
    other.take("first")
    for text in ("b\n", "c\n"):
        (work / "src" / "a.py").write_text(text)
        ids.append(kept.take("next").id)
    assert other.prune(1) == 2
    assert [one.id for one in kept.list()] == ids[2:]
    with pytest.raises(SandboxError, match="pruned"):
        kept.restore(ids[0])
    (work / "src" / "a.py").write_text("a\n")
    id = kept.take("once more").id
    (work / "src" / "a.py").write_text("d\n")
    kept.restore(id)
    assert (work / "src" / "a.py").read_text() == "a\n"


def age(tmp_path: Path, days: int) -> None:
    """Make all that is kept look so old."""
    with sqlite3.connect(tmp_path / "kept" / "checkpoints.db") as vault:
        then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
        vault.execute("UPDATE checkpoints SET time = ?", (then,))
    vault.close()


def several(work: Path, kept: Checkpoints, count: int) -> None:
    for number in range(count):
        (work / "src" / "a.py").write_bytes(os.urandom(100_000) + bytes([number]))
        kept.take("next")


def test_what_is_old_goes_but_for_the_newest(tmp_path: Path, work: Path, keeping: Make) -> None:
    kept = keeping()
    several(work, kept, 12)
    assert kept.tidy(30, 0) == 0
    age(tmp_path, 31)
    several(work, kept, 3)
    assert kept.tidy(30, 0) == 5
    assert len(kept.list()) == 10
    before = looks(work)
    several(work, kept, 1)
    kept.restore(kept.list()[-2].id)
    assert looks(work) == before


def test_what_takes_too_much_room_goes_and_the_disk_has_it_back(
    tmp_path: Path, work: Path, keeping: Make
) -> None:
    kept = keeping()
    several(work, kept, 24)
    file = tmp_path / "kept" / "checkpoints.db"
    assert kept.tidy(0, 1_000_000) == 12
    assert file.stat().st_size < 1_600_000
    assert kept.tidy(0, 10_000_000) == 0


def test_workspaces_nobody_works_in_any_more_are_forgotten(tmp_path: Path, work: Path) -> None:
    folders = [tmp_path / "data" / name for name in ("own", "old", "new", "odd")]
    for folder in folders[:3]:
        kept = Checkpoints(folder, Roots.at(work), Ignores.above)
        kept.take("x")
        kept.close()
    folders[3].mkdir()
    for folder in folders[:2]:
        os.utime(folder / "checkpoints.db", (0, 0))
    kept = Checkpoints(folders[0], Roots.at(work), Ignores.above)
    kept.tidy(30, 0)
    kept.close()
    assert [folder.exists() for folder in folders] == [True, False, True, True]


def test_a_vault_that_cannot_be_written_is_an_error(tmp_path: Path, keeping: Make) -> None:
    (tmp_path / "kept").write_text("in the way")
    with pytest.raises(SandboxError, match="checkpoints in"):
        keeping().take("before")


def test_a_stopped_walk_keeps_nothing(tmp_path: Path, work: Path) -> None:
    stop = [True]
    kept = Checkpoints(tmp_path / "kept", Roots.at(work), Ignores.above, stopped=lambda: stop[0])
    with pytest.raises(SandboxError, match="stopped"):
        kept.take("before")
    assert kept.list() == []
    stop[0] = False
    assert kept.take("before").files == 4

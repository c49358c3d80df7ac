"""Checkpoints and `.git`: a file that says where a repository is comes back, nothing else of it."""

import shutil
from pathlib import Path

import pytest
from trees import git

from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.paths import Roots


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with a submodule and a worktree in it."""
    work, other = tmp_path / "work", tmp_path / "other"
    for place in (work, other):
        place.mkdir()
        git(place, "init", "-q")
        (place / "file").write_text("1\n")
        git(place, "add", ".")
        git(place, "commit", "-qm", "one")
    git(work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(work, "commit", "-qm", "two")
    git(work, "worktree", "add", "-q", "tree")
    return work


@pytest.fixture
def kept(tmp_path: Path, work: Path) -> Checkpoints:
    """The checkpoints of it."""
    return Checkpoints(tmp_path / "kept", Roots.at(work), Ignores.above)


@pytest.mark.parametrize("place", ["sub", "tree"])
def test_a_removed_submodule_or_worktree_works_again(
    work: Path, kept: Checkpoints, place: str
) -> None:
    before = kept.take("before").id
    shutil.rmtree(work / place)
    restored = kept.restore(before)
    assert restored.refused == ()
    assert git(work / place, "rev-parse", "--show-toplevel").strip() == str(work / place)
    assert git(work / place, "status", "--porcelain") == ""
    kept.close()


def test_a_git_file_that_is_there_is_neither_changed_nor_removed(
    work: Path, kept: Checkpoints
) -> None:
    before = kept.take("before").id
    (work / "sub" / ".git").write_text("gitdir: elsewhere\n")
    git(work, "worktree", "add", "-q", "later")
    restored = kept.restore(before)
    assert (work / "sub" / ".git").read_text() == "gitdir: elsewhere\n"
    assert (work / "later" / ".git").is_file()
    assert restored.refused == ()
    kept.close()


def test_where_a_repository_lies_now_no_git_file_is_wanted(work: Path, kept: Checkpoints) -> None:
    before = kept.take("before").id
    (work / "sub" / ".git").unlink()
    git(work / "sub", "init", "-q")
    restored = kept.restore(before)
    assert (restored.refused, restored.changes) == ((), ())
    assert (work / "sub" / ".git").is_dir()
    kept.close()


def test_a_repository_that_was_moved_out_of_its_tree_stays_there(
    tmp_path: Path, work: Path, kept: Checkpoints
) -> None:
    git(work, "clone", "-q", str(tmp_path / "other"), "own")
    git(work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", "./own", "own")
    before = kept.take("before").id
    git(work, "submodule", "absorbgitdirs", "own")
    assert (work / "own" / ".git").is_file()
    kept.restore(before)
    assert (work / "own" / ".git").is_file()
    assert git(work / "own", "log", "--format=%s") == "one\n"
    kept.close()


def test_a_git_file_survives_going_back_and_forth(work: Path, kept: Checkpoints) -> None:
    before = kept.take("before").id
    shutil.rmtree(work / "sub")
    first = kept.restore(before)
    kept.restore(first.before)
    assert [path.name for path in (work / "sub").iterdir()] == [".git"]
    kept.restore(before)
    assert git(work / "sub", "status", "--porcelain") == ""
    kept.close()


def test_a_repository_that_is_gone_is_known_and_a_git_file_is_none(
    work: Path, kept: Checkpoints
) -> None:
    git(work, "init", "-q", "nested")
    before = kept.take("before").id
    shutil.rmtree(work / "nested")
    shutil.rmtree(work / "sub")
    assert kept.repositories_gone(before) == [str(work / "nested")]
    kept.close()

"""A repository has one name wherever it is checked out."""

import subprocess
from pathlib import Path

import pytest

from kedge.agent.memory.identity import identity


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=k", "-c", "user.email=k@kedge.invalid")
    subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "harbour"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "commit", "-q", "--allow-empty", "-m", "one")
    return root


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/crew/harbour.git",
        "https://example.org/crew/harbour",
        "https://ada:secret@example.org/crew/harbour.git/",
        "ssh://git@Example.org:2222/crew/harbour.git",
        "git@example.org:crew/harbour.git",
        "git://example.org/crew/harbour.git",
    ],
)
def test_every_way_to_its_remote_is_one_name(repository: Path, url: str) -> None:
    git(repository, "remote", "add", "upstream", "https://example.org/other/harbour")
    git(repository, "remote", "add", "origin", url)
    assert identity(repository) == "example.org/crew/harbour"


def test_a_worktree_is_the_repository_that_it_belongs_to(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert identity(tmp_path / "tree") == identity(repository) == str(repository)


@pytest.mark.parametrize("url", ["/srv/harbour.git", "../harbour", "file:///srv/harbour.git"])
def test_a_remote_on_this_machine_is_no_name(repository: Path, url: str) -> None:
    git(repository, "remote", "add", "origin", url)
    assert identity(repository) == str(repository)

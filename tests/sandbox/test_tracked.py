"""Files that are hidden although the owner committed them: git inside leaves them as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WHO = {name: "x@x" for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")} | {
    name: "x" for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME")
}
SECRETS = (".env", "service/.env")


class Repository:
    """One with hidden files that are committed."""

    def __init__(self, base: Path, *options: str) -> None:
        self.home, self.work = base / "home", base / "work"
        self.home.mkdir()
        (self.work / "service").mkdir(parents=True)
        for name in (*SECRETS, "a"):
            (self.work / name).write_text("FIRST=1\n")
        self.git("init", "-q", "-b", "main", *options)
        self.git("add", "-A")
        self.git("commit", "-qm", "first")

    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.home), "KEDGE_HOME": str(self.home / "kedge")}
        return kept | own | WHO

    def git(self, *words: str) -> str:
        ran = subprocess.run(
            ("git", *words), cwd=self.work, env=self.env(), capture_output=True, text=True
        )
        return ran.stdout

    def run(self, script: str) -> tuple[int, str]:
        ran = subprocess.run(
            (sys.executable, "-m", "kedge", "sandbox", "run", "--", "bash", "-c", script),
            cwd=self.work,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return ran.returncode, ran.stdout

    def committed(self) -> list[str]:
        """What the commits after the first changed."""
        return self.git("log", "--format=", "--name-only", "HEAD").split()[: -len(SECRETS) - 1]


@pytest.fixture(params=["sha1", "sha256"])
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Repository:
    return Repository(tmp_path, f"--object-format={request.param}")


WORK = """set -e; git status --short; git add -A; echo 1 >>a; git commit -qam two; echo 2 >>a
git stash -q; git stash pop -q; git commit -qam three; git checkout -qb other; echo 3 >b
git add -A; git commit -qm four; git checkout -q main; git reset -q --hard; git checkout -q -- .
git rebase -q other
git status --short; ! cat .env 2>/dev/null"""


def test_git_neither_sees_nor_commits_what_is_hidden(repository: Repository) -> None:
    assert repository.run(WORK) == (0, "")
    assert repository.git("status", "--short") == ""
    assert repository.committed() == ["b", "a", "a"]
    assert [(repository.work / name).read_text() for name in SECRETS] == ["FIRST=1\n"] * 2
    assert repository.git("fsck", "--no-dangling") == ""


def test_what_the_owner_changed_in_it_stays_changed_outside(repository: Repository) -> None:
    (repository.work / ".env").write_text("FIRST=2\n")
    (repository.work / "service/.env").write_text("FIRST=1\nSECOND=1\n")
    assert repository.run(WORK) == (0, "")
    assert repository.git("status", "--short") == " M .env\n M service/.env\n"
    assert repository.committed() == ["b", "a", "a"]
    assert (repository.work / ".env").read_text() == "FIRST=2\n"


@pytest.mark.parametrize("script", ["git rm -q .env", "git mv .env e"])
def test_what_would_change_it_fails_and_changes_nothing(tmp_path: Path, script: str) -> None:
    repository = Repository(tmp_path)
    code, said = repository.run(script)
    assert code != 0
    assert ".env" in said
    assert repository.git("status", "--short") == ""
    assert (repository.work / ".env").read_text() == "FIRST=1\n"


def test_another_branch_leaves_it_as_it_is_and_says_so(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.git("checkout", "-qb", "other")
    (repository.work / ".env").write_text("OTHER=1\n")
    repository.git("commit", "-qam", "other")
    repository.git("checkout", "-q", "main")
    said = repository.run("git checkout -q other")[1]
    assert "unable to unlink old '.env'" in said
    repository.run("echo 1 >>a; git commit -qam more")
    assert repository.git("show", "other:.env") == "OTHER=1\n"
    assert repository.git("status", "--short") == " M .env\n"
    assert (repository.work / ".env").read_text() == "FIRST=1\n"


def test_what_the_person_ignores_everywhere_is_ignored_inside(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (repository.home / ".config/git").mkdir(parents=True)
    (repository.home / ".config/git/ignore").write_text("*.swp")
    assert repository.run("touch x.swp y; git status --short") == (0, "?? y\n")
    (repository.home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    (repository.home / "mine").write_text("y\n")
    assert repository.run("git status --short") == (0, "?? x.swp\n")

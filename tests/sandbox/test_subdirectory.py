"""A workspace below the top of its repository: git works, and what it obeys stays as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EVIL = "'[core]\\nfsmonitor=touch {pwned};false\\n'"
HOOK = "'#!/bin/sh\\ntouch {pwned}\\n'"
WHO = {name: "x@x" for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")} | {
    name: "x" for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME")
}


class Nest:
    """A repository whose owner works in `packages/one`."""

    def __init__(self, base: Path) -> None:
        self.home, self.top, self.pwned = base / "home", base / "home/code", base / "pwned"
        self.work = self.top / "packages/one"
        self.work.mkdir(parents=True)
        (self.top / "packages/two").mkdir()
        for name in ("README", "packages/one/a", "packages/two/b"):
            (self.top / name).write_text("first\n")
        (self.top / ".gitignore").write_text(".env\n")
        (self.top / ".env").write_text("KEY=TOPSECRET\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-qm", "first")

    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.home), "KEDGE_HOME": str(self.home / "kedge")}
        return kept | own | WHO

    def git(self, *words: str, cwd: Path | None = None) -> str:
        ran = subprocess.run(
            ("git", *words), cwd=cwd or self.top, env=self.env(), capture_output=True, text=True
        )
        return ran.stdout

    def run(self, script: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (sys.executable, "-m", "kedge", "sandbox", "run", "--", "bash", "-c", script),
            cwd=cwd or self.work,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    def use(self, cwd: Path | None = None) -> None:
        """What the owner does afterwards, outside."""
        for words in ("status", "diff", "checkout -q -b later", "commit -q --allow-empty -m x"):
            self.git(*words.split(), cwd=cwd)


@pytest.fixture
def nest(tmp_path: Path) -> Nest:
    return Nest(tmp_path)


def test_git_works_below_the_top(nest: Nest) -> None:
    ran = nest.run(
        "set -e; git status --short; echo new >c; git add c; git commit -qm second; echo more >>a;"
        " git stash -q; git stash pop -q; git commit -qam third; git checkout -qb other;"
        " git checkout -q main; cat ../two/b; git log --format=%s"
    )
    assert (ran.stdout, ran.returncode) == ("first\nthird\nsecond\nfirst\n", 0)
    assert nest.git("status", "--short") == ""
    assert nest.git("log", "--format=%s").split() == ["third", "second", "first"]
    assert nest.git("branch") == "* main\n  other\n"


def test_git_works_in_a_part_of_a_worktree(nest: Nest) -> None:
    nest.git("worktree", "add", "-q", "../tree")
    part = nest.home / "tree/packages/one"
    ran = nest.run(
        "set -e; echo new >c; git add c; git commit -qm second; git status --short", part
    )
    assert (ran.stdout, ran.returncode) == ("", 0)
    assert nest.git("log", "--format=%s", cwd=part).split() == ["second", "first"]
    nest.run("echo '[core]fsmonitor=x' >>../../../code/.git/config; echo x >../../.git", part)
    assert "fsmonitor" not in nest.git("config", "--list", cwd=part)
    assert nest.git("rev-parse", "HEAD", cwd=part)


def test_the_rest_is_only_read_and_its_secrets_are_not(nest: Nest) -> None:
    before = {path: path.read_bytes() for path in nest.top.rglob("*") if path.is_file()}
    ran = nest.run(
        "cat ../../README; cat ../../.env; echo x >../../README; echo x >../two/new; rm ../two/b;"
        " mv ../../.git ../../g; mv ../one ../three; git rm -q ../two/b; cp ../../.env e; cat e"
    )
    assert ran.stdout.startswith("first\n")
    assert "TOPSECRET" not in ran.stdout
    now = {path: path.read_bytes() for path in before if path.is_file()}
    assert {path for path in before if now.get(path) != before[path]} <= {nest.top / ".git/index"}
    assert not (nest.top / "packages/two/new").exists()


PERSISTENT = {
    "hook": "printf {hook} >{git}/hooks/post-checkout; chmod +x {git}/hooks/*",
    "hooks exchanged": "mv {git}/hooks {git}/h; mkdir {git}/hooks; cp {git}/h/* {git}/hooks",
    "configuration": "printf {evil} >>{git}/config",
    "by git": "git config core.fsmonitor 'touch {pwned}; false'",
    "configuration exchanged": "cp {git}/config c; printf {evil} >>c; mv c {git}/config",
    "of a worktree": "printf {evil} >{git}/config.worktree",
    "shared elsewhere": "git init -q --bare n; printf {evil} >>n/config;"
    " echo ../packages/one/n >{git}/commondir",
    "attributes": "echo '* filter=x' >{git}/info/attributes",
    "hook directory": "mkdir -p hooks; printf {hook} >hooks/post-checkout;"
    " chmod +x hooks/post-checkout",
    "included": "printf {evil} >included",
}


@pytest.mark.parametrize("name", PERSISTENT)
def test_what_git_obeys_cannot_be_changed(nest: Nest, name: str) -> None:
    nest.git("config", "extensions.worktreeConfig", "true")
    nest.git(
        "config", "core.hooksPath", "packages/one/hooks" if "directory" in name else ".git/hooks"
    )
    nest.git("config", "include.path", "../packages/one/included")
    config = (nest.top / ".git/config").read_bytes()
    script = PERSISTENT[name].replace("{evil}", EVIL).replace("{hook}", HOOK)
    script = script.replace("{git}", "../../.git").replace("{pwned}", str(nest.pwned))
    nest.run(script)
    nest.use()
    assert not nest.pwned.exists()
    assert (nest.top / ".git/config").read_bytes() == config
    assert not (nest.top / ".git/info/attributes").exists()


def test_a_home_that_is_a_repository_is_not_written_from_a_project_in_it(nest: Nest) -> None:
    (nest.home / ".git").mkdir()
    subprocess.run(("git", "init", "-q"), cwd=nest.home, check=True)
    (nest.home / "project").mkdir()
    ran = nest.run("git add . ; git commit --allow-empty -qm x", nest.home / "project")
    assert ran.returncode != 0
    assert nest.git("log", "--oneline", cwd=nest.home) == ""


def test_a_pointer_brought_along_opens_no_other_repository(nest: Nest) -> None:
    # The archive that was unpacked names a git directory of its own that shares somebody else's.
    other = nest.home / "other"
    subprocess.run(("git", "init", "-q", str(other)), check=True)
    brought = nest.home / "brought"
    (brought / "evil").mkdir(parents=True)
    (brought / ".git").write_text("gitdir: evil\n")
    (brought / "evil/gitdir").write_text("../.git\n")
    (brought / "evil/HEAD").write_text("ref: refs/heads/main\n")
    (brought / "evil/commondir").write_text("../../other/.git\n")
    nest.run("echo x >../other/.git/description; echo x >../other/.git/new", brought)
    assert not (other / ".git/new").exists()
    assert (other / ".git/description").read_text() != "x\n"

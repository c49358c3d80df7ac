"""Files that anybody may have put there: nothing waits for them or reads them without end."""

import os

import pytest

from kedge.agent.commands.gitconfig import repository
from kedge.agent.memory.environment import describe
from kedge.agent.memory.gitlook import tracked
from kedge.agent.memory.identity import identity
from kedge.agent.memory.repository import find_repository
from kedge.agent.plainfile import plain_bytes, plain_text
from kedge.agent.tools.ignore import Ignores


def test_a_regular_file_is_read_up_to_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"one\0two\xff")
    assert plain_bytes(tmp_path / "a", 3) == b"one"
    assert plain_text(tmp_path / "a") == "one\ufffdtwo\ufffd"
    assert (plain_bytes(tmp_path / "none"), plain_text(tmp_path / "none")) == (None, "")


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def folder(path):
    path.mkdir()


def zeros(path):
    path.write_bytes(b"ref: refs/heads/a\0b")


@pytest.mark.parametrize("put", [pipe, endless, folder, zeros])
@pytest.mark.parametrize("name", ["HEAD", "config", "index", "commondir", "packed-refs"])
def test_a_broken_repository_is_looked_at_and_keeps_nobody(tmp_path, put, name):
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / name).unlink(missing_ok=True)
    put(git / name)
    found = find_repository(tmp_path)
    assert "Git: " in describe(tmp_path, found, "2026-01-02")
    assert identity(tmp_path) and repository(str(tmp_path)).top == str(tmp_path)
    assert tracked(git / "index") == 0


@pytest.mark.parametrize("put", [pipe, endless, folder])
def test_an_ignore_file_that_is_no_file_ignores_nothing(tmp_path, put):
    put(tmp_path / ".gitignore")
    (tmp_path / ".git").mkdir()
    inside = Ignores.above(str(tmp_path)).within(str(tmp_path), [".gitignore"])
    assert not inside.hide(f"{tmp_path}/a", "a", False)

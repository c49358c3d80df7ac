"""The files that can be mentioned, and how they are found by a few letters."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.cli.tui.composer.files import FileIndex
from kedge.cli.tui.composer.fuzzy import Paths
from kedge.cli.tui.composer.sources import Files

_GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t")


def written(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    written(tmp_path, "README.md", "src/main.py", "src/lib/parser.py", "build/out.o", "new.txt")
    (tmp_path / ".gitignore").write_text("build/\n")
    subprocess.run([*_GIT, "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run([*_GIT, "add", "README.md", "src", ".gitignore"], cwd=tmp_path, check=True)
    return tmp_path


async def test_git_says_which_files_there_are(repository: Path) -> None:
    index = FileIndex(repository)
    await index.refresh()
    assert set(index.match("", 50)) == {
        *("README.md", ".gitignore", "new.txt"),
        *("src/", "src/main.py", "src/lib/", "src/lib/parser.py"),
    }


async def test_without_git_ignored_files_are_left_out_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, "a.py", "out/b.py")
    (tmp_path / ".ignore").write_text("out\n")
    index = FileIndex(tmp_path)
    await index.refresh()
    assert index.match("", 50) == ["a.py"]


async def test_a_name_that_a_terminal_would_act_on_is_not_proposed(tmp_path: Path) -> None:
    written(tmp_path, "a.py", "a\x1b]0;title\x07.py")
    index = FileIndex(tmp_path)
    await index.refresh()
    assert index.match("a", 50) == ["a.py"]


async def test_what_programs_leave_behind_is_not_listed(tmp_path: Path) -> None:
    written(tmp_path, "a.py", "pkg/__pycache__/a.pyc", "node_modules/x/index.js", "b.pyc", "c.py~")
    index = FileIndex(tmp_path)
    await index.refresh()
    assert index.match("", 50) == ["a.py"]


async def test_nor_is_it_where_git_was_not_told_of_it(repository: Path) -> None:
    written(repository, "src/__pycache__/main.pyc", ".venv/bin/python", ".DS_Store")
    index = FileIndex(repository)
    await index.refresh()
    assert not {one for one in index.match("", 50) if "pycache" in one or one.startswith(".v")}
    assert index.match("DS_Store") == []


def kept_by_git(repository: Path, name: str) -> None:
    subprocess.run([*_GIT, "add", "-f", name], cwd=repository, check=True)


async def test_what_git_keeps_is_listed_whatever_its_name(repository: Path) -> None:
    written(repository, "node_modules/own/index.js")
    kept_by_git(repository, "node_modules")
    index = FileIndex(repository)
    await index.refresh()
    assert "node_modules/own/index.js" in index.match("index")


async def test_what_changed_last_comes_first_until_something_is_typed(repository: Path) -> None:
    for name in ("README.md", ".gitignore", "new.txt", "src/main.py", "src/lib/parser.py"):
        os.utime(repository / name, (0, 0))
    os.utime(repository / "src/main.py", (600, 600))
    os.utime(repository / "src/lib/parser.py", (1_200, 1_200))
    index = FileIndex(repository)
    await index.refresh()
    assert index.match("")[:2] == ["src/lib/parser.py", "src/main.py"]
    assert index.match("readme")[0] == "README.md"


async def test_a_git_that_fails_is_done_without(repository: Path) -> None:
    index = FileIndex(repository, env={"PATH": "/nowhere"})
    await index.refresh()
    assert "src/lib/parser.py" in index.match("parser", 5)


async def test_a_repository_s_own_programs_are_not_run(repository: Path, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    config = repository / ".git/config"
    config.write_text(f"{config.read_text()}[core]\nfsmonitor = touch {proof}; false\n")
    index = FileIndex(repository)
    await index.refresh()
    assert index.ready
    assert not proof.exists()


async def test_what_nobody_may_read_is_not_offered(repository: Path) -> None:
    index = FileIndex(repository, hides=lambda path: path.name == "main.py")
    await index.refresh()
    assert index.match("main") == []


async def test_what_was_used_comes_first(repository: Path) -> None:
    index = FileIndex(repository)
    await index.refresh()
    index.used("src/lib/parser.py")
    assert index.match("")[0] == "src/lib/parser.py"
    assert index.match("r")[0] == "src/lib/parser.py"
    assert index.match("readme")[0] == "README.md"


async def test_a_new_file_is_found_when_the_list_is_old(repository: Path) -> None:
    now = 0.0
    index = FileIndex(repository, clock=lambda: now)
    await index.refresh()
    written(repository, "later.py")
    await index.refresh()
    assert index.match("later") == []
    now = 60.0
    await index.refresh()
    await index.close()
    assert index.match("later") == ["later.py"]


async def test_a_file_that_is_gone_is_no_longer_among_those_used(repository: Path) -> None:
    index = FileIndex(repository)
    await index.refresh()
    index.used("gone.py")
    assert index.match("gone") == []


def test_names_win_over_paths_and_beginnings_over_middles() -> None:
    paths = Paths(["parser/x.py", "src/my_parser.py", "src/deep/down/parser.py", "p/a/r/s/e/r.py"])
    assert paths.match("parser", 9) == [
        *("src/deep/down/parser.py", "src/my_parser.py", "parser/x.py", "p/a/r/s/e/r.py")
    ]


def test_letters_in_their_order_are_enough() -> None:
    paths = Paths(["src/composer_bar.py", "src/completion.py", "docs/scope.md"])
    assert paths.match("cmpbar", 9) == ["src/composer_bar.py"]
    assert paths.match("s/cmpl", 9) == ["src/completion.py"]


@pytest.mark.parametrize(
    ("query", "first", "second"),
    [
        ("panel", "web/AskPanel.tsx", "web/trampanel.tsx"),
        ("kap", "kedgeAskPanel.tsx", "kaleidoscoap.ts"),
        ("fbz", "lib/FooBarZip.java", "lib/fabaz.py"),
        ("tui/bar", "cli/tui/bar.py", "cli/tui/composer/bar.py"),
        ("main", "src/main.py", "main/other.py"),
        ("parser.py", "a/b/c/parser.py", "parser.pyx"),
    ],
)
def test_the_likelier_of_two_comes_first(query: str, first: str, second: str) -> None:
    assert Paths([first, second]).match(query, 9) == [first, second]


def test_of_two_that_fit_alike_the_one_that_changed_comes_first() -> None:
    paths = Paths(["a/test_one.py", "b/c/test_two.py"], ["b/c/test_two.py"])
    assert paths.match("test", 9) == ["b/c/test_two.py", "a/test_one.py"]


def test_letters_that_are_longer_when_they_are_small_do_no_harm() -> None:
    assert Paths(["İİİ/xİyz.py"]).match("xyz", 9) == ["İİİ/xİyz.py"]


def test_case_does_not_count() -> None:
    assert Paths(["README.md"]).match("ReadMe", 9) == ["README.md"]
    assert Paths(["README.md"]).match("RDM", 9) == ["README.md"]


names = st.text(st.sampled_from("abcD_/."), min_size=1, max_size=12).filter(
    lambda name: "//" not in name and not name.startswith("/")
)


@given(st.sets(names, max_size=40), names)
def test_typing_letter_by_letter_finds_what_the_whole_word_finds(
    files: set[str], query: str
) -> None:
    typed = Paths(files)
    for end in range(1, len(query) + 1):
        found = typed.match(query[:end], 100)
    assert set(found) == set(Paths(files).match(query, 100))


@given(st.sets(names, max_size=40), names)
def test_everything_found_has_the_letters_in_their_order(files: set[str], query: str) -> None:
    for path in Paths(files).match(query, 100):
        rest = iter(path.lower())
        assert all(letter in rest for letter in query.lower().removeprefix("./"))


@given(st.sets(names, max_size=40))
def test_every_path_is_found_by_its_own_name(files: set[str]) -> None:
    paths = Paths(files)
    for path in files:
        assert path in paths.match(path, 100) or path.startswith("./")


async def test_what_was_made_a_moment_ago_is_found(tmp_path: Path) -> None:
    now = 100.0
    index = FileIndex(written(tmp_path, "a.py"), clock=lambda: now)
    files = Files(index)
    assert [one.label for one in await files.offer("@a")] == ["a.py"]
    written(tmp_path, "brand_new.py")
    now += 1
    assert [one.label for one in await files.offer("@brand")] == ["brand_new.py"]


async def test_an_index_that_moves_lists_another_directory_and_nothing_of_the_one_before(
    tmp_path: Path,
) -> None:
    here, there = written(tmp_path / "here", "ours.py"), written(tmp_path / "there", "theirs.py")
    index = FileIndex(here)
    await index.refresh()
    index.used("ours.py")
    index.move(there, lambda path: path.name == "hidden.py")
    assert index.match("") == []
    await index.refresh()
    assert index.match("") == ["theirs.py"]
    assert index.hides(there / "hidden.py")


async def test_an_index_that_moves_while_it_lists_has_only_the_new_directory(
    tmp_path: Path,
) -> None:
    here, there = written(tmp_path / "here", "ours.py"), written(tmp_path / "there", "theirs.py")
    index = FileIndex(here)
    listing = asyncio.create_task(index.refresh())
    await asyncio.sleep(0)
    index.move(there, lambda path: False)
    await listing
    assert index.match("") == ["theirs.py"]

"""Ignore files mean what git takes them to mean; globs mean what models expect."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.tools.ignore import is_hidden_from, walk
from kedge.agent.tools.patterns import compile_glob, last_name, names_hidden, split_literal

FILES = [
    "a.py", "a.pyc", "b.log", "keep.log", "#hash", "!bang", "space ", "x y", "[set]", "star*",
    "build/out", "src/build/out", "src/a.py", "src/deep/a.py", "src/deep/build", "doc/a.txt",
    "doc/sub/a.txt", "foo/bar/baz", "foo/x/bar/baz", "foo/baz", "x/foo/bar/q", ".hidden/file",
    ".env", "a/b/c/d", "temp/keep/this", "temp/drop", "é.txt", "{a,b}", "back\\slash", "A.PY",
]  # fmt: skip

IGNORE_FILES = [
    "*.pyc\n*.log\n!keep.log\n",
    "build/\n",
    "/build\n",
    "src/build\n",
    "**/build\n",
    "src/**/a.py\n",
    "doc/*.txt\n",
    "doc/**\n!doc/sub\n",
    "foo/**/baz\n",
    "**/foo/bar\n",
    "/*\n!/src\n",
    "*\n!*/\n!*.py\n",
    "temp/*\n!temp/keep\n",
    "\\#hash\n\\!bang\n# comment\n\n",
    "space\\ \nx y   \n",
    "\\[set\\]\nstar\\*\nback\\\\slash\n",
    "[ab].py\n[!a].log\n[[:alpha:]].pyc\n",
    ".*\n",
    "{a,b}\n",
    "a?py\n",
    "src/\r\n*.log\r\n",
    "a/b/\n",
    "a**d\n/**/c\n",
    "/\n!\n[\n[z-a]\n",
    "é.txt\n",
    "src/deep/\n!src/deep/a.py\n",
]


def by_git(root: Path) -> set[str]:
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    return {os.fsdecode(name) for name in listed.split(b"\0") if name}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize("text", IGNORE_FILES)
def test_a_walk_yields_the_files_that_git_does_not_ignore(repository: Path, text: str) -> None:
    (repository / ".gitignore").write_bytes(text.encode())
    assert set(walk(str(repository), hidden=True)) == by_git(repository)


def test_nested_ignore_files_win_over_those_above(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.py\n*.txt\n")
    (repository / "src/.gitignore").write_text("!a.py\n/deep/a.py\n")
    (repository / "doc/.gitignore").write_text("!/a.txt\n")
    assert set(walk(str(repository), hidden=True)) == by_git(repository)


def test_a_directory_s_rules_come_from_above_it_up_to_its_repository(repository: Path) -> None:
    (repository / ".gitignore").write_text("deep\n")
    inner = repository / "foo"
    subprocess.run(["git", "init", "-q", str(inner)], check=True)
    (inner / "deep").touch()
    assert set(walk(str(repository / "src"), hidden=True)) == {"a.py", "build/out"}
    assert "deep" in set(walk(str(inner), hidden=True))


def test_dot_ignore_wins_over_gitignore(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    (repository / ".ignore").write_text("!b.log\na.py\n")
    found = set(walk(str(repository), hidden=True))
    assert "b.log" in found
    assert "keep.log" not in found
    assert "a.py" not in found


def test_hidden_files_and_directories_are_left_out_unless_asked_for(repository: Path) -> None:
    shown = set(walk(str(repository), hidden=False))
    assert not {".env", ".hidden/file"} & shown
    assert {".env", ".hidden/file"} <= set(walk(str(repository), hidden=True))


def test_links_are_neither_followed_nor_yielded(repository: Path) -> None:
    (repository / "loop").symlink_to(repository)
    (repository / "link").symlink_to(repository / "a.py")
    assert not {"loop", "link"} & {
        name.split("/")[0] for name in walk(str(repository), hidden=True)
    }


def test_a_directory_within_an_ignored_one_is_hidden(repository: Path) -> None:
    (repository / ".gitignore").write_text("src\n")
    assert is_hidden_from(str(repository), str(repository / "src/deep"))
    assert is_hidden_from(str(repository), str(repository / ".git/info"))
    assert not is_hidden_from(str(repository), str(repository / "doc/sub"))
    assert not is_hidden_from(str(repository / "src"), str(repository / "src"))


@pytest.mark.parametrize(
    ("glob", "fits", "misses"),
    [
        ("*.py", ["a.py", "x/y/a.py"], ["a.pyc", "a.py/b"]),
        ("./*.py", ["a.py"], ["x/a.py"]),
        ("/*.py", ["a.py"], ["x/a.py"]),
        ("src/*.py", ["src/a.py"], ["src/x/a.py", "y/src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/x/y/a.py"], ["src.py", "srcs/a.py"]),
        ("**/*.py", ["a.py", "x/a.py"], ["a.ts"]),
        ("src/**", ["src/a", "src/x/y"], ["src", "srcx/a"]),
        ("src/", ["src/a", "src/x/y"], ["src"]),
        ("**", ["a", "x/y"], []),
        ("*.{py,ts}", ["a.py", "x/a.ts"], ["a.{py,ts}", "a.tsx"]),
        ("{src,lib}/**/*.{a,b{c,d}}", ["src/x.a", "lib/q/x.bd"], ["x/src/x.a", "lib/x.b"]),
        ("{src/*.py,*.md}", ["src/a.py", "a.md"], ["x/a.md"]),
        ("app/[id]/page.tsx", ["app/[id]/page.tsx", "app/i/page.tsx"], ["app/id/page.tsx"]),
        ("[!a]b", ["cb"], ["ab", "/b"]),
        ("[a-c]?", ["ax", "q/bx"], ["a", "dx"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("a,b}", ["a,b}"], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a**b", ["axxb"], ["a/b"]),
    ],
)
def test_globs(glob: str, fits: list[str], misses: list[str]) -> None:
    matches = compile_glob(glob).match
    assert [path for path in fits if not matches(path)] == []
    assert [path for path in misses if matches(path)] == []


@pytest.mark.parametrize("glob", ["*.{py", "[", "a[b", "[z-a]"])
def test_a_glob_that_cannot_be_understood_is_an_error_that_quotes_it(glob: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(glob))):
        compile_glob(glob)


@given(st.text(st.sampled_from("ab/*?[]{},!\\.-^"), max_size=12))
def test_any_text_is_a_glob_or_an_error(glob: str) -> None:
    try:
        compile_glob(glob)
    except ValueError:
        return
    prefix, rest = split_literal(glob)
    assert f"{prefix}/{rest}".lstrip("/") == glob.lstrip("/")
    last_name(glob)
    names_hidden(glob)


@pytest.mark.parametrize(
    ("glob", "prefix", "rest"),
    [
        ("a/b/**/*.py", "a/b", "**/*.py"),
        ("a/b/c.py", "a/b", "c.py"),
        ("*.py", "", "*.py"),
        ("/abs/x/*", "/abs/x", "*"),
        ("../*", "..", "*"),
        ("a{b/c,d}/e", "", "a{b/c,d}/e"),
        ("src/", "src", ""),
    ],
)
def test_the_literal_beginning_of_a_glob(glob: str, prefix: str, rest: str) -> None:
    assert split_literal(glob) == (prefix, rest)


def test_a_glob_names_hidden_files_by_a_leading_dot() -> None:
    assert names_hidden(".github/*.yml")
    assert names_hidden("**/.env*")
    assert names_hidden("{.a,b}/*")
    assert not names_hidden("./src/*.py")
    assert not names_hidden("*.py")

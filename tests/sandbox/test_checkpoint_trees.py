"""Checkpoints: any tree comes back after any edits, whatever is ignored, in and out of git."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import Looks, git, looks

from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.paths import Roots

Step = tuple[str, str, str, bytes]
Place = str

_ODD = "d/" + os.fsdecode(b"\xff\n x")
_NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a", _ODD])
_DATA = st.binary(max_size=300) | st.sampled_from([b"\0" * 70_000, b"x" * 300_000])
_WHAT = ["write", "append", "delete", "link", "hard", "mode", "move", "mkdir", "tree"]
_STEPS = st.lists(st.tuples(st.sampled_from(_WHAT), _NAMES, _NAMES, _DATA), max_size=12)
_RULES = st.sampled_from([b"a\n", b"d/\n", b"*\n", b"b\n!a\n", b"# b\n", b"/d/b\n", b""])
_RULE_NAMES = st.sampled_from([".gitignore", "d/.gitignore", ".ignore", ".git/info/exclude"])
_RULED = st.lists(
    st.tuples(st.just("write"), _RULE_NAMES, st.just(""), _RULES)
    | st.tuples(st.sampled_from(["delete", "init"]), _RULE_NAMES, st.just(""), st.just(b""))
    | st.tuples(st.sampled_from(_WHAT), _NAMES, _NAMES, st.binary(max_size=9)),
    max_size=12,
)
_PLACES = st.sampled_from(["plain", "repository", "below", "worktree", "submodule"])
Files = pytest.TempPathFactory
_any = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def workspace(base: Path, place: Place) -> Path:
    """A directory to work in."""
    top = base / "top"
    top.mkdir()
    match place:
        case "repository":
            git(top, "init", "-q")
        case "below":
            git(base, "init", "-q")
        case "worktree":
            git(base, "init", "-q", "main")
            git(base / "main", "commit", "-q", "--allow-empty", "-m", "one")
            git(base / "main", "worktree", "add", "-q", "-f", str(top))
        case "submodule":
            (top / "d").mkdir()
            git(top, "init", "-q")
            git(top / "d", "init", "-q")
        case _:
            pass
    return top


def edit(top: Path, steps: list[Step]) -> None:
    """Carry out the steps that can be."""
    for step in steps:
        try:
            (top / step[1]).parent.mkdir(parents=True, exist_ok=True)
            _step(top, *step)
        except (OSError, NotImplementedError):
            continue


def _step(top: Path, what: str, name: str, other: str, data: bytes) -> None:
    path, target = top / name, top / other
    match what:
        case "write":
            path.write_bytes(data)
        case "append":
            with path.open("ab") as file:
                file.write(data)
        case "delete":
            path.unlink()
        case "link":
            path.symlink_to(other)
        case "hard":
            path.hardlink_to(target)
        case "mode":
            path.chmod(0o600 | (len(data) & 0o177), follow_symlinks=False)
        case "move":
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        case "mkdir":
            path.mkdir()
        case "init":
            subprocess.run(["git", "init", "-q", str(path.parent)], check=False)
        case _:
            subprocess.run(["rm", "-rf", str(path.parent)], check=True)
            top.mkdir(exist_ok=True)


@_any
@given(first=_STEPS, second=_STEPS, place=_PLACES)
def test_any_tree_comes_back_after_any_edits(
    tmp_path_factory: Files, first: list[Step], second: list[Step], place: Place
) -> None:
    base = tmp_path_factory.mktemp("any")
    top = workspace(base, place)
    kept = Checkpoints(base / "kept", Roots.at(top), Ignores.above)
    edit(top, first)
    before = looks(top)
    id = kept.take("before").id
    edit(top, second)
    after = looks(top)
    restored = kept.restore(id)
    assert restored.refused == ()
    assert looks(top) == before
    kept.restore(restored.before)
    assert looks(top) == after
    kept.close()


def files(found: Looks) -> Looks:
    return {path: look for path, look in found.items() if look[0] != "directory"}


@_any
@given(first=_RULED, second=_RULED, place=_PLACES)
def test_whatever_is_ignored_nothing_is_lost(
    tmp_path_factory: Files, first: list[Step], second: list[Step], place: Place
) -> None:
    base = tmp_path_factory.mktemp("ignored")
    top = workspace(base, place)
    kept = Checkpoints(base / "kept", Roots.at(top), Ignores.above)
    edit(top, first)
    before = files(looks(top))
    id = kept.take("before").id
    covered = {path for path in before if kept.covers(str(top / path))}
    edit(top, second)
    edited = files(looks(top))
    restored = kept.restore(id)
    now = files(looks(top))
    for path, look in before.items():
        if path in covered:
            assert now.get(path) == look, f"{path!r} did not come back"
        elif path in edited and not _in_the_way(path, before):
            assert now.get(path) == edited[path], f"{path!r} was ignored and is not as it was left"
    kept.restore(restored.before)
    again = files(looks(top))
    for path, look in edited.items():
        assert again.get(path) == look or path in now, f"{path!r} was lost by undoing"
    kept.close()


def _in_the_way(path: str, others: Looks) -> bool:
    """Whether something that comes back needs the place."""
    return any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in others)

"""The file tools obey the same policy as commands."""

import contextlib
import os
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.errors import Protected, SandboxError
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.guard import Guard
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective


def files_in(work: Path, *, level: str = "workspace-write") -> RootedFiles:
    said = SandboxSettings(level=level)
    policy = effective(packaged_policy(), said, Roots.at(work), work.parent / "home")
    return RootedFiles(policy.roots, Guard(policy))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    (work / "file").write_text("fine")
    (work / ".env").write_text("SECRET")
    (work / "sub").mkdir()
    (work / "sub/.env.local").write_text("SECRET")
    (work / ".env.example").write_text("KEY=")
    return work


@pytest.mark.parametrize("path", [".env", "sub/.env.local", "link", "sub/../.env", "./.env"])
def test_secrets_are_not_read_by_any_name(work: Path, path: str) -> None:
    (work / "link").symlink_to(".env")
    with pytest.raises(Protected):
        files_in(work).read(Path(path), 100)
    assert files_in(work).hides(work / ".env")


def test_examples_and_ordinary_files_are_read(work: Path) -> None:
    assert files_in(work).read(Path(".env.example"), 100) == b"KEY="
    assert files_in(work).read(Path("file"), 100) == b"fine"
    assert not files_in(work).hides(work / "file")


@pytest.mark.parametrize(
    "path",
    [
        *(".git/hooks/pre-commit", ".git/config", ".git/x", "sub/.git/config", ".GIT/config"),
        *(".envrc", ".vscode/tasks.json", "sub/.vscode/tasks.json", ".kedge/config.toml"),
        *(".VSCode/tasks.json", ".bashrc", ".env", "hooks/pre-commit", "via/hooks/x"),
    ],
)
def test_what_programs_obey_is_not_written(work: Path, path: str) -> None:
    subprocess.run(["git", "-C", str(work), "config", "core.hooksPath", "hooks"], check=True)
    (work / "via").symlink_to(".git")
    with pytest.raises(Protected):
        files_in(work).write(Path(path), b"x")


def test_nothing_is_written_at_level_read_only(work: Path) -> None:
    with pytest.raises(Protected):
        files_in(work, level="read-only").write(Path("file"), b"x")


def test_a_protected_file_is_neither_moved_away_nor_replaced(work: Path) -> None:
    files = files_in(work)
    with pytest.raises(Protected):
        files.rename(Path(".git/config"), Path("c"))
    with pytest.raises(Protected):
        files.rename(Path("file"), Path(".envrc"))
    with pytest.raises(Protected):
        files.remove(Path(".env"))


_PARTS = st.sampled_from(
    [
        "..",
        ".",
        "sub",
        "out",
        "loop",
        "file",
        "",
        "/",
        "~",
        ".env",
        "up",
        "é",
        "FILE",
        "proc",
        "a b",
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(_PARTS, min_size=1, max_size=7), slash=st.booleans())
def test_no_path_leads_outside(work: Path, parts: list[str], slash: bool) -> None:
    outside = work.parent / "secret"
    outside.write_text("OUTSIDE")
    for name, target in {
        "out": str(work.parent),
        "up": "..",
        "loop": "loop",
        "proc": "/proc/self/root",
    }.items():
        if not (work / name).is_symlink():
            (work / name).symlink_to(target)
    path = "/".join(parts) + ("/" if slash else "")
    files = files_in(work)
    for tail in ("", "/secret", "/../secret", str(outside)):
        with contextlib.suppress(OSError, SandboxError, RuntimeError):
            assert files.read(Path(path + tail), 100) in (b"fine", b"new", b"KEY=")
        with contextlib.suppress(OSError, SandboxError, RuntimeError):
            files.write(Path(path + tail), b"new")
    assert outside.read_text() == "OUTSIDE"
    assert {path.name for path in work.parent.iterdir()} <= {"work", "secret", "home"}


def test_a_link_planted_meanwhile_leads_nowhere(work: Path) -> None:
    outside = work.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("OUTSIDE")
    flip = work / "flip"
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            for target in (None, str(outside), str(work / ".git/hooks")):
                try:
                    flip.mkdir() if target is None else os.symlink(target, flip)
                    os.rmdir(flip) if target is None else os.unlink(flip)
                except OSError:
                    subprocess.run(["rm", "-rf", str(flip)], check=False)

    thread = threading.Thread(target=turn)
    thread.start()
    files = files_in(work)
    try:
        for _ in range(400):
            for act in (
                lambda: files.write(Path("flip/file"), b"x"),
                lambda: files.read(Path("flip/file"), 10),
            ):
                with contextlib.suppress(OSError, SandboxError):
                    assert act() in (None, b"x")
    finally:
        stop.set()
        thread.join()
    assert (outside / "file").read_text() == "OUTSIDE"
    assert not (work / ".git/hooks/file").exists()

"""Checkpoints and going back, broken off at any moment or without room on the disk."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.gated import Model, bash, write
from e2e.process import Kedge, wait_until

AUTO = ("--mode", "full", "--sandbox", "off")
MANY = 700
CHANGE = (
    f"rm old/*7; for i in $(seq {MANY}); do echo $i > made/$i; done; "
    "for i in old/*3; do echo x >> $i; done"
)


def tree(top: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def begun(kedge: Kedge, process: subprocess.Popen[bytes], files: int) -> bool:
    """Whether a number of new files are gone, or it is too late."""
    return len(os.listdir(kedge.cwd / "made")) <= files or process.poll() is not None


@pytest.mark.parametrize("left", [MANY - 1, MANY // 2, 0])
def test_an_undo_that_was_killed_is_finished_by_the_next(
    kedge: Kedge, model: Model, left: int
) -> None:
    for name in ("old", "made"):
        (kedge.cwd / name).mkdir()
    for number in range(MANY):
        (kedge.cwd / "old" / str(number)).write_text(f"{number}\n")
    before = tree(kedge.cwd)
    assert model.run(bash(CHANGE), options=AUTO).code == 0
    after = tree(kedge.cwd)
    process = kedge.start("undo", "--yes")
    try:
        wait_until(lambda: begun(kedge, process, left), "files are put back")
    finally:
        process.kill()
        process.communicate()
    assert kedge("undo", "--yes").code in (0, 2), "2: the first was done already"
    assert tree(kedge.cwd) == before
    ran = kedge("undo", "--redo", "--yes")
    assert ran.code == 0, ran.complaint
    assert tree(kedge.cwd) == after


def test_a_checkpoint_that_was_killed_leaves_a_whole_store(kedge: Kedge, model: Model) -> None:
    for number in range(200):
        (kedge.cwd / str(number)).write_bytes(os.urandom(100_000))
    before = tree(kedge.cwd)
    options = model.options(write("made"), allow_unused=True)
    process = kedge.start(*options, "-p", "Go.", *AUTO)
    store = kedge.home / "data" / "checkpoints"
    try:
        wait_until(
            lambda: any(one.stat().st_size for one in store.glob("*/*-wal")), "it is written"
        )
    finally:
        process.kill()
        process.communicate()
    assert not (kedge.cwd / "made").exists()
    assert model.run(write("made"), bash("rm 1*"), options=AUTO).code == 0
    assert kedge("undo", "--yes").code == 0
    assert tree(kedge.cwd) == before


@pytest.fixture
def small(kedge: Kedge) -> Iterator[Path]:
    """The place of checkpoints, on a disk of its own that holds next to nothing."""
    place = kedge.home / "data"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_without_room_for_a_checkpoint_work_goes_on_and_that_is_said(
    kedge: Kedge, model: Model, small: Path
) -> None:
    (kedge.cwd / "big").write_bytes(os.urandom(1_000_000))
    ran = model.run(write("made"), options=(*AUTO, "--verbose"))
    assert ran.code == 0 and (kedge.cwd / "made").exists()
    assert "cannot be undone" in ran.complaint and "full" in ran.complaint
    assert "Traceback" not in ran.complaint
    undone = kedge("undo", "--yes")
    assert undone.code != 0 and "Traceback" not in undone.complaint


def test_without_room_nothing_is_undone_in_part(kedge: Kedge, model: Model, small: Path) -> None:
    (kedge.cwd / "old").write_text("1\n")
    assert model.run(bash("echo 2 > old"), options=AUTO).code == 0
    (kedge.cwd / "big").write_bytes(os.urandom(1_000_000))
    ran = kedge("undo", "--yes")
    assert ran.code != 0 and "full" in ran.complaint and "Traceback" not in ran.complaint
    assert (kedge.cwd / "old").read_text() == "2\n"
    (kedge.cwd / "big").unlink()
    assert kedge("undo", "--yes").code == 0
    assert (kedge.cwd / "old").read_text() == "1\n"

"""A group for memory is made where the host lets us, and nowhere else.

On an imitation of a control group file system: real ones with this right are rare in containers.
"""

import os
from pathlib import Path

import pytest

from kedge.sandbox.memory import bound_memory, parent_group


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """A tree in which only `user/app` may be used, seen from `user/app/terminal`."""
    mounted = tmp_path / "cgroup"
    for name, controllers in (("", "cpu"), ("user", "cpu pids"), ("user/app", "cpu memory pids")):
        folder = mounted / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.subtree_control").write_text(controllers)
        (folder / "cgroup.procs").write_text("")
    (mounted / "user/app/terminal").mkdir()
    (tmp_path / "ours").write_text("4:memory:/elsewhere\n0::/user/app/terminal\n")
    return mounted


def test_the_nearest_group_that_hands_memory_on_is_found(mounted: Path) -> None:
    assert parent_group(mounted, mounted.parent / "ours") == mounted / "user/app"


@pytest.mark.parametrize("ours", ["", "4:memory:/x\n", "0::/\n", "0::/user\n", "0::/../..\n"])
def test_elsewhere_there_is_none(mounted: Path, ours: str) -> None:
    (mounted.parent / "ours").write_text(ours)
    assert parent_group(mounted, mounted.parent / "ours") is None
    assert bound_memory(os.getpid(), 1 << 30, mounted, mounted.parent / "ours") is None
    assert parent_group(mounted, mounted.parent / "missing") is None


def test_a_process_is_put_into_a_bounded_group(mounted: Path) -> None:
    group = bound_memory(os.getpid(), 1 << 30, mounted, mounted.parent / "ours")
    assert group is not None and group.folder.parent == mounted / "user/app"
    assert (group.folder / "memory.max").read_text() == str(1 << 30)
    assert (group.folder / "cgroup.procs").read_text() == str(os.getpid())
    assert bound_memory(os.getpid(), 0, mounted, mounted.parent / "ours") is None


def test_groups_of_sessions_that_were_killed_are_taken_away(mounted: Path) -> None:
    gone, ours = mounted / "user/app/kedge-999999999-1", mounted / f"user/app/kedge-{os.getpid()}-1"
    gone.mkdir()
    ours.mkdir()
    bound_memory(os.getpid(), 1 << 30, mounted, mounted.parent / "ours")
    assert not gone.exists() and ours.exists()

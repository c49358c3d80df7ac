"""kedge as a process, in a directory and a home of its own."""

from pathlib import Path

import pytest

from e2e.process import Kedge
from e2e.remotes import KEYS, REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import Turn


@pytest.fixture
def kedge(tmp_path: Path) -> Kedge:
    """Runs kedge in an empty directory, with keys for all three wires."""
    cwd = tmp_path / "work"
    cwd.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    return Kedge(cwd, home, KEYS)


@pytest.fixture
def served(threaded_loopback: ThreadedLoopback) -> Served:
    """Starts a server that speaks Anthropic's wire; the options of a run against it."""

    def serve(*turns: Turn) -> tuple[str, ...]:
        return REMOTES["anthropic"].options(threaded_loopback(list(turns)).url)

    return serve

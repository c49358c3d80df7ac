"""kedge as a process, in a directory and a home of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import law
from e2e.gated import Model
from e2e.person import Person
from e2e.process import Kedge, kedges, wait_until
from e2e.remotes import KEYS, REMOTES, Served
from e2e.screen import Screen
from loopback.fixtures import ThreadedLoopback
from loopback.script import Turn


@pytest.fixture
def kedge(tmp_path: Path) -> Iterator[Kedge]:
    """Runs kedge in an empty directory, with keys for all three wires. Whatever a test does, every
    log that it leaves obeys the law of the record."""
    cwd = tmp_path / "work"
    cwd.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    kedge = Kedge(cwd, home, KEYS)
    yield kedge
    # A terminal that was closed ends what is in it a little later.
    wait_until(lambda: not kedges(home), "nothing writes any more")
    for log in kedge.logs:
        law.check(log)


@pytest.fixture
def served(threaded_loopback: ThreadedLoopback) -> Served:
    """Starts a server that speaks Anthropic's wire; the options of a run against it."""

    def serve(*turns: Turn) -> tuple[str, ...]:
        return REMOTES["anthropic"].options(threaded_loopback(list(turns)).url)

    return serve


@pytest.fixture
def model(kedge: Kedge, threaded_loopback: ThreadedLoopback) -> Model:
    """A scripted model, and kedge run with it."""
    return Model(kedge, threaded_loopback)


@pytest.fixture
def person(kedge: Kedge, tmp_path: Path) -> Iterator[Person]:
    """Somebody at a terminal in the directory of `kedge`."""
    screen = Screen(tmp_path, kedge)
    yield Person(screen)
    screen.close()


@pytest.fixture
def toured(person: Person, kedge: Kedge) -> Person:
    """The same, who has been shown around before."""
    seen = kedge.home / "state" / "seen"
    seen.mkdir(parents=True)
    (seen / "toured").touch()
    return person

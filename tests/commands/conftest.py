"""A scratch repository, and what a command line there comes to."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kedge.agent.commands.analysis import analyse
from kedge.agent.commands.parts import Analysis, Place

CORPUS = Path(__file__).parents[2] / "bench/corpus"
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the corpus is about; nothing in it is ever run here."""
    path = tmp_path_factory.mktemp("workspace").resolve()
    env = {"PATH": os.defpath, "HOME": str(path)}
    subprocess.run(["bash", CORPUS / "scratch.sh"], cwd=path, check=True, env=env)
    return path


@pytest.fixture(scope="session")
def place(scratch: Path) -> Place:
    """The scratch repository as the workspace of a person whose home is elsewhere."""
    home = scratch.parent / "home"
    home.mkdir(exist_ok=True)
    return Place(str(scratch), (str(scratch),), str(home), SYSTEM_PATH)


Look = Callable[[str], Analysis]


@pytest.fixture(scope="session")
def look(place: Place) -> Look:
    """Analyses a command line in the scratch repository."""
    return lambda command: analyse(command, place)


@pytest.fixture(scope="session")
def harmless(place: Place) -> Callable[[str], bool]:
    """Whether a command line is known to only read in the scratch repository."""
    return lambda command: analyse(command, place).harmless(place.roots)


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], list[dict[str, str]]]:
    """The entries of one of the two lists in `bench/corpus`."""

    def read(name: str) -> list[dict[str, str]]:
        lines = (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    return read

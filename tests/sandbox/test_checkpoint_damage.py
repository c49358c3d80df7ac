"""No process damages what another keeps, and what is damaged all the same ends no session."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.damage import set_aside
from kedge.sandbox.errors import Damaged
from kedge.sandbox.paths import Roots

Make = Callable[[], Checkpoints]

OTHER = """
import sys
from pathlib import Path
from kedge.agent.tools.ignore import Ignores
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.paths import Roots
work = Path(sys.argv[1])
(work / "theirs").write_text(sys.argv[3] * 40_000)
kept = Checkpoints(Path(sys.argv[2]), Roots.at(work), Ignores.above)
kept.take("theirs")
kept.close()
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace with a file."""
    work = (tmp_path / "work").resolve()
    work.mkdir()
    (work / "file").write_text("a\n")
    return work


@pytest.fixture
def keeping(tmp_path: Path, work: Path) -> Make:
    """Makes the checkpoints of the workspace, as another part of the process would."""
    return lambda: Checkpoints(tmp_path / "kept", Roots.at(work), Ignores.above)


def faults(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


def test_a_database_held_twice_in_one_process_is_not_damaged_by_another(
    tmp_path: Path, work: Path, keeping: Make
) -> None:
    """As the keeper of a session, its screen and `kedge undo` beside it do."""
    keeper, ids = keeping(), list[str]()
    for number in range(6):
        (work / "file").write_text(f"{number}\n" * 40_000)
        ids.append(keeper.take("ours").id)
        screen = keeping()
        assert screen.list()[-1].id == ids[-1]
        arguments = [sys.executable, "-c", OTHER, work, tmp_path / "kept", str(number)]
        subprocess.run(arguments, check=True)
        assert (tmp_path / "kept" / "checkpoints.db-wal").exists(), "we still have it open"
        screen.close()
    keeper.close()
    assert faults(tmp_path / "kept" / "checkpoints.db") == "ok"
    assert set(ids) <= {one.id for one in keeping().list()}


def broken(file: Path, how: str) -> None:
    """Damage it: its head, or pages in the middle, which are met later."""
    with file.open("r+b") as database:
        if how == "pages":
            database.seek(4096)
        database.write(b"\xff" * (file.stat().st_size - database.tell()))


@pytest.mark.parametrize("how", ["head", "pages"])
def test_a_damaged_database_is_set_aside_once_and_said_once(
    tmp_path: Path, work: Path, keeping: Make, how: str
) -> None:
    file = tmp_path / "kept" / "checkpoints.db"
    first = keeping()
    first.take("before")
    first.close()
    broken(file, how)
    kept = keeping()
    with pytest.raises(Damaged, match="checkpoints in"):
        kept.changes("0" * 20)
    taken = kept.take("next")
    (aside,) = file.parent.glob("checkpoints.db.damaged-*")
    assert str(aside) in taken.notice
    (work / "file").write_text("b\n")
    assert kept.take("later").notice == ""
    assert keeping().take("of another").notice == ""
    kept.restore(taken.id)
    assert (work / "file").read_text() == "a\n"
    assert list(file.parent.glob("checkpoints.db.damaged-*")) == [aside]


def test_what_was_seen_before_the_damage_is_kept_anew(
    tmp_path: Path, work: Path, keeping: Make
) -> None:
    """An unchanged file is not read again as a rule: the new database does not have it."""
    kept = keeping()
    kept.take("before")
    kept.close()
    broken(tmp_path / "kept" / "checkpoints.db", "head")
    taken = kept.take("next")
    (work / "file").write_text("b\n")
    kept.restore(taken.id)
    assert (work / "file").read_text() == "a\n"


def test_a_database_that_another_has_begun_meanwhile_stays(tmp_path: Path, keeping: Make) -> None:
    kept = keeping()
    kept.take("theirs")
    assert set_aside(tmp_path / "kept" / "checkpoints.db") is None
    assert len(kept.list()) == 1

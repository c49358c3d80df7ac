"""Sums that every process adds to, by day and by project."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kedge.agent.errors import StoreError
from kedge.agent.spending import Spend
from kedge.agent.stores.spending import SqliteSpending

ONE = Spend(1, 100, 0.1, 2.5)


def spending(file: Path, project: str = "/p", day: str = "2026-11-21") -> SqliteSpending:
    return SqliteSpending(file, project, today=lambda: day)


def test_a_new_file_says_that_nothing_was_spent(tmp_path: Path) -> None:
    kept = spending(tmp_path / "new" / "spending.db")
    assert kept.total("day") == kept.total("project") == Spend()


def test_a_day_adds_up_over_projects_and_a_project_over_days(tmp_path: Path) -> None:
    file = tmp_path / "spending.db"
    for project in ("/p", "/q"):
        for day in ("2026-11-21", "2026-11-22", "2026-11-22"):
            spending(file, project, day).add(ONE)
    kept = spending(file, "/p", "2026-11-22")
    assert kept.total("day") == Spend(4, 400, 0.4, 10.0)
    assert kept.total("project") == Spend(3, 300, 0.3, 7.5)


def test_midnight_begins_a_new_day(tmp_path: Path) -> None:
    days = ["2026-11-21"]
    kept = SqliteSpending(tmp_path / "spending.db", "/p", today=lambda: days[-1])
    kept.add(ONE)
    days.append("2026-11-22")
    assert kept.total("day") == Spend()
    assert kept.total("project") == ONE


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "spending.db"
    spending(file).add(ONE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


ADD = """
import sys
from pathlib import Path
from kedge.agent.spending import Spend
from kedge.agent.stores.spending import SqliteSpending
kept = SqliteSpending(Path(sys.argv[1]), "/p", today=lambda: "2026-11-21")
for _ in range(25):
    kept.add(Spend(1, 10, 0.01, 0.5))
"""


def test_no_sum_is_lost_between_processes(tmp_path: Path) -> None:
    file = tmp_path / "spending.db"
    others = [subprocess.Popen([sys.executable, "-c", ADD, file]) for _ in range(4)]
    assert [other.wait() for other in others] == [0] * 4
    assert spending(file).total("day") == Spend(100, 1000, 1.0, 50.0)


@pytest.mark.parametrize("how", ["garbage", "folder"])
def test_a_file_that_is_none_of_ours_is_an_error_with_what_it_costs(
    tmp_path: Path, how: str
) -> None:
    file = tmp_path / "spending.db"
    if how == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"no database at all" * 100)
    kept = spending(file)
    with pytest.raises(StoreError, match="cannot read what was spent in .*spending.db") as error:
        kept.total("day")
    assert "budgets.day and budgets.project cannot be kept" in error.value.hint
    with pytest.raises(StoreError, match="cannot keep"):
        kept.add(ONE)

"""Damage to real files is found, explained and, where that is honest, repaired."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.process import COMMAND, Json, Kedge
from e2e.remotes import Served
from kedge.config.private import private_folder
from loopback.script import turn

Damage = Callable[[Path], object]


@pytest.fixture
def log(kedge: Kedge, served: Served) -> Path:
    """The log of a session, which is listed."""
    assert kedge(*served(turn("Canvas will do.")), "-p", "Mend the sail.").code == 0
    assert kedge("sessions", "list").code == 0
    return kedge.logs[0]


def doctor(kedge: Kedge, *options: str) -> tuple[int, list[Json]]:
    ran = kedge("sessions", "doctor", "--json", *options)
    assert "Traceback" not in ran.complaint
    return ran.code, ran.records


def test_nothing_is_found_where_all_is_well(kedge: Kedge, log: Path) -> None:
    assert doctor(kedge) == (0, [])
    assert kedge("sessions", "doctor").complaint == "1 session, 0 findings, 0 left\n"


def test_there_may_be_no_sessions_at_all(kedge: Kedge) -> None:
    assert doctor(kedge) == (0, [])


def test_a_directory_that_is_gone_keeps_no_list_and_no_doctor_from_working(
    kedge: Kedge, log: Path
) -> None:
    gone = kedge.cwd.with_name("gone")
    lost = ("bash", "-c", 'mkdir "$0"; cd "$0"; rmdir "$0"; exec "$@"', str(gone), *COMMAND)
    assert log.stem in kedge("sessions", "list", "--all", command=lost).answer
    assert log.stem in kedge("sessions", "search", "sail", "--all", command=lost).answer
    assert kedge("sessions", "doctor", command=lost).code == 0


def _in_the_middle(log: Path, change: Callable[[bytes], bytes]) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    lines[2] = change(lines[2])
    log.write_bytes(b"".join(lines))


def _garbage_index(log: Path) -> None:
    (log.parents[1] / "sessions.db").write_bytes(b"not a database, but long enough" * 999)


def _hole_in_the_index(log: Path) -> None:
    index = log.parents[1] / "sessions.db"
    data = bytearray(index.read_bytes())
    data[4096:12288] = bytes(8192)
    index.write_bytes(data)


REPAIRED: dict[str, tuple[str, Damage]] = {
    "torn": ("torn", lambda log: log.open("ab").write(b'{"v":1,"seq":99,')),
    "record": ("record", lambda log: _in_the_middle(log, lambda line: b"{garbage\n")),
    "changed": (
        "chain",
        lambda log: _in_the_middle(log, lambda line: line.replace(b'"turn":1', b'"turn":2')),
    ),
    "removed": ("chain", lambda log: _in_the_middle(log, lambda line: b"")),
    "log open to all": ("permissions", lambda log: log.chmod(0o644)),
    "folder open to all": ("permissions", lambda log: log.parents[1].chmod(0o755)),
    "no index": ("stale", lambda log: (log.parents[1] / "sessions.db").unlink()),
    "garbage as index": ("index", _garbage_index),
    "hole in the index": ("index", _hole_in_the_index),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_what_can_be_repaired_is_told_and_with_consent_repaired(
    kedge: Kedge, log: Path, case: str
) -> None:
    kind, damage = REPAIRED[case]
    damage(log)
    before = log.read_bytes(), stat.S_IMODE(log.stat().st_mode)
    code, (found, *_) = doctor(kedge)
    assert (found["kind"], found["remedy"], found["done"]) == (kind, "--fix", "")
    assert code == (0 if kind == "stale" else 1)
    assert (log.read_bytes(), stat.S_IMODE(log.stat().st_mode)) == before, "only looked at"
    code, fixed = doctor(kedge, "--fix")
    assert code == 0 and all(one["done"] for one in fixed)
    if kind in ("record", "chain"):
        assert log.read_bytes() == before[0], "what is damaged is left as it is"
        (saved,) = [one for one in kedge.logs if one != log]
        assert kedge("sessions", "show", saved.stem).code == 0
    else:
        assert doctor(kedge) == (0, [])
        assert len(kedge("sessions", "search", "sail").answer.splitlines()) == 1


KEPT: dict[str, tuple[str, Damage]] = {
    "end": ("end", lambda log: os.truncate(log, log.read_bytes()[:-1].rindex(b"\n") + 1)),
    "later format": (
        "format",
        lambda log: _in_the_middle(log, lambda line: line.replace(b'"v":1', b'"v":99')),
    ),
    "a folder": (
        "unreadable",
        lambda log: log.with_name("20260101-000000-000000.jsonl").mkdir(0o700),
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_cannot_be_repaired_is_explained_and_left(kedge: Kedge, log: Path, case: str) -> None:
    kind, damage = KEPT[case]
    damage(log)
    code, (found, *_) = doctor(kedge, "--fix", "--prune")
    assert (code, found["kind"], found["remedy"], found["done"]) == (1, kind, "", "")
    assert kedge("sessions", "list").code == 0


def test_a_log_of_a_later_kedge_is_refused_with_one_clear_error(kedge: Kedge, log: Path) -> None:
    _in_the_middle(log, lambda line: line.replace(b'"v":1', b'"v":99'))
    for command in (("sessions", "show", log.stem), ("-m", "anthropic/x", "-c", "-p", "x")):
        ran = kedge(*command)
        assert ran.code == 1 and "Traceback" not in ran.complaint
        assert "has format 99; this kedge reads format 1" in ran.complaint


def test_what_belongs_to_no_session_is_deleted_only_where_that_is_asked(
    kedge: Kedge, log: Path
) -> None:
    state = log.parents[1]
    private_folder(state / "outputs" / "20260101-000000-000000")
    head = log.with_name("20260101-000000-000000.head")
    head.write_text("0" * 64)
    head.chmod(0o600)
    code, found = doctor(kedge, "--fix")
    assert code == 1 and {(one["kind"], one["remedy"]) for one in found} == {("orphan", "--prune")}
    assert head.exists()
    code, found = doctor(kedge, "--prune")
    assert code == 0 and len(found) == 2 and not head.exists()
    assert list((state / "outputs").iterdir()) == []


def test_what_a_deleted_session_had_deleted_is_told_and_kept(kedge: Kedge, log: Path) -> None:
    kept = log.parents[1] / "trash" / "20260101-000000-000000"
    private_folder(kept)
    (kept / "file").touch()
    code, (found,) = doctor(kedge, "--fix", "--prune")
    assert (code, found["kind"], found["done"]) == (0, "trash", "")
    assert (kept / "file").exists()

"""What is kedge's own is its owner's alone, whatever the umask says."""

import os
import pathlib
import re
import sqlite3
import stat
import subprocess
import sys

import pytest

import kedge
from kedge.config.private import private_database, private_folder


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_folder_and_those_made_on_the_way_to_it_are_private(tmp_path, umask):
    before = os.umask(umask)
    try:
        private_folder(tmp_path / "state" / "kedge" / "sessions")
    finally:
        os.umask(before)
    made = [tmp_path / "state", tmp_path / "state" / "kedge"]
    made.append(made[-1] / "sessions")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700] * 3


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    private_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_database_is_private_and_one_that_is_there_keeps_what_it_holds(tmp_path):
    file = tmp_path / "state" / "some.db"
    before = os.umask(0)
    try:
        private_database(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"x")
    private_database(file)
    assert file.read_bytes() == b"x"


def test_an_open_database_keeps_its_locks_when_it_is_asked_for_again(tmp_path):
    file = tmp_path / "some.db"
    private_database(file)
    ours = sqlite3.connect(file, isolation_level=None)
    ours.execute("BEGIN EXCLUSIVE")
    private_database(file)
    other = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN EXCLUSIVE')"
    )
    ran = subprocess.run([sys.executable, "-c", other, file], capture_output=True, text=True)
    ours.close()
    assert "locked" in ran.stderr


def test_who_opens_databases_opens_no_files_otherwise():
    """Closing any descriptor of a database drops the locks of all: one module makes its file."""
    house = pathlib.Path(kedge.__file__).parent
    files = (
        file
        for room in ("agent", "sandbox", "cli", "config")
        for file in (house / room).rglob("*.py")
    )
    opening = [file for file in files if "sqlite3.connect(" in file.read_text()]
    assert len(opening) >= 3
    touching = re.compile(
        r"os\.open\((?!folder)|[^.\w]open\(|read_bytes|read_text|write_bytes|copy"
    )
    assert [str(file) for file in opening if touching.search(file.read_text())] == []

"""What every store promises, and what the one on disk promises beyond that."""

import errno
import os
import stat
import subprocess
import sys
import textwrap

import pytest
from conformance.store import StoreLaws, event, line, written

from kedge.agent.errors import StoreError
from kedge.agent.stores.jsonl import JsonlStore
from kedge.agent.stores.memory import MemoryStore


class TestJsonlStore(StoreLaws):
    @pytest.fixture
    def store(self, tmp_path):
        return JsonlStore(tmp_path / "sessions")


class TestMemoryStore(StoreLaws):
    @pytest.fixture
    def store(self):
        return MemoryStore()


# On disk.


@pytest.fixture
def disk(tmp_path):
    return JsonlStore(tmp_path / "state" / "sessions")


@pytest.mark.parametrize("torn", [b'{"v":1,"se', line(3), b"x" * 100_000, b"\0" * 4096])
def test_a_torn_last_line_is_passed_over_and_removed_when_the_session_is_opened(disk, torn):
    written(disk, "s", line(1), line(2))
    with disk.path("s").open("ab") as file:
        file.write(torn)
    assert list(disk.read("s")) == [event(1), event(2)]
    log = disk.open("s")
    assert log.last_line == line(2)
    log.append(line(3))
    log.close()
    assert disk.path("s").read_bytes() == line(1) + b"\n" + line(2) + b"\n" + line(3) + b"\n"


@pytest.mark.parametrize("torn", [b'{"v":1,"se', b"x" * 200_000])
def test_a_log_that_is_nothing_but_a_torn_line_is_empty(disk, torn):
    disk.path("s").parent.mkdir(parents=True)
    disk.path("s").write_bytes(torn)
    log = disk.open("s")
    assert log.last_line == b""
    log.append(line(1))
    log.close()
    assert list(disk.read("s")) == [event(1)]


def test_only_the_owner_can_read_a_session(disk):
    before = os.umask(0)
    try:
        written(disk, "s", line(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(disk.path("s").stat().st_mode) == 0o600
    assert stat.S_IMODE(disk.path("s").parent.stat().st_mode) == 0o700


def test_a_damaged_line_is_named_by_file_and_number(disk):
    written(disk, "s", line(1), b"{}")
    with pytest.raises(StoreError, match=rf"{disk.path('s')}:2: "):
        list(disk.read("s"))


def test_a_session_that_does_not_exist_yet_can_be_begun_where_there_is_no_folder(disk):
    disk.begin("s", [line(1)])
    assert disk.path("s").read_bytes() == line(1) + b"\n"
    assert stat.S_IMODE(disk.path("s").stat().st_mode) == 0o600
    assert [path.name for path in disk.path("s").parent.iterdir()] == ["s.jsonl"]


def test_a_deleted_session_is_gone_unless_it_is_in_use(disk):
    written(disk, "s", line(1))
    log = disk.open("s")
    with pytest.raises(StoreError, match="in use"):
        disk.delete("s")
    log.close()
    disk.delete("s")
    assert list(disk.path("s").parent.iterdir()) == []


def test_other_files_in_the_folder_are_no_sessions(disk):
    written(disk, "s", line(1))
    disk.path("s").with_suffix(".txt").write_text("")
    assert disk.sessions() == ("s",)


def test_a_folder_that_is_not_there_has_no_sessions(disk):
    assert disk.sessions() == ()


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot open the session log") as told:
        JsonlStore(tmp_path / "file" / "sessions").open("s")
    assert "--no-session" in told.value.hint


def test_what_cannot_be_read_is_a_store_error(disk):
    disk.path("s").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot read the session log"):
        list(disk.read("s"))


def child(code: str, *arguments: str, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


HOLDS = """
    import sys
    from pathlib import Path
    from kedge.agent.stores.jsonl import JsonlStore

    log = JsonlStore(Path(sys.argv[1])).open("s")
    log.append(sys.argv[2].encode())
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_session_that_another_process_has_open_is_refused(disk):
    with child(HOLDS, str(disk.path("s").parent), line(1).decode()) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="session 's' is in use by another kedge"):
            disk.open("s")
        assert list(disk.read("s")) == [event(1)], "reading is always possible"
        other.stdin.close()
        assert other.wait() == 0
    written(disk, "s", line(2))
    assert list(disk.read("s")) == [event(1), event(2)]


def test_a_process_that_is_killed_leaves_what_it_wrote_and_no_lock(disk):
    with child(HOLDS, str(disk.path("s").parent), line(1).decode()) as other:
        assert other.stdout.readline() == "open\n"
        other.kill()
        other.wait()
    log = disk.open("s")
    assert log.last_line == line(1)
    log.close()


FILLS = """
    import resource, sys
    from pathlib import Path
    from kedge.agent.errors import StoreError
    from kedge.agent.stores.jsonl import JsonlStore

    room = int(sys.argv[3])
    if room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    log = JsonlStore(Path(sys.argv[1])).open("s")
    kept = 0
    try:
        while kept < 1_000_000:
            log.append(sys.argv[2].encode())
            kept += 1
    except StoreError as error:
        print(kept, error, sep="\\t")
    last = log.last_line.decode()
    log.close()
    print(last == (sys.argv[2] if kept else ""))
"""


def filled(disk: JsonlStore, text: str, room: int) -> tuple[int, str]:
    """How often another process can write a line until there is no room, and the error then."""
    with child(FILLS, str(disk.path("s").parent), line(1, text).decode(), str(room)) as other:
        out, _ = other.communicate()
    kept, _, error = out.splitlines()[0].partition("\t")
    assert out.splitlines()[1] == "True"
    return int(kept), error


@pytest.mark.parametrize("room", [1, 50, 1000, 4096, 10_007])
def test_a_file_that_may_not_grow_keeps_whole_lines_only(disk, room):
    kept, error = filled(disk, "x" * 40, room)
    one = line(1, "x" * 40) + b"\n"
    assert kept == room // len(one)
    assert disk.path("s").read_bytes() == one * kept
    assert f"cannot write the session log {disk.path('s')}: {os.strerror(errno.EFBIG)}" == error


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KB; the test is skipped where mounting one is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("size", [40, 5000, 70_000])
def test_a_full_disk_keeps_whole_lines_only(small_disk, size):
    disk = JsonlStore(small_disk / "sessions")
    kept, error = filled(disk, "x" * size, 0)
    one = line(1, "x" * size) + b"\n"
    assert kept == len(disk.path("s").read_bytes()) // len(one)
    assert disk.path("s").read_bytes() == one * kept
    assert error.endswith(os.strerror(errno.ENOSPC))


@pytest.fixture
def ballast(small_disk):
    """Something on the small disk that can be thrown away."""
    file = small_disk / "ballast"
    file.write_bytes(b"x" * 40_000)
    return file


async def test_a_session_whose_disk_fills_up_ends_with_a_result_and_resumes(
    core, small_disk, ballast
):
    disk = JsonlStore(small_disk)
    model = core.Model(*(core.says("x" * 4000, core.call(str(place))) for place in range(20)))
    session = core.session(model, store=disk)
    result = core.result(await core.all_of(session))
    assert (result.status, result.error.code) == ("failed", "store")
    assert os.strerror(errno.ENOSPC) in result.error.text
    await session.close()

    ballast.unlink()
    before = list(disk.read(session.id))
    assert before
    resumed = core.session(core.Model(core.says("Done.")), store=disk, resume=session.id)
    assert resumed.unfinished
    assert core.result(await core.all_of(resumed, None, before)).status == "done"
    await resumed.close()
    assert list(disk.read(session.id))[: len(before)] == before

"""A file is put in its place whole or not at all, and nothing stays beside it."""

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kedge.config.replacing import alone, create_file, replace_file

Put = Callable[[Path, bytes], None]


def _create(path: Path, data: bytes) -> None:
    create_file(path, (data,))


def _replace_for_all(path: Path, data: bytes) -> None:
    replace_file(path, data, private=False)


@contextmanager
def little_room(most: int) -> Iterator[None]:
    """No file may grow over so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def umask(bits: int) -> Iterator[None]:
    """As a shell sets it."""
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def beside(file: Path) -> list[str]:
    return [name for name in os.listdir(file.parent) if name != file.name]


@pytest.mark.parametrize("put", [_create, replace_file, _replace_for_all])
def test_what_was_given_is_in_its_place_and_nothing_beside_it(file: Path, put: Put) -> None:
    put(file, b"new\0\n")
    assert file.read_bytes() == b"new\0\n"
    assert beside(file) == []


@pytest.mark.parametrize("put", [replace_file, _replace_for_all])
@pytest.mark.parametrize("most", [0, 1, 9_999])
def test_without_room_the_file_is_as_it_was(file: Path, put: Put, most: int) -> None:
    file.write_bytes(b"old")
    with little_room(most), pytest.raises(OSError, match="File too large"):
        put(file, b"x" * 10_000)
    assert file.read_bytes() == b"old"
    assert beside(file) == []


def test_without_room_no_file_is_created(file: Path) -> None:
    with little_room(9_999), pytest.raises(OSError, match="File too large"):
        create_file(file, iter([b"x" * 5_000] * 2))
    assert os.listdir(file.parent) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB; the test is skipped where mounting one is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_full_disk_the_file_is_as_it_was_and_the_room_is_given_back(small_disk: Path) -> None:
    file = small_disk / "file"
    replace_file(file, b"x" * 20_000)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        replace_file(file, b"y" * 70_000)
    assert file.read_bytes() == b"x" * 20_000
    assert beside(file) == []
    replace_file(file, b"z" * 40_000)
    assert file.read_bytes() == b"z" * 40_000


def test_what_ends_while_it_is_given_leaves_nothing(file: Path) -> None:
    def lines() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_file(file, lines())
    assert os.listdir(file.parent) == []


def test_a_folder_in_the_place_is_an_error_and_nothing_is_left(file: Path) -> None:
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(file, b"new")
    assert beside(file) == []


@pytest.mark.parametrize("put", [_create, replace_file])
def test_a_file_is_private_whatever_the_umask_says(file: Path, put: Put) -> None:
    with umask(0):
        put(file, b"new")
    assert mode(file) == 0o600


def test_a_private_file_is_so_even_if_the_one_before_was_not(file: Path) -> None:
    file.touch(0o644)
    replace_file(file, b"new")
    assert mode(file) == 0o600


@pytest.mark.parametrize("rights", [0o600, 0o644, 0o664, 0o755])
def test_one_that_is_not_private_is_for_whom_the_one_before_was(file: Path, rights: int) -> None:
    file.touch()
    file.chmod(rights)
    with umask(0o077):
        replace_file(file, b"new", private=False)
    assert mode(file) == rights


@pytest.mark.parametrize(("mask", "rights"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_a_first_one_that_is_not_private_goes_by_the_umask(
    file: Path, mask: int, rights: int
) -> None:
    with umask(mask):
        replace_file(file, b"new", private=False)
    assert mode(file) == rights


def test_a_link_is_replaced_and_what_it_leads_to_stays(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"old")
    file.symlink_to(other)
    replace_file(file, b"new")
    assert not file.is_symlink()
    assert file.read_bytes() == b"new"
    assert other.read_bytes() == b"old"


@pytest.mark.parametrize("leads_to", ["other", "nothing"])
def test_what_is_there_is_not_created_even_if_it_is_a_link(file: Path, leads_to: str) -> None:
    file.with_name("other").write_bytes(b"old")
    file.symlink_to(leads_to)
    with pytest.raises(FileExistsError):
        create_file(file, [b"new"])
    assert os.readlink(file) == leads_to
    assert beside(file) == ["other"]
    assert file.with_name("other").read_bytes() == b"old"


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    replace_file(file, b"new")
    assert file.read_bytes() == b"new"


WRITES = """
import sys
from pathlib import Path
from kedge.config.replacing import replace_file

print(flush=True)
sys.stdin.readline()
for _ in range(200):
    replace_file(Path(sys.argv[1]), sys.argv[2].encode() * 50_000, durable=False)
"""


def test_while_several_processes_write_a_file_it_is_that_of_one(file: Path) -> None:
    replace_file(file, b"a" * 50_000)
    command = [sys.executable, "-c", WRITES, str(file)]
    seen: set[bytes] = set()
    with ExitStack() as ended:
        writers = [
            ended.enter_context(
                subprocess.Popen([*command, letter], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for letter in "bcd"
        ]
        for writer in writers:
            assert writer.stdout
            writer.stdout.readline()
        for writer in writers:
            assert writer.stdin
            writer.stdin.close()
        while any(writer.poll() is None for writer in writers):
            seen.add(file.read_bytes())
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen <= {letter * 50_000 for letter in (b"a", b"b", b"c", b"d")}
    assert beside(file) == []


def test_of_several_threads_that_create_a_file_one_does(file: Path) -> None:
    done: list[bytes] = []
    together = threading.Barrier(8)

    def create(data: bytes) -> None:
        together.wait()
        try:
            create_file(file, [data])
        except FileExistsError:
            return
        done.append(data)

    threads = [threading.Thread(target=create, args=(bytes([65 + n]),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [file.read_bytes()]
    assert beside(file) == []


COUNTS = """
import sys
from pathlib import Path
from kedge.config.replacing import alone, replace_file

place, file = map(Path, sys.argv[1:])
for _ in range(100):
    with alone(place):
        replace_file(file, b"%d" % (int(file.read_bytes()) + 1), durable=False)
"""


@pytest.mark.parametrize("place", [".", "lock"])
def test_nobody_else_is_there_who_is_alone(tmp_path: Path, place: str) -> None:
    file = tmp_path / "count"
    file.write_bytes(b"0")
    command = [sys.executable, "-c", COUNTS, str(tmp_path / place), str(file)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert file.read_bytes() == b"300"


def test_a_lock_is_private_and_is_no_link(tmp_path: Path) -> None:
    with umask(0), alone(tmp_path / "lock"):
        assert mode(tmp_path / "lock") == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), alone(tmp_path / "link"):
        pass
    assert not (tmp_path / "elsewhere").exists()

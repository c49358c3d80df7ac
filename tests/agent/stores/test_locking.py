"""One process at a time appends to a session, and a dead one keeps nobody away."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kedge.agent.errors import StoreError
from kedge.agent.stores.jsonl import JsonlStore

HOLDS = """
    import subprocess, sys
    from pathlib import Path
    from kedge.agent.stores.jsonl import JsonlStore

    log = JsonlStore(Path(sys.argv[1])).open("s")
    log.append(b"{}")
    child = subprocess.Popen(["cat"], stdin=0, close_fds=False)
    print(child.pid, flush=True)
    child.wait()
"""


def holding(folder: Path) -> "subprocess.Popen[str]":
    """A process that has the session open, and a child of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDS), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who it is")
def test_the_holder_of_a_session_is_named(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        assert other.stdout is not None
        assert other.stdout.readline()
        with pytest.raises(StoreError) as refused:
            JsonlStore(tmp_path).open("s")
        assert f"in use by another kedge (process {other.pid})" in str(refused.value)
        assert "--fork" in refused.value.hint
        other.communicate()


def test_a_session_whose_holder_was_killed_is_free_though_its_children_live(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        assert other.stdout is not None
        assert other.stdout.readline()
        other.send_signal(signal.SIGKILL)
        assert other.wait() == -signal.SIGKILL
        log = JsonlStore(tmp_path).open("s")
        assert (log.last_line, log.mended) == (b"{}", "")
        log.close()
        other.communicate()


def test_the_lock_leaves_nothing_on_disk(tmp_path: Path) -> None:
    log = JsonlStore(tmp_path).open("s")
    assert [path.name for path in tmp_path.iterdir()] == ["s.jsonl"]
    log.close()

"""kedge as its users have it: a process of its own, with arguments, streams and an exit code."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

Json = dict[str, object]

PATIENCE = 60.0
"""Seconds after which a run or a condition counts as hung."""
COMMAND = (sys.executable, "-m", "kedge")


def lines(data: bytes) -> list[Json]:
    """JSON objects, one per line."""
    return [msgspec.json.decode(line, type=Json) for line in data.splitlines()]


class Ran(Struct, frozen=True):
    """A run that is over."""

    code: int
    out: bytes
    err: bytes

    @property
    def answer(self) -> str:
        """stdout as text."""
        return self.out.decode()

    @property
    def complaint(self) -> str:
        """stderr as text."""
        return self.err.decode()

    @property
    def records(self) -> list[Json]:
        """stdout as records."""
        return lines(self.out)

    @property
    def result(self) -> Json:
        """The last record of stdout, which must be the result."""
        last = self.records[-1]
        assert last["kind"] == "result", last
        return last


class Kedge:
    """Starts kedge in one directory, with one home and a clean environment."""

    def __init__(self, cwd: Path, home: Path, env: Mapping[str, str]) -> None:
        self.cwd = cwd
        self.home = home
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "KEDGE_HOME": str(home),
            **env,
        }

    def __call__(
        self,
        *arguments: str | bytes,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        command: Iterable[str] = COMMAND,
    ) -> Ran:
        """Run to the end. stdin is empty, not a pipe, unless it is given."""
        ended = subprocess.run(
            [*command, *arguments],
            cwd=self.cwd,
            env=self.env if env is None else {**self.env, **env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=PATIENCE,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    @property
    def out(self) -> Path:
        """Where the stdout of the run that was started last goes."""
        return self.home / "stdout"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start without waiting; the caller ends it. Its stdout may be read while it runs."""
        with self.out.open("wb") as out:
            return subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
            )

    def ended(self, process: subprocess.Popen[bytes]) -> Ran:
        """Wait for the run that was started last."""
        _, err = process.communicate(timeout=PATIENCE)
        return Ran(process.returncode, self.out.read_bytes(), err)

    @property
    def logs(self) -> list[Path]:
        """The session logs, oldest first."""
        return sorted((self.home / "state" / "sessions").glob("*.jsonl"))

    @property
    def log(self) -> list[Json]:
        """The facts of the only session."""
        (only,) = self.logs
        return lines(only.read_bytes())


def wait_until(claim: Callable[[], object], what: str) -> None:
    """Return once the claim holds; fails when it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def alive(words: str) -> list[int]:
    """The living processes with these words in their command line."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and words.encode() in _command_line(entry)
    ]


def marked(home: Path) -> list[int]:
    """The living processes that kedge started for commands under this home."""
    return [int(entry.name) for entry in _with_home(home) if b"\0KEDGE_RUN=" in _environment(entry)]


def kedges(home: Path) -> list[int]:
    """The living processes of kedge itself with this home: no other test's."""
    entries = [entry for entry in _with_home(home) if b" -m kedge " in _command_line(entry)]
    return [int(entry.name) for entry in entries]


def the_kedge(home: Path) -> int:
    """The process of kedge with this home, once it is the only one: what it starts looks like it
    for a moment, until it is another program."""
    wait_until(lambda: len(kedges(home)) == 1, "there is one kedge")
    return kedges(home)[0]


def _with_home(home: Path) -> Iterator[Path]:
    wanted = f"\0KEDGE_HOME={home}\0".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and wanted in _environment(entry):
            yield entry


def _environment(entry: Path) -> bytes:
    return b"\0" + _read(entry / "environ") + b"\0"


def _command_line(entry: Path) -> bytes:
    return _read(entry / "cmdline").replace(b"\0", b" ")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

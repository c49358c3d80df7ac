"""The server as a separate process: its log, and a handle that starts and reads it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from .script import Script, dump_script
from .server import End, Request

_SERVE = Path(__file__).parent / "serve.py"


class Log(Struct, frozen=True):
    """What a server's log says, in the order it happened."""

    requests: list[Request]
    ends: list[End]


class _Line(Struct, omit_defaults=True):
    request: Request | None = None
    end: End | None = None


def log_line(news: Request | End) -> str:
    """The JSON of one line: `{"request": {…}}` (the body as base64) or `{"end": {…}}`."""
    line = _Line(request=news) if isinstance(news, Request) else _Line(end=news)
    return msgspec.json.encode(line).decode()


def read_log(path: Path) -> Log:
    """Reads a log, also of a server that still runs; a line being written is left out."""
    whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    lines = [msgspec.json.decode(line, type=_Line) for line in whole.splitlines()]
    requests = [line.request for line in lines if line.request is not None]
    return Log(requests, [line.end for line in lines if line.end is not None])


class ServerProcess:
    """A running server process."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self._process = process
        self.url = url
        self.log_path = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> Log:
        """All requests and ends so far."""
        return read_log(self.log_path)

    def wait_for(self, claim: Callable[[Log], bool], seconds: float = 10.0) -> Log:
        """The log, once the claim about it holds; the file is read again every 10 ms.

        Raises: TimeoutError after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not claim(log := self.log):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(log.requests)} requests, {len(log.ends)} ends")
            time.sleep(0.01)
        return log

    def release(self) -> None:
        """Ends all stalls, present and future."""
        self._process.send_signal(signal.SIGUSR1)


@contextmanager
def spawned_server(script: Script, folder: Path, *options: str) -> Generator[ServerProcess]:
    """Starts `serve.py` with the script (written into `folder`, with the log) and more options.

    The process also ends when this one dies: its stdin is a pipe that it watches.
    Raises: AssertionError at the end of the block when a request did not fit the script.
    """
    script_path, log = folder / "loopback-script.json", folder / "loopback-log.jsonl"
    dump_script(script, script_path)
    command = [sys.executable, str(_SERVE), "--script", str(script_path), "--log", str(log)]
    with subprocess.Popen(
        [*command, "--until-eof", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            yield ServerProcess(process, url, log)
        finally:
            process.terminate()
            _, complaints = process.communicate()
    if process.returncode != 0:
        raise AssertionError(complaints)

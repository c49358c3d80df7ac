"""The programs that are measured, the servers that they talk to, and folders to work in."""

import os
import shutil
import ssl
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TypeVar

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import msgspec
from measure import BenchError, Finished, run
from msgspec import Struct
from scenes import small_repository

from loopback.process import Log, ServerProcess, spawned_server
from loopback.script import Script
from loopback.server import CERTIFICATE

T = TypeVar("T")

_HERE = Path(__file__).resolve().parent
_PROMPT = "Count the stock."
_UNLIMITED = ("--max-turns", "1000")
"""By itself a run stops before the end of the longest script."""
_KEPT = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Of our own environment; no proxies, no keys, nothing that keeps byte code from being written."""


class Subject(Struct, frozen=True):
    """A program that answers a prompt."""

    name: str
    command: tuple[str, ...]
    """All but the prompt."""
    env: Mapping[str, str]

    def with_env(self, **env: str) -> "Subject":
        """The same in another environment."""
        return msgspec.structs.replace(self, env={**self.env, **env})

    def with_options(self, *options: str) -> "Subject":
        """The same with more on its command line."""
        return msgspec.structs.replace(self, command=(*self.command, *options))

    @property
    def whole_command(self) -> tuple[str, ...]:
        """With the prompt."""
        return (*self.command, _PROMPT)

    def run(self, cwd: Path) -> Finished:
        """Run it to its end."""
        return run(self.whole_command, cwd, self.env)


class Rig:
    """Everything that a benchmark works with; lives in one folder."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self._quick = quick
        self._folder = folder
        home = folder / "home"
        home.mkdir()
        kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
        self.env = {**kept, "HOME": str(home), "TMPDIR": str(folder)}
        self.kedge_program = _program()
        self._template = small_repository(folder / "template", self.env)

    def rounds(self, usual: int) -> int:
        """How often something is measured; a third of the usual when it shall be quick."""
        return max(usual // 3, 2) if self._quick else usual

    def kedge(self, url: str, *options: str, model: str = "anthropic/claude-opus-5-5") -> Subject:
        """`kedge -p`, where everything is allowed."""
        command = (self.kedge_program, "-p", "-m", model, "--mode", "full", *_UNLIMITED, *options)
        return Subject("kedge", command, self._reaching(url))

    def stdlib(self, url: str) -> Subject:
        """The loop on `http.client`."""
        return self._floor("floor_stdlib", url)

    def httpx2(self, url: str) -> Subject:
        """The loop on httpx2."""
        return self._floor("floor_httpx2", url)

    def _floor(self, module: str, url: str) -> Subject:
        # As a module, so that its byte code is kept as that of kedge is.
        command = (sys.executable, "-c", f"import {module}; {module}.main()")
        return Subject(module, command, self._reaching(url) | {"PYTHONPATH": str(_HERE)})

    def _reaching(self, url: str) -> dict[str, str]:
        """The environment with the keys and addresses of providers at the loopback server."""
        return self.env | {
            "ANTHROPIC_API_KEY": "bench-key",
            "ANTHROPIC_BASE_URL": url,
            "OPENAI_API_KEY": "bench-key",
            "OPENAI_BASE_URL": f"{url}/v1",
            "DEEPSEEK_API_KEY": "bench-key",
        }

    def trusting_loopback(self) -> str:
        """A file with the certificates that this machine trusts, and the loopback server's."""
        paths = ssl.get_default_verify_paths()
        usual = self.env.get("SSL_CERT_FILE") or paths.cafile
        bundle = self._folder / "trusted.pem"
        own = CERTIFICATE.read_text()
        own = own[own.index("-----BEGIN CERTIFICATE-----") :].partition("-----BEGIN PRIVATE")[0]
        bundle.write_text((Path(usual).read_text() if usual else "") + "\n" + own)
        return str(bundle)

    @contextmanager
    def folder(self) -> Generator[Path]:
        """An empty folder, removed afterwards."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            yield Path(name)

    @contextmanager
    def workspace(self) -> Generator[Path]:
        """A fresh copy of the small repository, removed afterwards."""
        with self.folder() as folder:
            yield Path(shutil.copytree(self._template, folder / "stock"))

    @contextmanager
    def server(self, script: Script, *options: str) -> Generator[ServerProcess]:
        """A loopback server in a process of its own; its log is removed afterwards."""
        with self.folder() as folder, spawned_server(script, folder, *options) as server:
            yield server


def of_run(log: Log, run: Finished) -> Log:
    """What a log says of one run, where runs followed each other.

    Raises:
        BenchError: the run made no request.
    """
    requests = [request for request in log.requests if run.began <= request.at <= run.ended]
    if not requests:
        raise BenchError("the run made no request")
    serials = {request.serial for request in requests}
    return Log(requests, [end for end in log.ends if end.serial in serials])


def interleaved(rounds: int, takes: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Samples of each, taken in turn, so that all see the same noise; one round before them
    writes byte code and fills caches, and is not counted."""
    samples: dict[str, list[T]] = {name: [] for name in takes}
    for number in range(rounds + 1):
        for name, take in takes.items():
            sample = take()
            if number:
                samples[name].append(sample)
    return samples


def installation() -> str:
    """How the measured kedge is installed.

    Raises:
        BenchError: it is not.
    """
    try:
        kedge = metadata.distribution("kedge")
    except metadata.PackageNotFoundError as error:
        raise BenchError(f"kedge is not installed for {sys.executable}") from error
    if '"editable"' in (kedge.read_text("direct_url.json") or ""):
        return f"kedge {kedge.version}, editable: every start pays for its import hook"
    return f"kedge {kedge.version}, installed from a wheel"


def _program() -> str:
    """The console script, which is what people run.

    Raises:
        BenchError: it is not there.
    """
    program = Path(sysconfig.get_path("scripts")) / "kedge"
    if not program.exists():
        raise BenchError(f"{program} is missing: install kedge for {sys.executable}")
    return str(program)

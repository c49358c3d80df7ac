"""A one-shot run loads what it uses and nothing else: start-up is a feature."""

import sys

import pytest

from e2e.process import Kedge
from e2e.remotes import REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import WIRE_NAMES, Call, WireName, turn

HEAVY = {
    *("anthropic", "openai", "textual", "typer", "click", "rich", "git", "mcp", "pydantic"),
    *("opentelemetry", "jsonschema", "requests", "aiohttp", "platformdirs"),
}


def imported(report: str) -> set[str]:
    """The top-level packages in what `-X importtime` reports."""
    names = (line.rpartition("|")[2].strip() for line in report.splitlines() if "|" in line)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_run_with_a_key_loads_no_sdk_and_no_screen(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    (kedge.cwd / "a.txt").write_text("one\n")
    calls = (Call("read", {"file_path": "a.txt"}), Call("bash", {"command": "echo hi"}))
    server = threaded_loopback([turn(*calls), turn("ok")])
    ran = kedge(
        *REMOTES[wire].options(server.url, "-p", "x", "--mode", "full"),
        command=(sys.executable, "-X", "importtime", "-m", "kedge"),
    )
    loaded = imported(ran.complaint)
    assert ran.code == 0
    assert {"kedge", "msgspec", "httpx2"} <= loaded
    assert loaded & HEAVY == set()


def test_the_version_is_answered_without_loading_the_program(kedge: Kedge) -> None:
    ran = kedge("--version", command=(sys.executable, "-X", "importtime", "-m", "kedge"))
    loaded = imported(ran.complaint)
    assert ran.answer.startswith("kedge ")
    assert (
        loaded & (HEAVY | {"asyncio", "msgspec", "httpx2", "json", "argparse", "tomllib"}) == set()
    )

"""What a run does not use is not imported: starting is felt in milliseconds.

Real processes are asked by Python's own `-X importtime`, which names on stderr every module that is
looked for.
"""

import sys
import sysconfig
from pathlib import Path

import pytest

from e2e.process import Kedge
from e2e.remotes import ANSWER, KEYS, REMOTES, demo_project, fixing
from loopback.fixtures import ThreadedLoopback
from loopback.script import WIRE_NAMES, WireName

_SHOWN = (sys.executable, "-X", "importtime")
_SCRIPT = str(Path(sysconfig.get_path("scripts"), "kedge"))

FOR_THE_VERSION = {
    *("gc", "kedge", "kedge.cli", "kedge.cli.main", "kedge.config", "kedge.config.version"),
}
NOT_FOR_ONE_SHOT = {
    *("anthropic", "boto3", "git", "google", "jsonschema", "mcp", "openai", "opentelemetry"),
    *("pydantic", "pydantic_core", "referencing", "rich", "textual", "typer"),
}


def _modules(complaint: str) -> set[str]:
    """The modules in an import-time report, which has lines of `import time: own | all | name`."""
    rows = (line for line in complaint.splitlines() if line.startswith("import time:"))
    return {row.rpartition("|")[2].strip() for row in rows}


@pytest.fixture
def kedge(tmp_path: Path) -> Kedge:
    return Kedge(tmp_path, tmp_path / "home", KEYS)


def test_asking_for_the_version_imports_next_to_nothing(kedge: Kedge) -> None:
    bare = kedge("-c", "pass", command=_SHOWN)
    asked = kedge("--version", command=(*_SHOWN, _SCRIPT))
    assert asked.answer.startswith("kedge ")
    assert _modules(asked.complaint) - _modules(bare.complaint) == FOR_THE_VERSION


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_one_shot_run_imports_no_vendor_s_client_and_no_framework(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    demo_project(kedge.cwd / "basket")
    remote = REMOTES[wire]
    server = threaded_loopback(fixing(remote))
    run = kedge(
        *remote.options(server.url, "-C", "basket", "--mode", "full", "-p", "Fix it."),
        command=(*_SHOWN, _SCRIPT),
    )
    assert run.answer.strip() == ANSWER
    imported = _modules(run.complaint)
    assert {"kedge.agent.loop", "kedge.agent.providers.http", "httpx2"} <= imported
    assert {name.partition(".")[0] for name in imported} & NOT_FOR_ONE_SHOT == set()


NOT_FOR_THE_FIRST_FRAME = {
    *(
        "httpx2",
        "kedge.agent.loop",
        "kedge.agent.session",
        "kedge.cli.compose",
        "kedge.cli.toolbox",
    ),
    *("kedge.cli.tui.asking", "kedge.cli.tui.composer.history_search", "kedge.cli.tui.desk.desk"),
    *("kedge.cli.tui.panels", "kedge.cli.tui.screens", "kedge.cli.tui.slash"),
    *("kedge.cli.tui.transcript.reader", "kedge.cli.tui.transcript.search_bar"),
    *("kedge.sandbox", "markdown_it", "pygments", "textual.widgets._markdown"),
}
"""Dialogs, panels that open later, the session and all that it is made of."""


def test_the_terminal_s_first_frame_waits_for_no_dialog_and_no_session(kedge: Kedge) -> None:
    shown = kedge("-c", "import kedge.cli.tui.start, kedge.cli.tui.app", command=_SHOWN)
    imported = _modules(shown.complaint)
    assert "kedge.cli.tui.transcript.transcript" in imported
    assert imported & NOT_FOR_THE_FIRST_FRAME == set()

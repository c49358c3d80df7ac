"""A person's own status line: a real command, real failures, nothing left running."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from kedge.cli.tui.desk.state import DeskState
from kedge.cli.tui.status.command import StatusCommand
from kedge.cli.tui.status.told import Told
from kedge.config.narrowing import narrowed
from kedge.config.sources import Layer, Source


class Line:
    """What was shown and complained about."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.complaints: list[str] = []
        self.changed = asyncio.Event()

    def show(self, words: str) -> None:
        self.shown.append(words)
        self.changed.set()

    async def shows(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.shown) < count:
                self.changed.clear()
                await self.changed.wait()


def command(text: str, line: Line, cwd: Path, **how: float) -> StatusCommand:
    return StatusCommand(
        text, cwd, dict(os.environ), line.show, line.complaints.append, **{"pause": 0.0, **how}
    )


async def test_the_command_reads_the_facts_and_its_first_line_is_shown(tmp_path):
    line = Line()
    own = command("cat > state.json; printf 'mine\\nmore'", line, tmp_path)
    own.hear(DeskState(model="p/m", mode="plan", context_tokens=5, context_window=100))
    await line.shows(1)
    await own.close()
    assert line.shown == ["mine"]
    told = json.loads((tmp_path / "state.json").read_text())
    assert told["model"] == {"id": "p/m", "display_name": "m"}
    assert (told["mode"], told["context_window"]["used_percentage"]) == ("plan", 5)
    assert set(told) == set(Told.__struct_fields__)


async def test_it_runs_again_only_for_other_facts_and_the_newest_of_them(tmp_path):
    line = Line()
    own = command("cat | tr -d '\\n'", line, tmp_path)
    for tokens in (1, 2, 3, 3):
        own.hear(DeskState(context_tokens=tokens))
    await line.shows(1)
    own.hear(DeskState(context_tokens=3))
    own.hear(DeskState(context_tokens=4))
    await line.shows(2)
    await own.close()
    told = [json.loads(words)["context_window"] for words in line.shown]
    assert [window["total_input_tokens"] for window in told] == [3, 4]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo broken; exit 3", "broken"),
        ("exit 3", "ended with 3"),
        ("exec sleep 60", "more than 0.2 s"),
        ("no-such-program-at-all", "not found"),
    ],
)
async def test_a_failure_is_complained_about_once_and_the_facts_come_back(tmp_path, text, why):
    line = Line()
    own = command(text, line, tmp_path, limit=0.2 if "sleep" in text else 5.0)
    own.hear(DeskState())
    await line.shows(1)
    own.hear(DeskState(model="another"))
    await line.shows(2)
    await own.close()
    assert line.shown == ["", ""]
    assert len(line.complaints) == 1
    assert why in line.complaints[0]


async def test_control_codes_of_the_command_are_not_obeyed(tmp_path):
    line = Line()
    own = command("printf '\\033[2Jred\\033]0;title\\007'", line, tmp_path)
    own.hear(DeskState())
    await line.shows(1)
    await own.close()
    assert line.shown == ["red]0;title"]


async def test_closing_leaves_nothing_running(tmp_path):
    line = Line()
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    own = command("echo $$ > pid; exec sleep 60", line, tmp_path, limit=60.0)
    own.hear(DeskState())
    pid = int(await asyncio.wait_for(asyncio.to_thread(fifo.read_text), 60))
    await own.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_project_has_no_say_in_it():
    layer = Layer(Source("project", Path("config.toml")), {"tui": {"status_command": "evil"}})
    found = narrowed(layer, {"tui": {"status_command": ""}})
    assert (found.values, found.gated) == ({}, {})
    assert "tui.status_command" in found.problems[0].key

"""`kedge tool exec`: runs tools exactly as the agent would, in one session, without a model.

One JSON object `{"tool": NAME, "args": {…}}` per line of stdin, one answer per line of stdout.
"""

import asyncio
import contextlib
import os
import threading
from pathlib import Path

import msgspec

from ...agent.actions import Actor
from ...agent.bus import Bus
from ...agent.events import ActionEnded, Event, MessageAdded
from ...agent.messages import Text, ToolCall
from ...agent.passages import Passages
from ...agent.stores.memory import MemoryLog
from ...agent.transcript import Transcript
from ...agent.validators.unattended import Unattended
from ...config.settings import Mode
from ...sandbox.paths import Roots
from ..judges import Judges, Scene, judges_of
from ..preserving import Preserving
from ..surroundings import surroundings
from ..terminal import Out
from ..toolbox import Toolbox
from .settings import load_for_commands

_SESSION = "tool-exec"


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    tool: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Answer(msgspec.Struct):
    """What became of one call."""

    ok: bool
    error_kind: str | None
    text: str
    """As the model would see it."""
    exit_code: int | None = None
    """Of a command that ran."""


def tool_exec(cd: str, mode: Mode, *, as_json: bool) -> int:
    """Run the calls of stdin; 0 if every one succeeded, else 1.

    Raises:
        KedgeError: the directory or the configuration is wrong.
    """
    where = surroundings(cd)
    loaded = load_for_commands(where)
    toolbox = Toolbox(loaded, Roots.at(where.cwd), where)
    scene = Scene(loaded, where, _SESSION, mode)
    judges = judges_of(scene, toolbox, Unattended(), lambda code, text: None)
    trash = where.home.state_dir / "trash" / _SESSION
    return asyncio.run(_run(toolbox, judges, trash, as_json))


async def _run(toolbox: Toolbox, judges: Judges, trash: Path, as_json: bool) -> int:
    executor = _Executor(toolbox, judges, trash)
    out = Out(1)
    failed = False
    try:
        lines = _lines_of_stdin()
        while line := await lines.get():
            if not line.strip():
                continue
            answer = await executor.answer(line)
            failed = failed or not answer.ok
            out.write(msgspec.json.encode(answer) + b"\n" if as_json else _text(answer))
    finally:
        await judges.close()
        await toolbox.close()
    return int(failed)


def _lines_of_stdin() -> asyncio.Queue[bytes]:
    """Every line as it comes, then an empty one.

    A daemon thread reads, through a reader of its own: neither asyncio nor Python waits at exit
    for a line that never comes, so Ctrl-C ends the program.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        with (
            os.fdopen(0, "rb", closefd=False) as stdin,
            contextlib.suppress(RuntimeError),  # the loop has been closed meanwhile
        ):
            for line in iter(stdin.readline, b""):
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, b"")

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return lines


def _text(answer: Answer) -> bytes:
    mark = "" if answer.ok else f"[{answer.error_kind}] "
    return f"{mark}{answer.text}\n".encode()


class _Executor:
    """The part of an agent that carries out calls, fed by hand."""

    def __init__(self, toolbox: Toolbox, judges: Judges, trash: Path) -> None:
        self._bus = Bus(_SESSION, MemoryLog([]))
        self._transcript = Transcript()
        self._ended: ActionEnded | None = None
        self._count = 0
        self._bus.watch(self._transcript.add)
        self._bus.watch(self._watch)
        self._actor = Actor(
            toolbox.tools,
            judges.judge,
            Passages(judges.judge, self._bus, hooks=judges.stages),
            self._bus,
            self._transcript,
            permits=toolbox,
            preserve=Preserving(trash, toolbox.roots),
        )

    def _watch(self, event: Event) -> None:
        if isinstance(event.body, ActionEnded):
            self._ended = event.body

    async def answer(self, line: bytes) -> Answer:
        """Carry out the call of one line."""
        try:
            asked = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError as error:
            return Answer(False, "other", f'not a {{"tool": …, "args": {{…}}}} line: {error}')
        self._count += 1
        call = ToolCall(f"call_{self._count}", asked.tool, bytes(asked.args).decode())
        self._bus.emit(MessageAdded("assistant", (call,), stop_reason="tool_use"))
        await self._actor.run((call,))
        ended = self._ended
        assert ended is not None, "every call has an end"
        text = "".join(part.text for part in ended.content if isinstance(part, Text))
        return Answer(ended.status == "ok", ended.error_kind, text, ended.exit_code)

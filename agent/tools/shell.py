"""Runs the model's commands: `bash`, and `bash_output` and `bash_kill` for those in the background.

Commands share a working directory, nothing else: variables, functions and options are not kept.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, structs

from ...config.private import private_folder
from ...config.settings import ShellSettings
from ...sandbox.capture import Capture, Hide
from ...sandbox.errors import SandboxError
from ...sandbox.paths import Roots
from ...sandbox.ports import Command, Exit, Extra, Sandbox
from ..effects import Effect
from ..errors import ToolError
from ..messages import Text
from ..ports import Arguments, Denied, Emit, Output
from .directory import Followed, WorkingDirectory
from .ending import ended
from .function import FunctionTool, read_only
from .jobs import Job, Jobs
from .live import Live

if TYPE_CHECKING:
    from ...sandbox.denials import Denial

_Milliseconds = Annotated[int, Meta(ge=1, description="milliseconds")]
_Seconds = Annotated[float, Meta(ge=0)]


Explain = Callable[[str, Path], "Sequence[Denial]"]
"""From a failed command's output and its directory: what the sandbox kept it from."""


def _unexplained(output: str, cwd: Path) -> "Sequence[Denial]":
    return ()


Foresee = Callable[[str, Path], tuple[Effect, ...]]
"""What a command line would do in a directory."""


def _runs(command: str, cwd: Path) -> tuple[Effect, ...]:
    return (Effect("run", command),)


class Shell:
    """The shell of one session. Close it before its sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        roots: Roots,
        settings: ShellSettings,
        env: Mapping[str, str],
        scratch: Path,
        outputs: Path,
        explain: Explain = _unexplained,
        foresee: Foresee = _runs,
        hide: Callable[[], Hide | None] = lambda: None,
    ) -> None:
        """Prepare a shell; nothing runs yet.

        Args:
            sandbox: where commands run.
            roots: the directories that the working directory stays in.
            settings: bounds of time and output.
            env: the whole environment of commands.
            scratch: a private folder, made when needed, which commands can write to, or the
                working directory is never kept.
            outputs: a private folder, made when needed, for the whole of what was cut.
            explain: says what the sandbox kept a failed command from.
            foresee: says what a command would do, before it is run.
            hide: makes what decides, for one command, which of its output is kept.
        """
        self._sandbox = sandbox
        self._settings = settings
        self._env = env
        self._scratch = scratch
        self._outputs = outputs
        self._explain = explain
        self._foresee = foresee
        self._hide = hide
        self._directory = WorkingDirectory(roots)
        self._jobs = Jobs()
        self._front: list[Job] = []
        self._permitted = dict[str, Extra]()

    @property
    def running(self) -> list[str]:
        """A line for each command that still runs in the background."""
        return self._jobs.running()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The commands that calls wait for, then those in the background, ended ones included."""
        return (*self._front, *self._jobs.all)

    def hear_ended(self, call: Callable[[Job], None]) -> None:
        """Call this with each command in the background that ends. It must not raise."""
        self._jobs.ended = call

    def newly_ended(self) -> list[str]:
        """See `Jobs.newly_ended`."""
        return self._jobs.newly_ended()

    def to_background(self) -> int:
        """Let what calls wait for go on in the background, and the calls end; how many."""
        for job in self._front:
            job.leave()
        return len(self._front)

    @property
    def cwd(self) -> Path:
        """Where the next command starts."""
        return self._directory.path

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """What `bash` with these arguments would do."""
        return self._foresee(str(arguments["command"]), self._directory.path)

    def permit(self, command: str, denied: Sequence[Denied]) -> None:
        """Let the next call with exactly this command do what it was kept from: a person's word."""
        self._permitted[command] = Extra(
            tuple(Path(one.allow) for one in denied if one.what == "read"),
            tuple(Path(one.allow) for one in denied if one.what == "write"),
            tuple(one.allow for one in denied if one.what == "connect"),
        )

    async def bash(
        self,
        emit: Emit,
        command: str,
        timeout: _Milliseconds | None = None,  # noqa: ASYNC109  # the name that models know
        description: str = "",
        run_in_background: bool = False,
    ) -> Output:
        """Run a shell command; `description` is for the person who watches."""
        notice = self._directory.check()
        extra = self._permitted.pop(command, None)
        if run_in_background:
            return await self._start(command, notice, extra)
        seconds = self._seconds(timeout)
        report = _private(self._scratch, "cwd")
        try:
            traced = self._directory.traced(command, report)
            job = await self._job(command, traced, extra, live := Live(emit))
            return await self._attended(job, live, seconds, notice, report)
        finally:
            report.unlink(missing_ok=True)

    async def bash_output(self, id: str, wait_seconds: _Seconds = 0) -> Output:
        """Show what a background command printed since the last call; first wait for its end."""
        job = self._jobs.find(id)
        if wait_seconds:
            await job.wait(min(wait_seconds, self._settings.max_timeout_seconds))
        return _news(job)

    async def bash_kill(self, id: str) -> Output:
        """End a background command and everything that it started."""
        job = self._jobs.find(id)
        await job.kill()
        return _news(job)

    async def close(self) -> None:
        """End the background commands."""
        await self._jobs.close()

    async def _attended(
        self, job: Job, live: Live, seconds: float, notice: str, report: Path
    ) -> Output:
        """The result of a command in the foreground, at its end or when it leaves."""
        self._front.append(job)
        try:
            exit = await job.foreground(seconds)
        except TimeoutError as error:
            text = self._out_of_time(job.news(), seconds, notice)
            raise ToolError("timeout", text) from error
        except SandboxError as error:
            raise ToolError("other", str(error)) from error
        finally:
            self._front.remove(job)
            live.end()
        if exit is None:
            return self._went_on(job, notice)
        return self._output(job.news(), exit, notice, self._directory.follow(report))

    def _went_on(self, job: Job, notice: str) -> Output:
        """The result of a command that a person sent to the background."""
        self._jobs.add(job)
        so_far = job.news()
        sent = _in_background("The person sent it to the background", job)
        told = _captured(_paragraphs(notice, _printed(so_far), sent), so_far)
        return structs.replace(told, background=job.id)

    async def _start(self, command: str, notice: str, extra: Extra | None) -> Output:
        job = await self._job(command, command, extra)
        self._jobs.add(job)
        started = _in_background("Started in the background", job)
        told = Output.of(_paragraphs(notice, started, *self._jobs.newly_ended()))
        return structs.replace(told, background=job.id)

    async def _job(
        self, command: str, run: str, extra: Extra | None, live: Live | None = None
    ) -> Job:
        # Without a time of its own: the command may outlive the call.
        try:
            process = await self._sandbox.start(
                Command(run, self._directory.path, self._env, extra=extra)
            )
        except SandboxError as error:
            raise ToolError("other", str(error)) from error
        return Job(command, process, self._capture, live.feed if live else None)

    def _seconds(self, timeout: int | None) -> float:
        """Nobody means a tenth of a second: numbers below 1000 are taken for seconds."""
        if timeout is None:
            return self._settings.timeout_seconds
        seconds = timeout / 1000 if timeout >= 1000 else float(timeout)
        return min(seconds, self._settings.max_timeout_seconds)

    def _capture(self) -> Capture:
        spill = _private(self._outputs, "txt")
        return Capture(self._settings.output_bytes, spill, hide=self._hide())

    def _output(self, capture: Capture, exit: Exit, notice: str, followed: Followed) -> Output:
        how = ended(exit)
        how = "" if exit.code == 0 else f"{how[0].upper()}{how[1:]}."
        printed = _printed(capture)
        denied = self._denied(printed) if exit.code else ()
        text = _paragraphs(
            notice, printed, how, _kept_from(denied), *exit.notes, followed.notice,
            _left(followed.jobs), *self._jobs.newly_ended(),
        )  # fmt: skip
        return structs.replace(_captured(text, capture, exit.code, exit.signal), denied=denied)

    def _denied(self, printed: str) -> tuple[Denied, ...]:
        found = self._explain(printed, self._directory.path)
        return tuple(Denied(one.what, one.target, one.allow) for one in found)

    def _out_of_time(self, capture: Capture, seconds: float, notice: str) -> str:
        most = self._settings.max_timeout_seconds
        longer = "" if seconds >= most else f" a longer timeout (at most {most * 1000:.0f} ms) or"
        return _paragraphs(
            notice,
            _printed(capture),
            f"Timed out after {seconds:g} s: the command and all it had started were killed. "
            f"If it needs more time, use{longer} run_in_background.",
        )


def _private(folder: Path, ending: str) -> Path:
    """A name in a folder that only the person can look into."""
    private_folder(folder)
    return folder / f"bash-{os.urandom(6).hex()}.{ending}"


def shell_tools(shell: Shell) -> tuple[FunctionTool, ...]:
    """The three tools of a shell."""
    return (
        FunctionTool(shell.bash, effects=shell.effects),
        FunctionTool(shell.bash_output, effects=read_only),
        # What it can end, the session itself has started.
        FunctionTool(shell.bash_kill, effects=read_only),
    )


def _news(job: Job) -> Output:
    capture = job.news()
    job.known_ended = not job.running
    return _captured(_paragraphs(_printed(capture), f"{job.id}: {job.state}."), capture)


def _captured(
    text: str, capture: Capture, exit_code: int | None = None, signal: str | None = None
) -> Output:
    spilled = capture.spilled
    full_output = None if spilled is None else str(spilled)
    return Output((Text(text),), exit_code, signal, spilled is not None, full_output)


def _printed(capture: Capture) -> str:
    return capture.text().rstrip("\n") or "(no output)"


def _kept_from(denied: Sequence[Denied]) -> str:
    if not denied:
        return ""
    doing = {"read": "reading", "write": "writing", "connect": "connecting to"}
    kept = ", ".join(f"{doing[one.what]} {one.target}" for one in denied)
    return (
        f"The sandbox kept it from {kept}. Only the person can allow that: go on without, or say "
        "what you would need."
    )


def _in_background(how: str, job: Job) -> str:
    return (
        f"{how} as {job.id}. bash_output shows what it prints, bash_kill ends it; it ends with the "
        "session."
    )


def _left(jobs: int) -> str:
    if not jobs:
        return ""
    return (
        "Background processes were still running when the shell exited; they do not outlive the "
        "call. Use run_in_background for what has to go on."
    )


def _paragraphs(*parts: str) -> str:
    return "\n".join(part for part in parts if part)

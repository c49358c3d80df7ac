"""One command inside: its first process, and the init of its process namespace that ends it all.

Between the helper and a command stands an init: it is process 1 of a namespace that holds
everything the command starts, so nothing can get away from it, however often it forks.
"""

import contextlib
import marshal
import os
import resource
import select
import signal
import socket
import time

from . import kernel, landlock, mounts
from .plan import Limits, Plan
from .probing import Before, probe
from .watching import Watcher

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 38, 47, 4
_MOST_DEAD = 64
_RESERVED_PIDS = 300
_PID_MAX_BY_NAMESPACE = (6, 14)
"""The Linux since when kernel.pid_max is one for each process namespace. Before, it is everybody's
and not to be touched."""
_RESET = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ)
"""What we, or Python, have ignored or caught."""
_NOT_KNOWN = 64
"""Above the number of any capability."""


class Walls:
    """What every command is put behind, made ready once."""

    def __init__(self, plan: Plan, ruleset: int | None, program: bytes, before: Before) -> None:
        self.plan = plan
        self.before = before
        self.ruleset = ruleset
        """Of Landlock; `None` if the kernel has none."""
        self.program = program
        """Of seccomp."""


class Start:
    """What to run, as asked by the other side."""

    def __init__(
        self, *, argv: list[str], cwd: str, env: dict[str, str], grace: float, linger: float
    ) -> None:
        self.argv = argv
        """Empty for the self-test."""
        self.cwd = cwd
        self.env = env
        self.grace = grace
        """Seconds between asking the processes to end and making them."""
        self.linger = linger
        """Seconds that what the first process left running has to end by itself."""


def serve(walls: Walls, start: Start, streams: list[int], control: socket.socket) -> None:
    """Be the init of a new process namespace: run one command, report, leave nothing behind.

    Messages: `+` started or `!` errno and words; `=` wait status of the first process; `*` why a
    watcher ended it. Asked by `.` to end, behind which may stand in how many seconds, or by the end
    of the connection.
    """
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, _wake)
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    mounts.fresh_proc()
    _prefer_us_when_memory_ends()
    _bound_processes(walls.plan.limits)
    if "proc" not in walls.plan.without:
        mounts.close_proc()
    failure, failed = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(failure)
        _become(walls, start, streams, failed)
    for fd in (failed, *streams):
        os.close(fd)
    with open(failure, "rb") as report:
        said = report.read()
    control.send(b"!" + said if said else b"+")
    _Init(first, start, control, waking, walls.plan.limits).live()


class _Init:
    """Waits for the command's processes, and ends them when asked or when limits are passed."""

    def __init__(
        self, first: int, start: Start, control: socket.socket, waking: int, limits: Limits
    ) -> None:
        self._first = first
        self._start = start
        self._control = control
        self._waking = waking
        self._watcher = Watcher(limits, start.cwd)
        self._deadline: float | None = None
        self._asked = False
        self._forced = False

    def live(self) -> None:
        """Return when no process is left."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._waking, select.POLLIN)
        while self._reap():
            ready = [fd for fd, _ in poll.poll(self._patience() * 1000)]
            if self._waking in ready:
                os.read(self._waking, 4096)
            if self._control.fileno() in ready and not self._heed():
                poll.unregister(self._control)
            self._press()

    def _reap(self) -> bool:
        """Take note of the dead; return whether anything lives.

        A bounded number at once: who makes them faster must not keep us from looking.
        """
        for _ in range(_MOST_DEAD):
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._first:
                with contextlib.suppress(OSError):
                    self._control.send(b"=%d" % status)
                if not self._asked:
                    self._deadline = time.monotonic() + self._start.linger
        return True

    def _heed(self) -> bool:
        """Take an order; return whether more can come."""
        order = self._control.recv(16)
        if order and not self._asked:
            self._ask(float(order[1:] or self._start.grace))
        elif not order:
            self._force()
        return bool(order)

    def _press(self) -> None:
        """Go further with those that do not end in time, or take too much."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            if self._asked:
                self._force()
            else:
                self._ask(self._start.grace)
        if why := self._watcher.look():
            with contextlib.suppress(OSError):
                self._control.send(b"*" + why.encode())
            self._force()

    def _patience(self) -> float:
        """Seconds until something is to be done."""
        if self._forced:
            return 0.005
        rest = 3600.0 if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        return min(rest, self._watcher.patience())

    def _ask(self, grace: float) -> None:
        self._asked = True
        self._deadline = time.monotonic() + grace
        _signal_all(signal.SIGTERM)
        # A stopped process takes no notice of SIGTERM until it runs again.
        _signal_all(signal.SIGCONT)

    def _force(self) -> None:
        self._asked = self._forced = True
        self._deadline = time.monotonic()
        _signal_all(signal.SIGKILL)


def _wake(_number: int, _frame: object) -> None:
    """Nothing to do: that the signal is caught is what ends the waiting."""


def _signal_all(number: int) -> None:
    # Anywhere but at the head of a namespace, -1 would mean every process of the user.
    with contextlib.suppress(ProcessLookupError):
        if os.getpid() == 1:
            os.kill(-1, number)


def _become(walls: Walls, start: Start, streams: list[int], failed: int) -> None:
    """Turn into the command; never returns."""
    try:
        without = walls.plan.without
        if "session" not in without:
            os.setsid()
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        os.chdir(start.cwd)
        if "limits" not in without:
            limit(walls.plan.limits)
        signal.set_wakeup_fd(-1)
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        close_in(walls.ruleset, walls.program, without)
        if "descriptors" not in without:
            os.closerange(3, failed)
            os.closerange(failed + 1, 1 << 20)
        if not start.argv:
            os.write(1, marshal.dumps(probe(walls.plan, walls.before, failed, start.env)))
            os._exit(0)
        execute(start.argv, start.env)
    except OSError as error:
        what = error.filename or start.argv[0]
        os.write(failed, f"{error.errno}:{error.strerror}: {what!r}".encode())
    except ValueError as error:
        os.write(failed, f"22:{error}".encode())
    finally:
        os._exit(127)


def close_in(ruleset: int | None, program: bytes, without: frozenset[str]) -> None:
    """Put this process behind Landlock and seccomp, without any capability, for good."""
    if "capabilities" not in without:
        _drop_bounding()
    if "no-new-privs" not in without:
        kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if ruleset is not None and "landlock" not in without:
        landlock.restrict(ruleset)
    if "seccomp" not in without:
        kernel.install_filter(program)
    if "capabilities" not in without:
        kernel.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL)
        kernel.set_capabilities()


def execute(argv: list[str], env: dict[str, str]) -> None:
    """Become a program, looked for in PATH unless its name has a slash."""
    program = argv[0]
    if not program:
        raise FileNotFoundError(2, "its name is empty", program)
    if "/" in program:
        os.execve(program, argv, env)
    problem: OSError | None = None
    for directory in env.get("PATH", os.defpath).split(":"):
        try:
            os.execve(f"{directory}/{program}", argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problem = error
    raise problem or FileNotFoundError(2, os.strerror(2), program)


def limit(limits: Limits) -> None:
    """Bind this process, and what it starts, to the limits that the kernel keeps."""
    for kind, value in (
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
    ):
        hard = resource.getrlimit(kind)[1]
        if value and (hard == resource.RLIM_INFINITY or hard > value):
            resource.setrlimit(kind, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_processes(limits: Limits) -> None:
    """Bind the number of processes of this namespace, root's too, where the kernel can."""
    major, minor, *_ = os.uname().release.split(".")
    known = major.isdecimal() and minor.isdecimal()
    if os.getpid() != 1 or not known or (int(major), int(minor)) < _PID_MAX_BY_NAMESPACE:
        return
    if limits.processes:
        with contextlib.suppress(OSError), open("/proc/sys/kernel/pid_max", "w") as bound:
            bound.write(str(limits.processes + _RESERVED_PIDS))


def _prefer_us_when_memory_ends() -> None:
    """Let the kernel take this command first when memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")


def _drop_bounding() -> None:
    for number in range(_NOT_KNOWN):
        try:
            kernel.prctl(_PR_CAPBSET_DROP, number)
        except OSError:
            return

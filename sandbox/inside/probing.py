"""The self-test: tries, behind all walls, what each of them must prevent.

Each probe is about one wall, and fails without it even where another would hold too.
"""

import errno
import os
import resource
import socket
from collections.abc import Iterator

from . import kernel, landlock
from .mounts import STORE
from .plan import Limits, Plan

_NAMESPACES = {
    **{"net": "network", "ipc": "ipc", "pid": "processes", "mnt": "mounts", "user": "users"},
    "cgroup": "cgroup",
}
"""The kernel's name of each to the wall's."""
_SYS_KEYCTL, _SYS_FCHMOD = (250, 91) if kernel.IS_X86 else (219, 52)
_SYS_IO_URING_SETUP = 425
_SYS_GETPID_X32 = 0x4000_0027
_TIOCSTI = 0x5412
_KOBJECT_UEVENT = 15
"""Of netlink: any process may listen there, where it is not refused."""
_PR_GET_NO_NEW_PRIVS = 39
_LIMITS = {
    "processes": resource.RLIMIT_NPROC,
    "open_files": resource.RLIMIT_NOFILE,
    "file_bytes": resource.RLIMIT_FSIZE,
    "cpu_seconds": resource.RLIMIT_CPU,
}

Result = tuple[str, bool, str]
"""The wall's name, whether it stands, and what was seen."""


class Before:
    """What the helper saw before it entered, to be told apart from what is seen inside."""

    def __init__(self, plan: Plan) -> None:
        self.namespaces = {kind: _namespace(kind) for kind in _NAMESPACES}
        self.private = {path: _identity(path) for path in (*plan.private, "/run")}
        self.devices = {"/dev": _identity("/dev")}
        self.secrets = {path: _identity(path) for path in plan.never_read}


def probe(plan: Plan, before: Before, failed: int, env: dict[str, str]) -> list[Result]:
    """Try everything. `failed` is the one descriptor that may be open besides the streams, `env`
    what a command would have as its environment."""
    return [
        _refused("read-only", errno.EROFS, "/usr"),
        _status("nosuid", bool(os.statvfs("/usr").f_flag & os.ST_NOSUID)),
        *_hidden("private", before.private),
        *_hidden("devices", before.devices),
        *_hidden("secrets", before.secrets),
        *_islands(plan),
        *_apart(before),
        _no_way_out(),
        _second_wall(),
        *within_process(plan.limits, failed, env),
        _status("proc", bool(os.statvfs("/proc").f_flag & os.ST_RDONLY)),
        _status("helper", not _opens("/proc/1/environ", os.O_RDONLY)),
    ]


def probe_alone(limits: Limits, trap: str, secrets: list[str], env: dict[str, str]) -> list[Result]:
    """Try everything where there are no namespaces. `trap` is a directory outside that, but for
    Landlock, could be read and written; `secrets` are paths that are never read."""
    version = landlock.abi()
    seen = [path for path in secrets if _opens(path, os.O_RDONLY)]
    results: list[Result] = [
        _refused("write", errno.EACCES, trap),
        _status("read", not _opens(f"{trap}/secret", os.O_RDONLY)),
        ("secrets", not seen, f"{seen[0]} can be read" if seen else f"{len(secrets)} paths"),
        _status("connection", not _makes_socket(socket.AF_INET, 0)),
        _status("local sockets", not _makes_socket(socket.AF_UNIX, 0)),
        _status("others", not _opens(f"/proc/{os.getppid()}/environ", os.O_RDONLY)),
        *within_process(limits, -1, env, bound=os.getuid() == 0),
    ]
    return [*results, _signals()] if version >= 6 else results


def within_process(
    limits: Limits, failed: int, env: dict[str, str], *, bound: bool = True
) -> Iterator[Result]:
    """What holds of a process by itself, in whatever namespaces. Without `bound`, which others
    than root cannot do, the bounding set of capabilities may be anything."""
    yield from _filter()
    yield _status("no-new-privs", kernel.prctl(_PR_GET_NO_NEW_PRIVS) == 1)
    yield _status("capabilities", _capabilities(bound=bound) == {0})
    yield _descriptors(failed)
    alone = os.getsid(0) == os.getpid() and not _opens("/dev/tty", os.O_RDWR)
    yield _status("session", alone)
    yield _limited(limits)
    yield _scrubbed(env)


def _refused(name: str, expected: int, place: str) -> Result:
    """Whether making a file at `place` is refused for this reason."""
    path = f"{place}/kedge-probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        return (name, error.errno == expected, f"{path}: {error.strerror}")
    os.unlink(path)
    return (name, False, f"{path} can be written")


def _hidden(name: str, before: dict[str, tuple[int, int]]) -> list[Result]:
    for path, was in before.items():
        if was != (0, 0) and _identity(path) == was:
            return [(name, False, f"{path} can be seen")]
    return [(name, True, f"{len(before)} paths are covered")]


def _islands(plan: Plan) -> list[Result]:
    if not plan.writable or not plan.placeholders:
        return []
    return [_refused("islands", errno.EROFS, f"{plan.workspace}/{plan.placeholders[0]}")]


def _apart(before: Before) -> list[Result]:
    return [
        (name, _namespace(kind) not in ("", before.namespaces[kind]), f"{kind} namespace")
        for kind, name in _NAMESPACES.items()
    ]


def _no_way_out() -> Result:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
        try:
            # TEST-NET-1 of RFC 5737; nothing is sent.
            attempt.connect(("192.0.2.1", 9))
        except OSError as error:
            return ("connection", True, error.strerror or "")
    return ("connection", False, "there is a route to other machines")


def _second_wall() -> Result:
    if not landlock.abi():
        return ("landlock", False, "the kernel has no Landlock")
    return _refused("landlock", errno.EACCES, STORE)


def _filter() -> Iterator[Result]:
    """One rule of each family: each is refused in a way that only the filter would choose."""
    yield _answers("seccomp-refused", errno.EPERM, _SYS_KEYCTL, 0, -3, 1)
    yield _answers("seccomp-unknown", errno.ENOSYS, _SYS_IO_URING_SETUP, 0, 0)
    yield _answers("seccomp-modes", errno.EPERM, _SYS_FCHMOD, -1, 0o4755)
    yield _answers("seccomp-terminal", errno.EPERM, 16 if kernel.IS_X86 else 29, -1, _TIOCSTI)
    yield _status("seccomp-sockets", not _makes_socket(socket.AF_NETLINK, _KOBJECT_UEVENT))
    yield _status("seccomp-namespaces", not _clones_namespace())
    if kernel.IS_X86:
        yield _status("seccomp-foreign", _is_killed(_SYS_GETPID_X32))


def _answers(name: str, expected: int, *call: int) -> Result:
    try:
        kernel.call(*call)
    except OSError as error:
        return (name, error.errno == expected, f"system call {call[0]}: {error.strerror}")
    return (name, False, f"system call {call[0]} is let through")


def _makes_socket(family: int, protocol: int) -> bool:
    try:
        socket.socket(family, socket.SOCK_DGRAM, protocol).close()
    except OSError:
        return False
    return True


def _clones_namespace() -> bool:
    try:
        child = kernel.clone(kernel.NEW_USER)
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def _is_killed(number: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            kernel.call(number)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _signals() -> Result:
    """Whether what stands above cannot be signalled: it is outside the domain."""
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return _status("signals", True)
    return _status("signals", False)


def _capabilities(*, bound: bool) -> set[int]:
    with open("/proc/self/status") as status:
        words = (line.split() for line in status if line.startswith("Cap"))
        return {int(value, 16) for name, value in words if bound or name != "CapBnd:"}


def _descriptors(failed: int) -> Result:
    listing = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY)
    try:
        others = {int(name) for name in os.listdir(listing)} - {0, 1, 2, failed, listing}
        others = {fd for fd in others if _is_open(fd)}
    finally:
        os.close(listing)
    return ("descriptors", not others, f"open besides the streams: {len(others)}")


def _limited(limits: Limits) -> Result:
    wanted = {kind: getattr(limits, name) for name, kind in _LIMITS.items()}
    free = [kind for kind, most in wanted.items() if most and not _binds(kind, most)]
    return _status("limits", not free and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0))


def _binds(kind: int, most: int) -> bool:
    hard = resource.getrlimit(kind)[1]
    return hard != resource.RLIM_INFINITY and hard <= most


def _scrubbed(env: dict[str, str]) -> Result:
    left = sorted(name for name in env if name in BAIT)
    return ("environment", not left, f"{left[0]} is kept" if left else "as promised")


BAIT = {
    "LD_LIBRARY_PATH": "/nonexistent",
    "BASH_ENV": "/nonexistent",
    "GIT_SSH_COMMAND": "false",
    "KEDGE_PROBE_TOKEN": "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
}
"""What the environment of a command never holds; the self-test is given it."""


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _status(name: str, stands: bool) -> Result:
    return (name, stands, "as promised" if stands else "not as promised")


def _opens(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _namespace(kind: str) -> str:
    try:
        return os.readlink(f"/proc/self/ns/{kind}")
    except OSError:
        return ""


def _identity(path: str) -> tuple[int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)

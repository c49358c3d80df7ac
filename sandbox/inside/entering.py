"""Leaves the host's namespaces for new ones."""

import fcntl
import os
import socket
import struct

from . import kernel
from .kernel import NEW_CGROUP, NEW_IPC, NEW_NET, NEW_NS, NEW_USER
from .plan import Plan

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def enter(plan: Plan) -> None:
    """Move this process into new user, mount, ipc, cgroup and network namespaces.

    Raises:
        OSError: the host does not let us; the file name says which step.
    """
    flags = NEW_USER | NEW_NS
    flags |= 0 if "cgroup" in plan.without else NEW_CGROUP
    flags |= 0 if "ipc" in plan.without else NEW_IPC
    flags |= 0 if "network" in plan.without else NEW_NET
    ready, done = os.pipe(), os.pipe()
    mapper = os.fork()
    if mapper == 0:
        _map_ids(ready, done)
    try:
        kernel.unshare(flags)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "user namespaces") from error
    finally:
        os.write(ready[1], b".")
        failed = os.read(done[0], 1)
        os.waitpid(mapper, 0)
        for end in (*ready, *done):
            os.close(end)
    if failed != b".":
        raise PermissionError(1, "the user and group ids cannot be mapped", "/proc/self/uid_map")
    if "network" not in plan.without:
        _loopback_up()


def _map_ids(ready: tuple[int, int], done: tuple[int, int]) -> None:
    """Give the parent, once it is in its namespace, the same ids as outside; never returns.

    Root maps all ids it has, so that files of other users keep their owners. Others may map only
    themselves, and only after giving up setgroups(2).
    """
    worked = b"!"
    try:
        os.read(ready[0], 1)
        about = f"/proc/{os.getppid()}"
        if os.geteuid() == 0:
            uids, gids = _same("/proc/self/uid_map"), _same("/proc/self/gid_map")
        else:
            uids, gids = f"{os.geteuid()} {os.geteuid()} 1\n", f"{os.getegid()} {os.getegid()} 1\n"
            _write(f"{about}/setgroups", "deny")
        _write(f"{about}/gid_map", gids)
        _write(f"{about}/uid_map", uids)
        worked = b"."
    finally:
        os.write(done[1], worked)
        os._exit(0)


def _same(file: str) -> str:
    with open(file) as lines:
        ranges = [line.split() for line in lines]
    return "".join(f"{inside} {inside} {count}\n" for inside, _, count in ranges)


def _write(file: str, text: str) -> None:
    with open(file, "w") as target:
        target.write(text)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))

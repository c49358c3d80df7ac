"""The first wall: what can be seen, and what of it can be changed.

The tree is changed in place, in a mount namespace of our own: first all of it becomes read-only,
then directories that are hidden are covered, then what is to be seen, or written, is put on top
from copies that were taken before. Nothing can be taken off again without capabilities.
"""

import contextlib
import os
import stat

from . import kernel
from .kernel import MOUNT_NODEV, MOUNT_NOSUID, MOUNT_RDONLY
from .plan import Plan

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
STORE = "/run/kedge"
"""Where the inside keeps what it covers things with. Writable as far as mounts go, so that the
self-test can see that Landlock alone refuses it."""

COVERS = f"{STORE}/covers"


def build(plan: Plan) -> None:
    """Make this process's mount namespace look as planned."""
    shown = [path for path in plan.shown if os.path.lexists(path)]
    copies = {path: kernel.copy_tree(path) for path in shown}
    roots = {path: kernel.copy_tree(path) for path in (*plan.roots, *plan.scratch)}
    devices = {name: kernel.copy_tree(f"/dev/{name}") for name in DEVICES}
    nosuid = 0 if "nosuid" in plan.without else MOUNT_NOSUID
    readonly = 0 if "read-only" in plan.without else MOUNT_RDONLY
    kernel.restrict_tree("/", nosuid | readonly | MOUNT_NODEV)
    covered = _cover(plan)
    for tree in copies.values():
        kernel.restrict_tree(tree, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV)
    for path, tree in roots.items():
        writable = plan.writable or path in plan.scratch
        readonly = 0 if writable else MOUNT_RDONLY
        kernel.restrict_tree(tree, MOUNT_NOSUID | MOUNT_NODEV | readonly)
    if "devices" not in plan.without:
        _devices(devices, plan.limits.scratch_bytes)
    for path, tree in sorted((copies | roots).items()):
        _make_place(path, tree)
        kernel.attach_tree(tree, path)
    _store()
    for path in covered:
        if path not in ("/tmp", "/var/tmp", plan.home):
            kernel.restrict_mount(path, MOUNT_RDONLY | MOUNT_NOSUID)


def protect(path: str, *, below: bool = True) -> None:
    """Make what is at `path` read-only, or, with `below` false, only impossible to rename."""
    tree = kernel.copy_tree(path)
    if below:
        kernel.restrict_tree(tree, MOUNT_RDONLY | MOUNT_NOSUID)
    kernel.attach_tree(tree, path)


def hide(path: str) -> str:
    """Put something unreadable over what is at `path`; return where it can be changed, if it is a
    file: as long as what it hides, of nothing but zeros, and old."""
    status = os.stat(path)
    cover = f"{STORE}/directory"
    if not stat.S_ISDIR(status.st_mode):
        cover = f"{COVERS}/{len(os.listdir(COVERS))}"
        os.close(os.open(cover, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
        resize(cover, status.st_size)
    tree = kernel.copy_tree(cover)
    kernel.restrict_tree(tree, MOUNT_RDONLY | MOUNT_NOSUID)
    kernel.attach_tree(tree, path)
    return cover


def resize(cover: str, size: int) -> None:
    """Give a cover this length."""
    os.truncate(cover, size)
    # Git doubts what is as new as its index.
    os.utime(cover, (1, 1))


def fresh_proc() -> None:
    """Show only the processes of this pid namespace.

    Where the host masks parts of /proc, as containers do, that is refused: what is there stays.
    """
    with contextlib.suppress(PermissionError):
        flags = MOUNT_NOSUID | MOUNT_NODEV | kernel.MOUNT_NOEXEC
        kernel.mount("proc", "/proc", "proc", flags)


def close_proc() -> None:
    """Make /proc read-only: to root inside, its files of the system belong as they do outside."""
    kernel.restrict_mount("/proc", MOUNT_RDONLY)


def _cover(plan: Plan) -> list[str]:
    """Put empty directories over what is private; return those that were there to be covered."""
    covered: list[str] = []
    private = () if "private" in plan.without else plan.private
    own = {"/run", *(() if "devices" in plan.without else ("/dev",))}
    for path in sorted({*private, *own}):
        if os.path.isdir(path) and not any(path.startswith(f"{above}/") for above in covered):
            mode = "1777" if path in ("/tmp", "/var/tmp") else "755"
            options = f"mode={mode},size={plan.limits.scratch_bytes or '100%'}"
            kernel.mount("tmpfs", path, "tmpfs", MOUNT_NOSUID | MOUNT_NODEV, options)
            covered.append(path)
    if plan.home in plan.private and plan.home not in covered:
        os.makedirs(plan.home, exist_ok=True)
    return covered


def _make_place(path: str, tree: int) -> None:
    """Make something at `path` to mount on, if there is nothing; only covers have gaps."""
    if os.path.lexists(path):
        return
    if stat.S_ISDIR(os.fstat(tree).st_mode):
        os.makedirs(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _devices(devices: dict[str, int], size: int) -> None:
    for name, tree in devices.items():
        os.close(os.open(f"/dev/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
        kernel.attach_tree(tree, f"/dev/{name}")
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    flags = MOUNT_NOSUID | kernel.MOUNT_NOEXEC
    os.mkdir("/dev/pts")
    kernel.mount("devpts", "/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=620")
    os.makedirs("/dev/shm", exist_ok=True)
    options = f"mode=1777,size={size or '50%'}"
    kernel.mount("tmpfs", "/dev/shm", "tmpfs", MOUNT_NOSUID | MOUNT_NODEV, options)


def _store() -> None:
    os.mkdir(STORE)
    kernel.mount("tmpfs", STORE, "tmpfs", MOUNT_NOSUID | MOUNT_NODEV, "mode=755,size=1m")
    os.mkdir(f"{STORE}/directory", 0)
    os.mkdir(COVERS, 0o700)

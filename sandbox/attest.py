"""What was proven about the sandbox of a session, and what is remembered of it."""

import contextlib
import marshal
import os
import sys
from pathlib import Path
from typing import Literal

import msgspec

from ..config.private import private_folder
from ..config.replacing import replace_file
from .errors import NotAvailable
from .policy import Policy

Rung = Literal["namespaces", "landlock"]
"""How strong a host lets the sandbox be: namespaces, Landlock and seccomp; or only the latter."""


class Probe(msgspec.Struct, frozen=True):
    """One promise, tried."""

    name: str
    holds: bool
    seen: str


class Attested(msgspec.Struct, frozen=True):
    """What a host enforces of one policy."""

    level: str
    rung: Rung
    landlock: int
    """The version of Landlock; 0 is none."""
    probes: tuple[Probe, ...]
    milliseconds: float
    """How long probing took, when it was done."""

    @property
    def label(self) -> str:
        """As it is stamped on records: `workspace-write (namespaces, landlock 7, seccomp)`."""
        walls = f"landlock {self.landlock}, seccomp"
        if self.rung == "landlock":
            return f"{self.level} ({walls}; weaker: no namespaces)"
        return f"{self.level} (namespaces, {walls})"

    def insist(self) -> None:
        """Return if every promise was kept.

        Raises:
            NotAvailable: one was not; which, and what was seen.
        """
        broken = [probe for probe in self.probes if not probe.holds]
        if broken:
            words = "; ".join(f"{probe.name}: {probe.seen}" for probe in broken)
            raise NotAvailable(
                f"the sandbox does not keep what it promises: {words}",
                hint="kedge sandbox check shows every probe",
            )


def read_probes(said: bytes) -> tuple[Probe, ...]:
    """The probes as the inside wrote them.

    Raises:
        NotAvailable: it wrote nothing to be understood.
    """
    try:
        # What was seen may name a path, and paths need not be text.
        return tuple(
            Probe(name, holds, seen.encode("utf-8", "backslashreplace").decode())
            for name, holds, seen in marshal.loads(said)
        )
    except (ValueError, EOFError, TypeError) as error:
        raise NotAvailable("the self-test of the sandbox gave no answer") from error


def remembered(folder: Path, policy: Policy) -> Attested | None:
    """What was proven of this policy on this kernel; `None` if it is to be proven."""
    try:
        return msgspec.json.decode(_file(folder, policy).read_bytes(), type=Attested)
    except (OSError, msgspec.MsgspecError):
        return None


def remember(folder: Path, policy: Policy, proven: Attested) -> None:
    """Keep what was proven, for the next session. A folder that cannot be written is no matter."""
    file = _file(folder, policy)
    with contextlib.suppress(OSError):
        private_folder(file.parent)
        replace_file(file, msgspec.json.encode(proven), durable=False)


def _file(folder: Path, policy: Policy) -> Path:
    """One for each kernel, boot, container, user, Python, version of the helper, and policy."""
    host = os.uname()
    inside = Path(__file__).parent / "inside"
    newest = max(path.stat().st_mtime_ns for path in inside.glob("*.py"))
    boot = _text("/proc/sys/kernel/random/boot_id")
    where = [_link(f"/proc/self/ns/{kind}") for kind in ("mnt", "user", "pid")]
    filtered = _text("/proc/self/status").partition("\nSeccomp")[2]
    key = (
        *(host.release, host.version, boot, *where, filtered.split("Speculation")[0]),
        *(os.getuid(), sys.version, newest, policy.hash),
    )
    import hashlib

    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    return folder / "sandbox" / f"{name}.json"


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""

"""`kedge sandbox check|file|policy`. `run` has a door of its own: `cli/sandbox_run.py`."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from ...config.errors import KedgeError, UsageError
from ...config.exit_codes import EXIT_CODES
from ...sandbox.attest import Attested
from ...sandbox.choose import Strongest, choose
from ...sandbox.files import RootedFiles
from ...sandbox.guard import Guard
from ...sandbox.memory import parent_group
from ...sandbox.policy import Policy
from ..confine import Wanted, wanted_policy
from ..terminal import harmless

_LARGEST = 1 << 26
"""Bytes of a file that `file read` prints."""


def check(cwd: str, level: str, *, as_json: bool) -> int:
    """Probe every promise and print what was seen; 5 if one is not kept.

    Raises:
        KedgeError: the configuration or the directory is wrong, or nothing can be confined here.
    """
    policy = wanted_policy(Wanted(cwd, level), os.environ)
    if policy.level == "off":
        raise UsageError("the level is off: there is nothing to check")
    proven, strongest = asyncio.run(_probed(policy))
    if as_json:
        more = {"label": proven.label, "ladder": strongest.ladder, "memory": _memory()}
        row = {**msgspec.to_builtins(proven), **more}
        sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    else:
        sys.stdout.write(_table(proven, strongest))
    return 0 if all(probe.holds for probe in proven.probes) else EXIT_CODES["sandbox"]


async def _probed(policy: Policy) -> tuple[Attested, Strongest]:
    strongest = await choose(policy, os.environ)
    try:
        return await strongest.sandbox.probe(), strongest
    finally:
        await strongest.sandbox.close()


def _table(proven: Attested, strongest: Strongest) -> str:
    lines = [proven.label, *(f"  {name}: {words}" for name, words in strongest.ladder.items())]
    lines += [f"  memory: {_memory()}", ""]
    for probe in proven.probes:
        lines.append(f"{'ok  ' if probe.holds else 'FAIL'} {probe.name:<14} {harmless(probe.seen)}")
    lines.append(f"probed in {proven.milliseconds:.0f} ms")
    return "\n".join(lines) + "\n"


def _memory() -> str:
    """How the bound on memory is kept."""
    group = parent_group()
    if group is None:
        return "watched 4 times a second; no control group (v2) with memory may be made here"
    return f"bound by a control group in {group}, and watched"


def show_policy(cwd: str, level: str, *, as_json: bool) -> None:
    """Print every entry of the effective policy, and who said it.

    Raises:
        KedgeError: the configuration or the directory is wrong.
    """
    policy = wanted_policy(Wanted(cwd, level), os.environ)
    rows = _rows(policy)
    for kind, value, origin in rows:
        if as_json:
            row = {"kind": kind, "value": value, "origin": origin}
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        else:
            sys.stdout.write(f"{kind:<14} {value:<40} # {origin}\n")


def _rows(policy: Policy) -> list[tuple[str, str, str]]:
    roots = "writable" if policy.level != "read-only" else "readable"
    rows = [("level", policy.level, "settings"), (roots, str(policy.roots.workspace), "workspace")]
    rows += [(roots, str(path), "--add-dir") for path in policy.roots.added]
    rows += [("writable", "/tmp", "private to the session")]
    for kind in (
        *("never_read", "never_write", "free", "placeholders", "shown", "private"),
        *("environment", "hosts"),
    ):
        entries = getattr(policy, kind)
        rows += [(kind, entry.value, entry.origin) for entry in entries]
    bounds = policy.bounds
    rows += [("limit", f"{n} = {getattr(bounds, n)}", "settings") for n in bounds.__struct_fields__]
    return rows


def file_read(path: str, cwd: str) -> None:
    """Print a file, as far as the policy lets it be read.

    Raises:
        KedgeError: the policy does not, or it cannot be read.
    """
    try:
        data = _files(cwd).read(Path(path), _LARGEST)
    except OSError as error:
        raise KedgeError(f"cannot read {path!r}: {error.strerror}") from error
    sys.stdout.buffer.write(data)


def file_write(path: str, content: str | None, cwd: str) -> None:
    """Write a file, from the argument or stdin, as far as the policy lets it.

    Raises:
        KedgeError: the policy does not, or it cannot be written.
    """
    files = _files(cwd)
    data = sys.stdin.buffer.read() if content is None else os.fsencode(content)
    try:
        files.write(Path(path), data)
    except OSError as error:
        raise KedgeError(f"cannot write {path!r}: {error.strerror}") from error


def _files(cwd: str) -> RootedFiles:
    policy = wanted_policy(Wanted(cwd), os.environ)
    return RootedFiles(policy.roots, Guard(policy) if policy.level != "off" else None)

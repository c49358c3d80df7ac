"""The packaged policy of the sandbox: what is protected before anybody says anything."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, convert

from .sections import DEFAULTS

Level = Literal["read-only", "workspace-write", "off"]
"""How far commands and file tools are confined, from strictest to not at all."""

LEVELS: Final[tuple[Level, ...]] = ("read-only", "workspace-write", "off")
"""Every level, strictest first."""

_Bytes = Annotated[int, Meta(ge=0, le=1 << 60)]
_Count = Annotated[int, Meta(ge=0, le=1 << 30)]


class SandboxSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What a user says about the sandbox. Lists add to the packaged ones; 0 is no limit."""

    level: Level = "workspace-write"
    allow_hosts: tuple[str, ...] = ()
    """`HOST` or `HOST:PORT` that commands may reach; `*.` in front lets in all below a domain.
    A host without a port means 80 and 443."""
    never_read: tuple[str, ...] = ()
    never_write: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """Absolute paths, or below `~`, of what a hidden directory shows after all, read-only."""
    environment: tuple[str, ...] = ()
    """Names of variables that commands get besides; `*` at the end stands for any rest."""
    processes: _Count = 1_024
    """Of one command at once, threads included where the kernel counts them."""
    memory_bytes: _Bytes = 0
    """Of one command in all; 0 is four fifths of what the machine has."""
    open_files: _Count = 65_536
    """Of one process."""
    file_bytes: _Bytes = 16 << 30
    """Of one file."""
    cpu_seconds: _Count = 3_600
    """Of one process."""
    scratch_bytes: _Bytes = 4 << 30
    """Of each private directory."""
    disk_reserve_bytes: _Bytes = 256 << 20
    """What stays free where a command works."""


class PackagedPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """`defaults/sandbox.toml`, where each list is explained."""

    never_read: tuple[str, ...]
    free: tuple[str, ...]
    never_write: tuple[str, ...]
    placeholders: tuple[str, ...]
    shown: tuple[str, ...]
    private: tuple[str, ...]
    environment: tuple[str, ...]


PACKAGED_FILE: Final = DEFAULTS / "sandbox.toml"


def packaged_policy() -> PackagedPolicy:
    """Read the packaged policy; takes 2 ms."""
    import tomllib

    with PACKAGED_FILE.open("rb") as file:
        return convert(tomllib.load(file), PackagedPolicy)

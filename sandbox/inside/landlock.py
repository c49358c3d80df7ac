"""Landlock: the second wall. Whatever the mounts let through, only these paths can be changed.

https://docs.kernel.org/userspace-api/landlock.html
"""

import os
import struct

from .kernel import call

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_RULE_PATH, _RULE_PORT = 1, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
DEVICE = WRITE_FILE | READ_FILE | IOCTL_DEV | TRUNCATE
# Everything but making devices: bits 6 and 11.
WRITE = ((1 << 15) - 1) & ~(1 << 6 | 1 << 11)
CHANGE = WRITE & ~(EXECUTE | READ_FILE)

_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""ABI to the number of file rights it knows; later ABIs know as many as the fifth."""
_PORT_RIGHTS = 0b11
_SCOPES = 0b11


def abi() -> int:
    """The version that the kernel speaks; 0 where there is no Landlock."""
    try:
        return call(_CREATE, None, 0, 1)
    except OSError:
        return 0


def ruleset(rules: list[tuple[str, int]], version: int, *, ports: bool) -> int:
    """A ruleset that allows these rights below these paths and nothing else, as a descriptor.

    All rights that the kernel knows are handled. Abstract sockets and signals stay within the
    domain (ABI 6). `ports` denies all TCP (ABI 4). Paths that do not exist are left out.
    """
    handled = (1 << _RIGHTS_BY_ABI.get(version, 16)) - 1
    net = _PORT_RIGHTS if ports and version >= 4 else 0
    scoped = _SCOPES if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, net, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24
    made = call(_CREATE, attributes[:size], size, 0)
    for path, rights in rules:
        _allow(made, path, rights & handled)
    return made


def restrict(made: int) -> None:
    """Confine this process and its children, in a domain of their own."""
    call(_RESTRICT, made, 0)


def _allow(made: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        call(_ADD_RULE, made, _RULE_PATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)

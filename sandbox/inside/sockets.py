"""Finds the sockets that programs outside listen at: no mount option keeps anybody from connecting.

https://man7.org/linux/man-pages/man5/proc_net.5.html
"""

import os
import stat

_FIELDS_BEFORE_PATH = 7


class HostSockets:
    """The bound paths of the network namespace in which this was made, now and later."""

    def __init__(self, roots: list[str]) -> None:
        """`roots` are where names lead that were bound relative to a working directory."""
        self._roots = roots
        try:
            self._list = os.open("/proc/net/unix", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._list = -1

    def paths(self) -> list[str]:
        """The sockets that can be seen from here."""
        if self._list < 0:
            return []
        os.lseek(self._list, 0, os.SEEK_SET)
        with open(self._list, "rb", closefd=False) as listing:
            lines = listing.read().split(b"\n")
        found: list[str] = []
        for line in lines:
            fields = line.split(None, _FIELDS_BEFORE_PATH)
            if len(fields) > _FIELDS_BEFORE_PATH and not fields[-1].startswith(b"@"):
                name = os.fsdecode(fields[-1])
                found += (os.path.join(root, name) for root in self._roots)
        return [path for path in dict.fromkeys(found) if _is_socket(path)]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False

"""The part of a rule that speaks of hosts: `domain:example.org`, `domain:*.example.org:8443`."""

import re

from msgspec import Struct

_USUAL = ("", "80", "443")
_NAME = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:.]+\]|[0-9a-fA-F:]*::[0-9a-fA-F:.]*")


class HostPattern(Struct, frozen=True):
    """A rule's host, understood."""

    name: str
    """In small letters; behind a `*.` everything below that domain is meant, not itself."""
    port: str
    """Empty where the rule names none."""

    def matches(self, target: str, *, any_port: bool) -> bool:
        """Whether a host, with or without its port, is meant.

        Where the rule names no port it means the usual ones, 80 and 443, or with `any_port` all.
        """
        name, port = split_port(target)
        if self.port != port and (self.port or not (any_port or port in _USUAL)):
            return False
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return name == self.name


def host_pattern(specifier: str) -> HostPattern:
    """Understand the host of a rule.

    Raises:
        ValueError: it is not `domain:HOST` or `domain:HOST:PORT`.
    """
    key, colon, host = specifier.strip().partition(":")
    if key.strip().lower() != "domain" or not colon:
        raise ValueError("a host is written 'domain:HOST'")
    name, port = split_port(host.strip())
    if not _NAME.fullmatch(name) and not _NAME.fullmatch(f"[{name}]"):
        raise ValueError(f"{host.strip()!r} is no host: write the name alone, or '*.' and a name")
    return HostPattern(name, port)


def split_port(host: str) -> tuple[str, str]:
    """A host's name in small letters, without brackets and a final dot; and its port, or ''."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal() or (":" in name and not name.endswith("]")):
        name, port = host, ""
    return name.lower().rstrip(".").removeprefix("[").removesuffix("]"), port

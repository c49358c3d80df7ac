"""Which hosts may be reached: names and ports, never addresses unless an address was listed."""

import msgspec

from .errors import SandboxError

_WEB = (80, 443)


class Host(msgspec.Struct, frozen=True):
    """One line of the list of hosts that may be reached."""

    name: str
    """In small letters; `*.` in front stands for all names below, not the name itself."""
    ports: tuple[int, ...]
    origin: str = ""
    """Who said it."""

    def lets(self, name: str, port: int) -> bool:
        """Whether a connection to this name and port may be made."""
        if port not in self.ports:
            return False
        if self.name.startswith("*."):
            return name.endswith(self.name[1:]) and len(name) > len(self.name) - 1
        return name == self.name


def parse_host(text: str, origin: str = "") -> Host:
    """Read `HOST` or `HOST:PORT`; addresses of IPv6 stand in brackets.

    Raises:
        SandboxError: it is neither.
    """
    name, colon, port = text.strip().rpartition(":")
    if not colon or name.endswith(":") or (text.startswith("[") and text.endswith("]")):
        name, port = text.strip(), ""
    name = plain_name(name.strip("[]"))
    bare = name.removeprefix("*.")
    if not bare or "*" in bare or "/" in bare or not _is_port(port):
        place = f" ({origin})" if origin else ""
        raise SandboxError(
            f"{text!r}{place} is no host", hint="write HOST or HOST:PORT, with *. for all below"
        )
    return Host(name, (int(port),) if port else _WEB, origin)


def plain_name(name: str) -> str:
    """A host's name as it is compared: small letters, ASCII, no dot at the end."""
    name = name.strip().rstrip(".").casefold()
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return ""


def is_address(name: str) -> bool:
    """Whether a name is an address, in any spelling that a resolver takes for one."""
    # Few sessions have a list of hosts; the others need not pay 3 ms.
    import ipaddress

    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        # inet_aton(3) also takes 127.1, 0x7f000001 and 2130706433.
        return bool(name) and all(_is_number(part) for part in name.split("."))
    return True


def is_public(address: str) -> bool:
    """Whether an address lies in the public internet."""
    import ipaddress

    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None and not inner.is_global:
            return False
        if found in ipaddress.ip_network(_NAT64):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)))
    return found.is_global and not found.is_multicast


def _is_port(text: str) -> bool:
    """Whether this is the number of a port, or nothing."""
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 1 << 16)


_NAT64 = "64:ff9b::/96"
"""RFC 6052"""


def _is_number(part: str) -> bool:
    try:
        int(part, 0)
    except ValueError:
        return part.isdecimal()
    return True

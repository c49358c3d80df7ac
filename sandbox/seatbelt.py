"""The policy as a profile of macOS's sandbox-exec.

Generated and tested as text; not exercised on a Mac by these tests, and labelled so. Later rules
beat earlier ones, which is what makes exceptions to exceptions possible.
"""

import re

from .compiling import protected_names
from .inside.names import FREE, NEVER_READ, NEVER_WRITTEN
from .policy import Policy

PROGRAM = "/usr/bin/sandbox-exec"

_BASE = """(version 1)
(deny default)
(allow process-exec process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow file-read* (subpath "/"))
(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))
(allow file-ioctl (regex #"^/dev/tty"))
(allow pseudo-tty)
(allow ipc-posix-sem ipc-posix-shm)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow mach-lookup (global-name "com.apple.system.logger"))
(allow network* (local ip "localhost:*") (remote ip "localhost:*"))
"""
_GIT = r"/\.git/(.*/)?(hooks|config|config\.worktree|commondir|gitdir|info/attributes)(/|$)"


def profile(policy: Policy, scratch: str, *, proxy_port: int = 0) -> str:
    """The profile; `scratch` is the session's private directory, without links.

    With a proxy, its port is the only one that is reached; programs inside then cannot talk to
    each other over loopback, which on a Mac would be the host's.
    """
    home = str(policy.home)
    names = protected_names(policy)
    lines = [_BASE]
    if proxy_port:
        lines.append("(deny network*)")
        lines.append(f'(allow network-outbound (remote ip "localhost:{proxy_port}"))')
    lines.append(f"(deny file-read* (subpath {_quoted(home)}))")
    shown = [entry.value.replace("~", home, 1) for entry in policy.shown]
    lines += [f"(allow file-read* (subpath {_quoted(path)}))" for path in shown]
    for root in policy.roots.all:
        lines.append(f"(allow file-read* (subpath {_quoted(str(root))}))")
        if policy.level == "workspace-write":
            lines.append(f"(allow file-write* (subpath {_quoted(str(root))}))")
    lines.append(f"(allow file-read* file-write* (subpath {_quoted(scratch)}))")
    lines += [f"(deny file-write* (subpath {_quoted(path)}))" for path in names.never_write]
    rules = {sign: _pattern(names.rules, sign) for sign in (NEVER_WRITTEN, NEVER_READ, FREE)}
    for root in policy.roots.all:
        start = f"^{re.escape(str(root))}"
        lines.append(f'(deny file-write* (regex #"{start}(/.*)?{_GIT}"))')
        lines.append(f'(deny file-write* (regex #"{start}(/.*)?/({rules[NEVER_WRITTEN]})(/|$)"))')
        lines.append(
            f'(deny file-read* file-write* (regex #"{start}(/.*)?/({rules[NEVER_READ]})(/|$)"))'
        )
        lines.append(f'(allow file-read* (regex #"{start}(/.*)?/({rules[FREE]})$"))')
    lines += [
        f"(deny file-read* file-write* (subpath {_quoted(path)}))" for path in names.never_read
    ]
    return "\n".join(lines) + "\n"


def _pattern(rules: list[str], sign: str) -> str:
    names = (rule[1:] for rule in rules if rule.startswith(sign))
    return "|".join(re.escape(name).replace(r"\*", "[^/]*") for name in names)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

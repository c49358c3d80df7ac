"""The policy as a profile of macOS's sandbox-exec.

Generated and tested as text; not exercised on a Mac by these tests, and labelled so. Later rules
beat earlier ones: first what is wide, then what is narrower, and at the very end what nothing may
take back.
"""

from .compiling import protected_names
from .inside.names import FREE, NEVER_READ, NEVER_WRITTEN
from .policy import Policy

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
"""
_LOOPBACK = (
    '(allow network* (local ip "localhost:*"))',
    '(allow network-outbound (remote ip "localhost:*"))',
)
_GIT = (
    r"/\.git/(.*/)?(hooks|config|config\.worktree|commondir|gitdir|info/attributes|"
    r"info/sparse-checkout)(/|$)"
)
_SPECIAL = frozenset(r"\.^$*+?()[]{}|")


def profile(policy: Policy, scratch: str, *, proxy_port: int = 0) -> str:
    """The profile; `scratch` is the session's private directory, without links.

    With a proxy, its port is the only one that is reached; programs inside then cannot talk to
    each other over loopback, which on a Mac would be the host's.

    Raises:
        ValueError: a path holds a line end or a zero, which no rule could name.
    """
    home = str(policy.home)
    names = protected_names(policy)
    proxy = f'(allow network-outbound (remote ip "localhost:{proxy_port}"))'
    lines = [_BASE.rstrip("\n"), *((proxy,) if proxy_port else _LOOPBACK)]
    lines.append(_rule("deny", "file-read* file-write*", home))
    for entry in policy.shown:
        lines.append(_rule("allow", "file-read*", entry.value.replace("~", home, 1)))
    writing = "file-read* file-write*" if policy.level == "workspace-write" else "file-read*"
    lines += [_rule("allow", writing, str(root)) for root in policy.roots.all]
    lines += [_rule("allow", "file-read* file-write*", path) for path in _private(policy, scratch)]
    for root in policy.roots.all:
        lines += _by_name(str(root), names.rules)
    lines += [_rule("deny", "file-write*", path) for path in names.never_write]
    lines += [_rule("deny", "file-read* file-write*", path) for path in names.never_read]
    return "\n".join(lines) + "\n"


def _private(policy: Policy, scratch: str) -> list[str]:
    return [scratch, *map(str, policy.scratch)]


def _by_name(root: str, rules: list[str]) -> list[str]:
    """The rules for names below a root; git's own first, then written, read, and what is free."""
    start = f"^{_literally(root)}(/.*)?"
    made = [f'(deny file-write* (regex #"{start}{_GIT}"))']
    for sign, words, end in (
        (NEVER_WRITTEN, "deny file-write*", "(/|$)"),
        (NEVER_READ, "deny file-read* file-write*", "(/|$)"),
        (FREE, "allow file-read*", "$"),
    ):
        names = "|".join(_pattern(rule[1:]) for rule in rules if rule.startswith(sign))
        if names:
            made.append(f'({words} (regex #"{start}/({names}){end}"))')
    return made


def _rule(decision: str, what: str, path: str) -> str:
    return f"({decision} {what} (subpath {_quoted(path)}))"


def _pattern(name: str) -> str:
    """A name of the policy, in any case: macOS's file systems see no difference."""
    return "".join("[^/]*" if char == "*" else _either_case(char) for char in name)


def _either_case(char: str) -> str:
    if char.lower() != char.upper():
        return f"[{char.lower()}{char.upper()}]"
    return char if char == "/" else _literally(char)


def _literally(text: str) -> str:
    """A regular expression for just this text. A quote would end the expression: any character
    may stand there instead, which only denies more."""
    _check(text)
    escaped = (f"\\{char}" if char in _SPECIAL else char for char in text)
    return "".join("." if char == '"' else char for char in escaped)


def _quoted(path: str) -> str:
    _check(path)
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _check(text: str) -> None:
    if "\n" in text or "\0" in text:
        raise ValueError(f"no rule of a profile can name {text!r}")

"""The profile for macOS, as text: never run here. And the platforms that are refused."""

import re
from pathlib import Path

import msgspec
import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.choose import check_platform
from kedge.sandbox.errors import NotAvailable
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import Policy, effective
from kedge.sandbox.seatbelt import profile

RULE = re.compile(r'\((allow|deny) ([a-z* -]+) \((subpath|regex) #?"(.*)"\)\)$')


def policy_at(work: str = "/Users/me/work", **settings: object) -> Policy:
    wanted = msgspec.convert(settings, SandboxSettings)
    return effective(packaged_policy(), wanted, Roots(Path(work)), Path("/Users/me"))


def may(text: str, what: str, path: str) -> bool:
    """What a profile says of a path: the last rule that is about it decides."""
    said = False
    for line in text.splitlines():
        found = RULE.match(line)
        if not found or what not in found[2].split():
            continue
        decision, _, kind, place = found.groups()
        literal = place.replace('\\"', '"').replace("\\\\", "\\")
        below = path == literal or path.startswith(literal.rstrip("/") + "/")
        if re.search(place, path) if kind == "regex" else below:
            said = decision == "allow"
    return said


READ, WRITE = "file-read*", "file-write*"


@pytest.mark.parametrize(
    ("what", "path", "allowed"),
    [
        (READ, "/usr/bin/true", True),
        (WRITE, "/usr/bin/true", False),
        (READ, "/Users/me/work/src/main.py", True),
        (WRITE, "/Users/me/work/src/main.py", True),
        (READ, "/Users/me/documents/diary", False),
        (READ, "/Users/me/.ssh/id_rsa", False),
        (READ, "/Users/me/.cargo/bin/cargo", True),
        (WRITE, "/Users/me/.cargo/bin/cargo", False),
        (READ, "/Users/me/.cargo/credentials.toml", False),
        (READ, "/Users/me/work/.env", False),
        (READ, "/Users/me/work/deep/down/.ENV", False),
        (READ, "/Users/me/work/.env.production", False),
        (READ, "/Users/me/work/.env.example", True),
        (WRITE, "/Users/me/work/.git/hooks/pre-commit", False),
        (WRITE, "/Users/me/work/.git/config", False),
        (WRITE, "/Users/me/work/.git/modules/m/config", False),
        (WRITE, "/Users/me/work/libs/inner/.git/info/sparse-checkout", False),
        (WRITE, "/Users/me/work/.git/index", True),
        (WRITE, "/Users/me/work/.git/objects/ab/cd", True),
        (WRITE, "/Users/me/work/.vscode/tasks.json", False),
        (WRITE, "/Users/me/work/deep/.VSCode/tasks.json", False),
        (WRITE, "/Users/me/work/.envrc", False),
        (WRITE, "/Users/me/work/.vscodeless", True),
        (WRITE, "/private/tmp/session/x", True),
        (WRITE, "/private/tmp/other", False),
    ],
)
def test_the_last_rule_about_a_path_says_what_the_policy_does(
    what: str, path: str, allowed: bool
) -> None:
    assert may(profile(policy_at(), "/private/tmp/session"), what, path) is allowed


def test_everything_is_denied_first() -> None:
    lines = profile(policy_at(), "/s").splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]


def test_nothing_is_allowed_after_what_nobody_may_read() -> None:
    lines = profile(policy_at(), "/s").splitlines()
    secret = next(n for n, line in enumerate(lines) if '"/Users/me/.ssh"' in line)
    assert all(line.startswith("(deny ") for line in lines[secret:])


def test_a_read_only_level_writes_only_the_private_directory() -> None:
    text = profile(policy_at(level="read-only"), "/s")
    assert not may(text, WRITE, "/Users/me/work/file")
    assert may(text, READ, "/Users/me/work/file")
    assert may(text, WRITE, "/s/file")


@pytest.mark.parametrize(
    "work", ['/Users/me/a "quoted" one', "/Users/me/back\\slash", "/Users/me/a.b+c (d)[e]{2}^$|?*"]
)
def test_paths_stay_whole_whatever_is_in_them(work: str) -> None:
    text = profile(policy_at(work), "/s")
    assert may(text, WRITE, f"{work}/file")
    assert not may(text, READ, f"{work}/.env")
    assert not may(text, WRITE, f"{work}/.git/hooks/x")
    for line in text.splitlines():
        assert line.count("(") >= 1 and _balanced(line), line


def _balanced(line: str) -> bool:
    """Whether every parenthesis outside of quotes is closed, and every quote as well."""
    depth, quoted, raw, before = 0, False, False, ""
    for char in line:
        if char == '"' and (raw or before != "\\"):
            quoted, raw = not quoted, not quoted and before == "#"
        elif not quoted:
            depth += (char == "(") - (char == ")")
        before = "" if before == "\\" and char == "\\" else char
    return depth == 0 and not quoted


@pytest.mark.parametrize("work", ["/Users/me/two\nlines", "/Users/me/zero\0"])
def test_a_path_that_no_rule_could_name_is_refused(work: str) -> None:
    with pytest.raises(ValueError, match="no rule of a profile can name"):
        profile(policy_at(work), "/s")


def test_there_is_no_network_but_loopback_or_only_the_proxy() -> None:
    alone = [line for line in profile(policy_at(), "/s").splitlines() if "network" in line]
    assert alone == [
        '(allow network* (local ip "localhost:*"))',
        '(allow network-outbound (remote ip "localhost:*"))',
    ]
    proxied = profile(policy_at(), "/s", proxy_port=8123).splitlines()
    assert [line for line in proxied if "network" in line] == [
        '(allow network-outbound (remote ip "localhost:8123"))'
    ]


def test_what_a_person_adds_to_the_policy_is_in_the_profile() -> None:
    text = profile(policy_at(never_read=("*.pem", "~/vault"), never_write=("ci",)), "/s")
    assert not may(text, READ, "/Users/me/work/deep/key.pem")
    assert not may(text, READ, "/Users/me/vault/x")
    assert not may(text, WRITE, "/Users/me/work/ci/run")
    assert may(text, READ, "/Users/me/work/ci/run")


def test_windows_is_refused_with_a_pointer_to_wsl() -> None:
    with pytest.raises(NotAvailable) as refused:
        check_platform("win32")
    assert refused.value.exit_code == 5
    assert "WSL" in refused.value.hint


def test_a_mac_is_refused_too_since_nobody_has_seen_the_profile_hold() -> None:
    with pytest.raises(NotAvailable, match="darwin yet") as refused:
        check_platform("darwin")
    assert refused.value.exit_code == 5
    assert "--sandbox off" in refused.value.hint


def test_linux_goes_on() -> None:
    check_platform("linux")

"""Failures that the sandbox caused are told with what little would let them through."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.denials import Denial, denials
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import Policy, effective
from kedge.sandbox.ports import Command
from kedge.sandbox.registry import Registry, began
from kedge.sandbox.run import run
from kedge.sandbox.seatbelt import profile


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    (tmp_path / "work").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "work/.env").write_text("x")
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], check=True)
    home = tmp_path / "home"
    return effective(packaged_policy(), SandboxSettings(), Roots.at(tmp_path / "work"), home)


async def output_of(policy: Policy, script: str) -> str:
    sandbox = ConfinedSandbox(policy, os.environ)
    said = bytearray()

    async def take(chunk: bytes) -> None:
        said.extend(chunk)

    try:
        work = policy.roots.workspace
        await run(sandbox, Command(script, work, dict(os.environ), timeout=20), take)
    finally:
        await sandbox.close()
    return said.decode()


@pytest.mark.parametrize(
    ("script", "what", "target"),
    [
        ("touch /etc/x", "write", "/etc/x"),
        ("echo x >/usr/share/y", "write", "/usr/share/y"),
        ("echo x >.git/config", "write", "{work}/.git/config"),
        ("git config user.name x", "write", "{work}/.git/config"),
        ("mkdir -p .vscode/a", "write", "{work}/.vscode/a"),
        ("cat .env", "read", "{work}/.env"),
        (f"{sys.executable} -c 'open(\".env\")'", "read", "{work}/.env"),
        ("curl -sS https://example.com/x", "connect", "example.com"),
    ],
)
async def test_what_was_denied_is_named(policy: Policy, script: str, what: str, target: str):
    work = policy.roots.workspace
    found = denials(await output_of(policy, script), policy, work)
    assert (what, target.format(work=work)) in [(one.what, one.target) for one in found]
    assert all(one.permission.startswith("--a") for one in found)


@pytest.mark.parametrize("output", ["", "done", "rm: x: No such file", "file: Permission denied"])
def test_other_failures_are_not_blamed_on_the_sandbox(policy: Policy, output: str):
    assert denials(output, policy, policy.roots.workspace) == ()


def test_the_smallest_permission_for_a_directory_outside(policy: Policy, tmp_path: Path):
    said = "touch: cannot touch '/usr/local/new/x': Read-only file system"
    assert denials(said, policy, policy.roots.workspace) == (
        Denial("write", "/usr/local/new/x", "--add-dir /usr/local"),
    )


def test_helpers_whose_owner_is_gone_are_swept(tmp_path: Path):
    registry = Registry(tmp_path / "registry")
    left = subprocess.Popen(["sleep", "1000"])
    try:
        registry.add(left.pid)
        assert registry.sweep() == ()
        file = tmp_path / "registry" / f"{left.pid}.json"
        file.write_text(file.read_text().replace(f'"owner":{os.getpid()}', '"owner":999999999'))
        assert registry.sweep() == (left.pid,)
        left.wait(10)
        assert not list((tmp_path / "registry").iterdir())
    finally:
        left.kill()
        left.wait()
    assert began(left.pid) == -1


def test_a_number_that_came_again_is_left_alone(tmp_path: Path):
    registry = Registry(tmp_path / "registry")
    other = subprocess.Popen(["sleep", "1000"])
    try:
        registry.add(other.pid)
        file = tmp_path / "registry" / f"{other.pid}.json"
        began_at = f'"helper_began":{began(other.pid)}'
        text = file.read_text().replace(began_at, '"helper_began":1')
        file.write_text(text.replace(f'"owner":{os.getpid()}', '"owner":999999999'))
        assert registry.sweep() == ()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_profile_for_macos_says_what_the_policy_does(policy: Policy):
    text = profile(policy, "/private/tmp/kedge-x")
    work, home = policy.roots.workspace, policy.home
    assert text.startswith("(version 1)\n(deny default)\n")
    assert f'(deny file-read* (subpath "{home}"))' in text
    assert f'(allow file-write* (subpath "{work}"))' in text
    assert '(allow file-read* file-write* (subpath "/private/tmp/kedge-x"))' in text
    assert f'(deny file-read* file-write* (subpath "{home}/.ssh"))' in text
    assert text.index(f'(allow file-write* (subpath "{work}"))') < text.index("hooks|config")
    assert text.count("(") == text.count(")")


def test_the_profile_at_read_only_writes_nowhere_but_in_scratch(policy: Policy):
    import msgspec

    text = profile(msgspec.structs.replace(policy, level="read-only"), "/private/tmp/kedge-x")
    allowed = [line for line in text.splitlines() if "allow" in line and "file-write" in line]
    assert [line for line in allowed if "/dev/" not in line] == [
        '(allow file-read* file-write* (subpath "/private/tmp/kedge-x"))'
    ]


def test_the_profile_with_a_proxy_reaches_only_that(policy: Policy):
    text = profile(policy, "/private/tmp/x", proxy_port=4321)
    assert text.index("(deny network*)") < text.index('(remote ip "localhost:4321")')

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
from kedge.sandbox.ports import Command, Extra
from kedge.sandbox.registry import Registry, began
from kedge.sandbox.run import run


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
        ("echo x >.envrc", "write", "{work}/.envrc"),
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
        Denial("write", "/usr/local/new/x", Extra(write=(Path("/usr/local"),))),
    )


def test_a_host_that_is_not_listed_is_named_with_what_would_list_it(policy: Policy):
    said = "kedge: example.com:8443 may not be reached: no rule lists it; a person can allow it"
    (denial,) = denials(said, policy, policy.roots.workspace)
    assert (denial.what, denial.target) == ("connect", "example.com:8443")
    assert denial.permission == "--allow-host example.com:8443"
    assert denials(said, policy.widened(denial.extra), policy.roots.workspace) == ()


def test_helpers_whose_owner_is_gone_are_swept(tmp_path: Path):
    registry = Registry(tmp_path / "registry")
    registry.sweep()
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
    registry.sweep()
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


def test_commands_without_a_helper_are_swept_by_their_mark(tmp_path: Path):
    registry = Registry(tmp_path / "registry")
    registry.sweep()
    env = {"KEDGE_RUN": "0123456789abcdef.1,"}
    # In a session of its own, as commands are: all that shares it would be ended.
    left = subprocess.Popen(["sleep", "1000"], env=env, start_new_session=True)
    try:
        registry.add_mark("0123456789abcdef")
        registry.sweep()
        assert left.poll() is None
        (file,) = (tmp_path / "registry").iterdir()
        file.write_text(file.read_text().replace(f'"owner":{os.getpid()}', '"owner":999999999'))
        file.write_text(file.read_text().replace(f'"helper":{os.getpid()}', '"helper":999999999'))
        registry.sweep()
        assert began(left.pid) == -1
        assert not list((tmp_path / "registry").iterdir())
    finally:
        left.kill()
        left.wait()

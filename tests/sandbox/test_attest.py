"""The self-test fails if any one protection is missing, and is quick."""

import os
from pathlib import Path

import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.errors import NotAvailable
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import Policy, effective

WALLS = (
    *("read-only", "private", "secrets", "islands", "network", "ipc", "processes", "landlock"),
    *("seccomp", "no-new-privs", "capabilities", "descriptors", "session", "limits", "proc"),
)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    home = Path(os.environ["HOME"])
    return effective(packaged_policy(), SandboxSettings(), Roots.at(tmp_path), home)


async def test_every_promise_is_kept_and_proven_in_a_tenth_of_a_second(policy: Policy) -> None:
    sandbox = ConfinedSandbox(policy, os.environ)
    try:
        await sandbox.helper()
        proven = [await sandbox.attest() for _ in range(3)]
    finally:
        await sandbox.close()
    assert all(probe.holds for one in proven for probe in one.probes)
    assert {probe.name for probe in proven[0].probes} >= set(WALLS)
    assert min(one.milliseconds for one in proven) < 100
    assert proven[0].label.startswith("workspace-write (namespaces, landlock ")


@pytest.mark.parametrize("wall", WALLS)
async def test_the_self_test_misses_a_wall_that_was_taken_away(policy: Policy, wall: str) -> None:
    sandbox = ConfinedSandbox(policy, os.environ, without=(wall,))
    try:
        probed = await sandbox.probe()
        with pytest.raises(NotAvailable, match=wall):
            await sandbox.attest()
    finally:
        await sandbox.close()
    broken = {probe.name for probe in probed.probes if not probe.holds}
    assert wall in broken
    assert broken <= {wall, "connection"}


async def test_what_was_proven_is_remembered_for_the_same_policy(
    policy: Policy, tmp_path: Path
) -> None:
    memory = tmp_path / "memory"
    first, second = ConfinedSandbox(policy, {}), ConfinedSandbox(policy, {})
    broken = ConfinedSandbox(policy.widened(hosts=("example.com",)), {}, without=("landlock",))
    try:
        proven = await first.attest(memory)
        assert await second.attest(memory) == proven
        with pytest.raises(NotAvailable):
            await broken.attest(memory)
    finally:
        for sandbox in (first, second, broken):
            await sandbox.close()

"""The self-test fails if any one protection is missing, says which, and is quick."""

import os
from pathlib import Path

import msgspec
import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.attest import Attested
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.errors import NotAvailable
from kedge.sandbox.landlocked import LandlockSandbox
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import Policy, effective

FILTERS = {
    *("seccomp-refused", "seccomp-unknown", "seccomp-modes", "seccomp-terminal"),
    *("seccomp-sockets", "seccomp-namespaces", "seccomp-foreign"),
}
"""Families of rules; `seccomp` is all of them."""
EVERYWHERE = {"capabilities", "descriptors", "session", "limits", "environment", "no-new-privs"}
NAMESPACES = {
    *("read-only", "nosuid", "private", "devices", "secrets", "islands", "proc", "landlock"),
    *("network", "ipc", "processes", "cgroup"),
    *FILTERS,
    *EVERYWHERE,
}
LANDLOCK = {"landlock", *FILTERS, *EVERYWHERE} - {"seccomp-sockets"}
FELT_ELSEWHERE = {
    "network": {"connection"},
    "landlock": {"write", "read", "secrets", "others", "signals"},
    "seccomp": {*FILTERS, "connection", "local sockets"},
    "seccomp-sockets": {"connection", "local sockets"},
    "processes": {"helper"},
    "capabilities": {"others"},
}
"""A wall to the probes that fail besides its own, or instead of it, without it."""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    home = Path(os.environ["HOME"])
    return effective(packaged_policy(), SandboxSettings(), Roots.at(tmp_path), home)


def sandbox_on(rung: str, policy: Policy, *without: str) -> ConfinedSandbox | LandlockSandbox:
    kind = ConfinedSandbox if rung == "namespaces" else LandlockSandbox
    return kind(policy, os.environ, without=without)


@pytest.mark.parametrize("rung", ["namespaces", "landlock"])
async def test_every_promise_is_kept_and_proven_in_a_tenth_of_a_second(
    policy: Policy, rung: str
) -> None:
    sandbox = sandbox_on(rung, policy)
    try:
        proven = [await sandbox.attest() for _ in range(5)]
    finally:
        await sandbox.close()
    assert all(probe.holds for one in proven for probe in one.probes)
    assert min(one.milliseconds for one in proven) < 100
    assert {probe.name for probe in proven[0].probes} >= FILTERS | EVERYWHERE


@pytest.mark.parametrize(
    ("rung", "wall"),
    [
        *(("namespaces", wall) for wall in sorted({*NAMESPACES, "seccomp"})),
        *(("landlock", wall) for wall in sorted({*LANDLOCK, "seccomp", "seccomp-sockets"})),
    ],
)
async def test_the_self_test_misses_a_wall_that_was_taken_away(
    policy: Policy, rung: str, wall: str
) -> None:
    if rung == "landlock" and wall in ("capabilities", "no-new-privs") and os.getuid() != 0:
        pytest.skip("a user has no capabilities there, and may install no filter without the other")
    sandbox = sandbox_on(rung, policy, wall)
    felt = FELT_ELSEWHERE.get(wall, set())
    try:
        probed = await sandbox.probe()
        with pytest.raises(NotAvailable, match="|".join({wall, *felt})):
            await sandbox.attest()
    finally:
        await sandbox.close()
    broken = {probe.name for probe in probed.probes if not probe.holds}
    assert broken & {wall, *felt}
    assert broken <= {wall, *felt}


def test_the_label_says_what_holds_and_which_rung_is_weaker(policy: Policy) -> None:
    strong = Attested(policy.level, "namespaces", 7, (), 1.0)
    weak = Attested(policy.level, "landlock", 7, (), 1.0)
    assert strong.label == "workspace-write (namespaces, landlock 7, seccomp)"
    assert weak.label == "workspace-write (landlock 7, seccomp; weaker: no namespaces)"


@pytest.mark.parametrize("rung", ["namespaces", "landlock"])
async def test_what_was_proven_is_remembered_for_the_same_policy(
    policy: Policy, tmp_path: Path, rung: str
) -> None:
    memory = tmp_path / "memory"
    first, second = sandbox_on(rung, policy), sandbox_on(rung, policy)
    broken = sandbox_on(rung, msgspec.structs.replace(policy, level="read-only"), "landlock")
    try:
        proven = await first.attest(memory)
        assert await second.attest(memory) == proven
        with pytest.raises(NotAvailable):
            await broken.attest(memory)
    finally:
        for sandbox in (first, second, broken):
            await sandbox.close()

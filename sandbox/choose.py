"""The strongest sandbox that this host has: the ladder, and what is missing where it is low."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .attest import Attested, Rung, remembered
from .confined import ConfinedSandbox
from .errors import NotAvailable
from .policy import Policy
from .registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from .egress import Reached
    from .landlocked import LandlockSandbox


class Strongest(msgspec.Struct, frozen=True):
    """The sandbox that works here, and what was found on the way to it."""

    sandbox: "ConfinedSandbox | LandlockSandbox"
    rung: Rung
    ladder: dict[str, str]
    """Each rung that was tried: `yes`, or what is in the way."""


async def choose(
    policy: Policy, env: Mapping[str, str], registry: Registry | None = None
) -> Strongest:
    """Enter the strongest sandbox there is.

    Raises:
        NotAvailable: there is none; `hint` is the one thing that would change that.
    """
    check_platform()
    confined = ConfinedSandbox(policy, env, registry=registry)
    try:
        await confined.helper()
    except NotAvailable as error:
        await confined.close()
        ladder = {"namespaces": str(error)}
    else:
        return Strongest(confined, "namespaces", {"namespaces": "yes"})
    # Few hosts need the second rung, and loading it takes 5 ms.
    from .inside import landlock
    from .landlocked import LandlockSandbox

    if not landlock.abi():
        raise NotAvailable(
            f"commands cannot be confined here: {ladder['namespaces']}, and there is no Landlock",
            hint=remedy(),
        )
    lower = LandlockSandbox(policy, env, registry=registry)
    return Strongest(lower, "landlock", ladder | {"landlock": "yes"})


def attested(policy: Policy, env: Mapping[str, str], memory: Path) -> Attested:
    """What this host enforces of a policy, proven now or remembered in kedge's cache `memory`.

    Not to be called within an event loop: it runs one of its own, for a sandbox that is closed
    again; the session's own starts with its first command.

    Raises:
        NotAvailable: nothing can be confined here, or a promise is not kept.
    """
    check_platform()
    return remembered(memory, policy) or asyncio.run(_attest(policy, env, memory))


async def _attest(policy: Policy, env: Mapping[str, str], memory: Path) -> Attested:
    strongest = await choose(policy, env)
    try:
        return await strongest.sandbox.attest(memory)
    finally:
        await strongest.sandbox.close()


def sandbox_on(
    rung: Rung,
    policy: Policy,
    env: Mapping[str, str],
    registry: Registry,
    tell: "Callable[[Reached], None]",
    held: "Callable[[str], None]",
) -> "ConfinedSandbox | LandlockSandbox":
    """The sandbox of a session, on the rung that was attested; nothing runs yet. `tell` hears of
    hosts, `held` of what was held back after a command."""
    if rung == "landlock":
        from .landlocked import LandlockSandbox

        return LandlockSandbox(policy, env, held=held, registry=registry)
    return ConfinedSandbox(policy, env, registry=registry, tell=tell, held=held)


def check_platform(platform: str = sys.platform) -> None:
    """Return if a system has a sandbox at all.

    Raises:
        NotAvailable: it is not Linux. The profile for macOS (`seatbelt`) has never been run,
            and what was not seen to hold is not promised.
    """
    if platform == "win32":
        raise NotAvailable(
            "commands cannot be confined on Windows", hint="run kedge inside WSL 2, which can"
        )
    if platform != "linux":
        raise NotAvailable(
            f"commands cannot be confined on {platform} yet",
            hint="--sandbox off runs them with your own rights; every result says so",
        )


def remedy() -> str:
    """The one thing that would let this host use user namespaces."""
    switches = {
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        "/proc/sys/kernel/unprivileged_userns_clone": (
            "0",
            "sysctl kernel.unprivileged_userns_clone=1",
        ),
        "/proc/sys/user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=15000"),
    }
    for file, (bad, words) in switches.items():
        try:
            with open(file) as value:
                if value.read().strip() == bad:
                    return f"as root: {words}"
        except OSError:
            continue
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return "start the container with --security-opt seccomp=unconfined"
    return "use a kernel with user namespaces (CONFIG_USER_NS) or Landlock (5.13 or later)"

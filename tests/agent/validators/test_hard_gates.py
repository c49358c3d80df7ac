"""What no mode and no rule lets through, as a table."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import Effect
from kedge.agent.ports import Action, Deny
from kedge.agent.validators.hard_gates import HardGates
from kedge.agent.validators.territory import Territory

Make = Callable[..., Action]
OWN = ("/home/me/.config/kedge", "/home/me/.local/state/kedge")


@pytest.fixture
def gates(territory: Territory) -> HardGates:
    return HardGates(territory, OWN, [f"{OWN[1]}/keys.json"])


@pytest.mark.parametrize("name", ["/keys.json", "", "/*", "/"])
def test_keys_that_are_kept_are_not_read(name: str, gates: HardGates, touch: Make) -> None:
    (verdict,) = gates.check(touch(Effect("read", OWN[1] + name)))
    assert isinstance(verdict, Deny)
    assert "keys that kedge keeps" in verdict.reason


@pytest.mark.parametrize("path", [*("/", "/home/me", "/ws/keys.json", OWN[0]), f"{OWN[1]}/notes"])
def test_reading_anything_else_is_for_others_to_judge(
    path: str, gates: HardGates, touch: Make
) -> None:
    assert gates.check(touch(Effect("read", path))) == []


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/home", "/home/me", "/home/me/", "/home/me/*", "/ws", "/ws/*", "/ws/.*", "/added"),
        *("/usr", "/etc", "/var", "/tmp", "/dev", "/Users", "/Applications"),
        *("/ws/.git", "/ws/lib/.git", "/ws/.GIT", "/ws/.git/objects", "/ws/.git/refs/*"),
        *("/home/me/.config", "/home/me/.local/state/kedge", "/home/me/.ssh"),
    ],
)
def test_what_no_undo_brings_back_is_not_deleted(path: str, gates: HardGates, touch: Make) -> None:
    (verdict,) = gates.check(touch(Effect("delete", path, recursive=True)))
    assert isinstance(verdict, Deny)
    assert verdict.effects == (0,)
    assert path.rstrip("/*.") in verdict.reason


@pytest.mark.parametrize(
    "path",
    [
        *("/ws/build", "/ws/a/*", "/ws/.github", "/ws/x.git", "/wsx", "/home/me/other", "/usrx"),
        *("/tmp/x", "/added/a", "/ws/.git/rebase-merge", "/home/other", "/home/me/.cache"),
    ],
)
def test_other_directories_are_for_others_to_judge(
    path: str, gates: HardGates, touch: Make
) -> None:
    assert gates.check(touch(Effect("delete", path, recursive=True))) == []


@pytest.mark.parametrize("kind", ["write", "delete"])
@pytest.mark.parametrize(
    "path",
    [
        *("/home/me/.config/kedge/config.toml", "/home/me/.local/state/kedge/sessions/1"),
        *("/ws/.kedge/config.toml", "/ws/a/.Kedge", "/home/me/.kedge/x"),
        *("/ws/.git/hooks/pre-commit", "/ws/.git/config", "/ws/.git", "/ws/.git/config.worktree"),
        *("/ws/.git/modules/a/hooks/x", "/other/.git/hooks/x", "/ws/.git/hooks/.git/x"),
        *("/home/me/.bashrc", "/home/me/.zshenv", "/home/me/.ssh/authorized_keys"),
        *("/home/me/.config/fish/config.fish", "/home/me/.gitconfig", "/etc/profile.d/x.sh"),
        *("/etc/sudoers", "/etc/cron.d/x", "/etc/ld.so.preload", "/boot/vmlinuz"),
        *("/dev/sda", "/dev/nvme0n1p1", "/dev/mem", "/sys/power/state", "/proc/sysrq-trigger"),
    ],
)
def test_what_would_change_the_rules_is_not_written(
    kind: str, path: str, gates: HardGates, touch: Make
) -> None:
    (verdict,) = gates.check(touch(Effect("read", "/ws/a"), Effect(kind, path)))
    assert isinstance(verdict, Deny)
    assert verdict.effects == (1,)


@pytest.mark.parametrize(
    "path",
    [
        *("/ws/a", "/ws/.bashrc", "/ws/.gitignore", "/ws/.git/info/exclude", "/ws/kedge/x"),
        *("/home/me/notes", "/home/me/.bashrc.d", "/etc/hosts", "/ws/dev/sda"),
        *("/dev/null", "/dev/zero", "/dev/tty", "/dev/stdout", "/dev/fd/3", "/dev/shm/x"),
    ],
)
def test_other_files_may_be_written_as_others_say(path: str, gates: HardGates, touch: Make) -> None:
    assert gates.check(touch(Effect("write", path))) == []


def test_reading_is_never_stopped_here(gates: HardGates, touch: Make) -> None:
    assert gates.check(touch(Effect("read", "/home/me/.bashrc"), Effect("read", "/dev/sda"))) == []


def test_a_workspace_below_a_directory_of_that_name_is_an_ordinary_one(touch: Make) -> None:
    gates = HardGates(Territory(("/x/.kedge/ws",), "/home/me"))
    assert gates.check(touch(Effect("write", "/x/.kedge/ws/a"))) == []
    assert gates.check(touch(Effect("write", "/x/.kedge/ws/.kedge/a"))) != []


@pytest.mark.parametrize(
    ("command", "denied"),
    [
        ("dd if=/dev/zero of=/dev/sda", True),
        ("/bin/dd of=/dev/nvme0n1", True),
        ("mkfs.ext4 /dev/sdb1", True),
        ("wipefs -a /dev/sda", True),
        ("fdisk /dev/sda", True),
        ("fdisk -l /dev/sda", False),
        ("mkfs.ext4 disk.img", False),
        ("dd if=/dev/sda of=copy.img", False),
        ("dd if=a of=/dev/null", False),
        ("echo of=/dev/sda", False),
    ],
)
def test_disks_are_not_overwritten(command: str, denied: bool, gates: HardGates, run: Make) -> None:
    assert bool(gates.check(run(command))) is denied

"""`kedge trust` and `kedge hooks`, as a person has them."""

import os
import pathlib
import pty
import subprocess
import sys

import msgspec
import pytest

from kedge.cli.commands.hooks import list_hooks, try_hooks
from kedge.cli.commands.trust import list_trusted, revoke_trust, trust_folder
from kedge.config.errors import ConfigError, KedgeError, UsageError

BRINGS = """\
[[hooks]]
event = "before_tool"
name = "guard"
command = "./guard.sh"
match = "bash"
"""


@pytest.fixture
def project(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / ".kedge").mkdir()
    (folder / ".kedge" / "config.toml").write_text(BRINGS)
    guard = folder / "guard.sh"
    guard.write_text("#!/bin/sh\ncat > heard\necho hands off >&2\nexit 2\n")
    guard.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder.resolve()


Captured = pytest.CaptureFixture[str]


def test_what_a_folder_brings_is_shown_and_trusted_on_demand(
    project: pathlib.Path, capsys: Captured
) -> None:
    assert trust_folder("", yes=True) == 0
    shown = capsys.readouterr().out
    assert f"{project} wants:" in shown
    assert '  hooks[0].command = "./guard.sh"' in shown
    assert "    | exit 2" in shown
    assert trust_folder("", yes=False) == 0
    assert "is trusted since" in capsys.readouterr().out


def test_without_a_terminal_nobody_can_be_asked(project: pathlib.Path, capsys: Captured) -> None:
    with pytest.raises(UsageError, match="no terminal"):
        trust_folder("", yes=False)
    assert "./guard.sh" in capsys.readouterr().out
    list_trusted(as_json=True)
    assert capsys.readouterr().out == ""


def test_a_change_is_shown_as_a_difference(project: pathlib.Path, capsys: Captured) -> None:
    trust_folder("", yes=True)
    (project / "guard.sh").write_text("#!/bin/sh\nexit 0\n")
    capsys.readouterr()
    assert trust_folder("", yes=True) == 0
    shown = capsys.readouterr().out
    assert "changed since you trusted it" in shown
    assert "-  | exit 2" in shown
    assert "+  | exit 0" in shown


def test_trusted_folders_are_listed_and_revoked(project: pathlib.Path, capsys: Captured) -> None:
    trust_folder("", yes=True)
    capsys.readouterr()
    list_trusted(as_json=True)
    assert msgspec.json.decode(capsys.readouterr().out)["folder"] == str(project)
    revoke_trust("", everything=False)
    assert capsys.readouterr().out == f"no longer trusted: {project}\n"
    with pytest.raises(KedgeError, match="is not trusted"):
        revoke_trust(str(project), everything=False)
    trust_folder("", yes=True)
    revoke_trust("", everything=True)
    capsys.readouterr()
    list_trusted(as_json=False)
    assert capsys.readouterr().out == ""


def test_where_nothing_is_brought_nothing_needs_trust(
    project: pathlib.Path, capsys: Captured
) -> None:
    (project / ".kedge" / "config.toml").write_text("mode = 'plan'\n")
    assert trust_folder("", yes=False) == 0
    assert capsys.readouterr().out == "Nothing here needs trust.\n"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("nay\n", 1)])
def test_a_person_is_asked_on_a_terminal_and_only_yes_is_yes(
    project: pathlib.Path, answer: str, code: int
) -> None:
    program = (
        "import sys; from kedge.cli.commands.trust import trust_folder as f; "
        "sys.exit(f('', yes=False))"
    )
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    try:
        ended = subprocess.run(
            [sys.executable, "-c", program],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=30,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert ended.returncode == code
    assert b"./guard.sh" in ended.stdout


def test_hooks_are_listed_with_their_trust(project: pathlib.Path, capsys: Captured) -> None:
    list_hooks("", as_json=True)
    row = msgspec.json.decode(capsys.readouterr().out)
    assert row == row | {
        "name": "guard",
        "event": "before_tool",
        "match": "bash",
        "command": "./guard.sh",
        "origin": f"{project}/.kedge/config.toml:1",
        "trusted": False,
        "timeout_seconds": 10.0,
        "on_failure": dict.fromkeys(("read", "write", "run", "reach"), "ask"),
    }
    assert list(row["hash"]) == [f"{project}/guard.sh"]
    list_hooks("", as_json=False)
    assert "NOT TRUSTED" in capsys.readouterr().out
    trust_folder("", yes=True)
    capsys.readouterr()
    list_hooks("", as_json=True)
    assert msgspec.json.decode(capsys.readouterr().out)["trusted"] is True


def test_a_hook_that_is_not_trusted_is_not_even_tested(project: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="do not trust"):
        try_hooks("guard", "", "")
    assert not (project / "heard").exists()


@pytest.mark.parametrize("named", ["guard", "before_tool"])
def test_a_hook_is_tested_on_a_sample(project: pathlib.Path, capsys: Captured, named: str) -> None:
    trust_folder("", yes=True)
    assert try_hooks(named, "", "") == 0
    shown = capsys.readouterr().out
    assert "hands off" in shown
    assert "the action is refused" in shown
    heard = msgspec.json.decode((project / "heard").read_bytes())
    assert (heard["tool_name"], heard["tool_input"]) == ("Bash", {"command": "echo hello"})


def test_a_hook_is_tested_on_a_stored_event(project: pathlib.Path, capsys: Captured) -> None:
    trust_folder("", yes=True)
    (project / "event.json").write_text('{"tool_name": "Stored"}')
    assert try_hooks("guard", "event.json", "") == 0
    assert msgspec.json.decode((project / "heard").read_bytes()) == {"tool_name": "Stored"}
    with pytest.raises(UsageError, match="not a JSON object"):
        try_hooks("guard", "guard.sh", "")


def test_a_hook_that_fails_says_what_would_follow(project: pathlib.Path, capsys: Captured) -> None:
    (project / "guard.sh").write_text("#!/bin/sh\necho certainly\n")
    trust_folder("", yes=True)
    assert try_hooks("guard", "", "") == 1
    shown = capsys.readouterr().out
    assert "not JSON" in shown
    assert "run: ask" in shown


def test_an_unknown_hook_is_named(project: pathlib.Path) -> None:
    with pytest.raises(UsageError, match="no hook or event 'gard'"):
        try_hooks("gard", "", "")

"""`kedge trash`, and what is kept before an action runs."""

import json
import os
import shutil
from pathlib import Path

import pytest

from kedge.agent.commands.parts import Place
from kedge.agent.effects import Effect
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action
from kedge.cli.commands.trash import empty_trash, list_trash, restore_trash
from kedge.cli.judging import command_effects
from kedge.cli.preserving import Preserving
from kedge.config.errors import UsageError
from kedge.sandbox.paths import Roots

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace with things to delete."""
    work = (tmp_path / "work").resolve()
    (work / "build" / "sub").mkdir(parents=True)
    (work / "build" / "sub" / "out").write_text("out")
    (work / "a.txt").write_text("a")
    return work


def bash(work: Path, command: str) -> Action:
    """A command line as the gate lets it through."""
    place = Place(str(work), (str(work),), str(work.parent), ("/usr/bin", "/bin"))
    return Action(ToolCall("call_7", "bash", ""), {}, command_effects(command, place))


def preserving(work: Path, session: str = "s1") -> Preserving:
    folder = Path(os.environ["KEDGE_HOME"]) / "state" / "trash" / session
    return Preserving(folder, Roots(work))


def listed(work: Path, capture: Capture) -> list[dict[str, object]]:
    capture.readouterr()
    list_trash("", str(work), everywhere=False, as_json=True)
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf build",
        "rm -r build/sub && rmdir build",
        "find build -name '*' -delete",
        "mv build x",
    ],
)
def test_what_a_command_deletes_is_put_back(work: Path, command: str) -> None:
    assert preserving(work)(bash(work, command)) == ""
    shutil.rmtree(work / "build")
    assert restore_trash((), "", str(work)) == 0
    assert (work / "build" / "sub" / "out").read_text() == "out"


def test_what_a_file_tool_deletes_is_kept(work: Path, capfd: Capture) -> None:
    effects = (Effect("delete", str(work / "a.txt")),)
    preserving(work)(Action(ToolCall("call_9", "apply_patch", ""), {}, effects))
    (row,) = listed(work, capfd)
    assert (row["why"], row["action"], row["session"]) == ("apply_patch", "call_9", "s1")


def test_an_action_without_deletions_leaves_no_trace(work: Path, capfd: Capture) -> None:
    for command in ("cat a.txt", "echo x > a.txt", "rm nothing", "rm /tmp/outside-of-it"):
        assert preserving(work)(bash(work, command)) == ""
    assert listed(work, capfd) == []
    assert not (Path(os.environ["KEDGE_HOME"]) / "state").exists()


def test_the_words_of_a_command_are_not_kept(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "TOKEN=hunter2 rm a.txt"))
    assert "hunter2" not in json.dumps(listed(work, capfd))


def test_what_cannot_be_kept_is_said(work: Path) -> None:
    (Path(os.environ["KEDGE_HOME"]) / "state").write_text("in the way")
    assert "cannot be brought back" in preserving(work)(bash(work, "rm a.txt"))


def test_a_line_for_each_deletion_of_this_directory(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "rm -rf build a.txt"))
    preserving(work.parent, "s2")(bash(work, "rm a.txt"))
    list_trash("", str(work), everywhere=False, as_json=False)
    (line,) = capfd.readouterr().out.splitlines()
    assert line.endswith("just now  rm          build, a.txt (4)")
    list_trash("", str(work), everywhere=True, as_json=False)
    assert len(capfd.readouterr().out.splitlines()) == 2
    list_trash("s2", str(work), everywhere=False, as_json=False)
    assert len(capfd.readouterr().out.splitlines()) == 1


def test_names_cannot_act_on_the_terminal(work: Path, capfd: Capture) -> None:
    name = "x\n\x1b[31m" + os.fsdecode(b"\xff")
    (work / name).touch()
    effects = (Effect("delete", str(work / name)),)
    preserving(work)(Action(ToolCall("call_9", "apply_patch", ""), {}, effects))
    list_trash("", str(work), everywhere=False, as_json=False)
    (line,) = capfd.readouterr().out.splitlines()
    assert "x\\n?" in line


def test_without_an_id_the_last_deletion_comes_back(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "rm -r build"))
    preserving(work, "s2")(bash(work, "rm a.txt"))
    shutil.rmtree(work / "build")
    (work / "a.txt").unlink()
    assert restore_trash((), "", str(work)) == 0
    assert [(work / name).exists() for name in ("a.txt", "build")] == [True, False]
    assert restore_trash((), "s1", str(work)) == 0
    assert (work / "build").exists()


def test_ids_may_be_cut_short(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "rm a.txt"))
    (row,) = listed(work, capfd)
    (work / "a.txt").unlink()
    assert restore_trash((str(row["id"])[:7],), "", "") == 0
    assert (work / "a.txt").exists()
    with pytest.raises(UsageError, match="nothing under 'zzz'"):
        restore_trash(("zzz",), "", "")


def test_what_is_in_the_way_fails_the_restoring(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "rm a.txt"))
    (work / "a.txt").unlink()
    (work / "a.txt").write_text("another")
    assert restore_trash((), "", str(work)) == 1
    assert "not overwritten" in capfd.readouterr().err


def test_an_empty_trash_is_said(work: Path, capfd: Capture) -> None:
    with pytest.raises(UsageError, match="nothing to put back"):
        restore_trash((), "", str(work))
    list_trash("", str(work), everywhere=False, as_json=False)
    assert "nothing was deleted here" in capfd.readouterr().err


def test_only_what_is_older_is_thrown_away(work: Path, capfd: Capture) -> None:
    preserving(work)(bash(work, "rm a.txt"))
    empty_trash("30d")
    assert len(listed(work, capfd)) == 1
    empty_trash("")
    assert listed(work, capfd) == []
    with pytest.raises(UsageError, match="no age"):
        empty_trash("soon")

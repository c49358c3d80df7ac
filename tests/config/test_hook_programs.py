"""Which programs a hook names, whether they are there, and whether they stayed the same."""

import os
import pathlib

import pytest

from kedge.config.errors import ConfigError
from kedge.config.hook_programs import Pin, files_named, hooks_of, missing, sha256_of
from kedge.config.hooks import FailurePolicy, HookSettings
from kedge.config.sources import Origin, Source

PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "guard.py").write_text("")
    (tmp_path / "check.sh").write_text("#!/bin/sh\n")
    (tmp_path / "check.sh").chmod(0o755)
    (tmp_path / "a b.sh").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("python3", "tools/guard.py"), ["tools/guard.py"]),
        ("python3 tools/guard.py; ./check.sh", ["tools/guard.py", "check.sh"]),
        ("cd tools&&python3 ./guard.py<../check.sh", ["tools/guard.py", "check.sh"]),
        ("'./a b.sh' x", ["a b.sh"]),
        (("sh", "-c", "exec ./check.sh --now"), ["check.sh"]),
        ('"$CLAUDE_PROJECT_DIR"/check.sh', ["check.sh"]),
        ("${CLAUDE_PROJECT_DIR}/tools/../check.sh", ["check.sh"]),
        (("run", "--with=tools/guard.py"), ["tools/guard.py"]),
        ("cat /etc/passwd ../x nothing tools", []),
        ("unfinished 'quote check.sh", ["check.sh"]),
    ],
)
def test_files_below_the_project_that_words_name_are_found(
    project: pathlib.Path, command: str | tuple[str, ...], named: list[str]
) -> None:
    assert files_named(command, project, (project,)) == tuple(project / name for name in named)


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        (("python3", "tools/guard.py"), ""),
        (("python3", "tools/gone.py"), "tools/gone.py"),
        ("python3 -u -W ignore tools/gone.py --x", "tools/gone.py"),
        ("LANG=C sh gone.sh", "gone.sh"),
        ("sh $CLAUDE_PROJECT_DIR/check.sh", ""),
        ("python3 -c 'print(1)'", ""),
        ("python3 -m json.tool", ""),
        ("sh < check.sh", ""),
        ("node $SCRIPT", ""),
        ("./gone", "./gone"),
        ("tools/guard.py", "tools/guard.py"),
        (("no-such-program-anywhere",), "no-such-program-anywhere"),
        ("if true; then echo x; fi", ""),
        ("", ""),
    ],
)
def test_a_program_or_script_that_is_not_there_is_named(
    project: pathlib.Path, command: str | tuple[str, ...], absent: str
) -> None:
    assert missing(command, project, PATH) == absent.replace("$CLAUDE_PROJECT_DIR", str(project))


def test_a_pin_holds_as_long_as_the_file_is_the_same(project: pathlib.Path) -> None:
    file = project / "check.sh"
    pin = Pin(file, sha256_of(file))
    assert pin.holds
    file.write_text("#!/bin/sh\nevil\n")
    assert not pin.holds
    file.unlink()
    assert not pin.holds


def test_what_cannot_be_hashed_never_holds(project: pathlib.Path) -> None:
    os.mkfifo(project / "pipe")
    for path in (project / "pipe", project / "gone", project / "tools"):
        assert sha256_of(path) == ""
        assert not Pin(path, "").holds


def _origins(*layers: str) -> dict[str, Origin]:
    return {
        f"hooks[{place}]": Origin(Source(layer, f"/{layer}.toml"), ("hooks",))
        for place, layer in enumerate(layers)
    }


def test_hooks_of_a_project_run_in_its_root_and_others_in_the_working_directory(
    project: pathlib.Path,
) -> None:
    settings = [HookSettings("stop", "./check.sh"), HookSettings("stop", "./check.sh")]
    cwd = project / "tools"
    theirs, its = hooks_of(settings, _origins("user", "project"), cwd, project)
    assert (theirs.base, its.base) == (cwd, project)
    assert theirs.pins == ()
    assert [pin.path for pin in its.pins] == [project / "check.sh"]


def test_programs_in_any_directory_that_an_agent_can_write_are_pinned(
    project: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    added = tmp_path_factory.mktemp("added")
    (added / "own.sh").write_text("")
    settings = [HookSettings("stop", ("sh", str(added / "own.sh")))]
    assert hooks_of(settings, _origins("user"), project)[0].pins == ()
    (hook,) = hooks_of(settings, _origins("user"), project, added=(added,))
    assert [pin.path for pin in hook.pins] == [added / "own.sh"]


def test_every_hook_has_a_name_of_its_own(project: pathlib.Path) -> None:
    settings = [
        HookSettings("stop", "true", name="mine"),
        HookSettings("stop", "true", name="mine"),
        HookSettings("before_tool", ("python3", "tools/guard.py")),
        HookSettings("prompt", "true"),
    ]
    hooks = hooks_of(settings, _origins("user", "user", "user", "user"), project)
    names = [hook.name for hook in hooks]
    assert names == ["mine", "mine (2)", "before_tool:guard.py", "prompt:true"]


def test_a_match_that_is_no_pattern_is_an_error(project: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"/user.toml.*hooks.match.*no regular expression"):
        hooks_of([HookSettings("stop", "true", match="(")], _origins("user"), project)


def test_a_policy_is_one_for_all_or_one_for_each_risk() -> None:
    assert HookSettings("stop", "x", on_failure="block").policy == FailurePolicy(
        "block", "block", "block", "block"
    )
    policy = HookSettings("stop", "x", on_failure=FailurePolicy(read="allow")).policy
    assert (policy.at("read"), policy.at("run"), policy.at(None)) == ("allow", "ask", "ask")

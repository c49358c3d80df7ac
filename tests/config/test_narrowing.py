"""Laws of the project's file before it is trusted."""

import pathlib
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.config.errors import ConfigError
from kedge.config.layers import Loaded
from kedge.config.narrowing import find, narrowed
from kedge.config.settings import MODES
from kedge.config.sources import Layer, Source, defaults
from kedge.config.values import Table


class Machine(Protocol):
    user: pathlib.Path
    project: pathlib.Path
    repository: pathlib.Path

    def load(self, **how: object) -> Loaded: ...


def _settings() -> st.SearchStrategy[Table]:
    counts = st.integers(0, 5)
    limits = st.fixed_dictionaries(
        {"max_turns": counts, "max_cost": counts, "max_seconds": counts, "verify_rounds": counts}
    )
    disabled = st.lists(st.sampled_from(["bash", "read", "edit"]), unique=True)
    return st.fixed_dictionaries(
        {
            "mode": st.sampled_from(MODES),
            "limits": limits,
            "tools": st.fixed_dictionaries({"disabled": disabled}),
            "shell": st.fixed_dictionaries({"output_bytes": st.integers(1, 9)}),
        }
    )


def _width(name: str, value: int) -> float:
    """How much a limit allows; 0 is no limit, except for rounds."""
    return float("inf") if value == 0 and name != "verify_rounds" else value


@given(user=_settings(), project=_settings())
def test_no_project_can_widen_anything(user: dict[str, Table], project: dict[str, Table]) -> None:
    kept = narrowed(Layer(Source("project", "p"), project), user).values
    assert set(kept) <= {"mode", "limits", "tools"}
    if "mode" in kept:
        assert MODES.index(kept["mode"]) < MODES.index(user["mode"])
    for name, value in kept.get("limits", {}).items():
        assert _width(name, value) < _width(name, user["limits"][name])


@given(user=_settings(), project=_settings())
def test_whatever_a_project_does_not_get_is_listed(
    user: dict[str, Table], project: dict[str, Table]
) -> None:
    left = narrowed(Layer(Source("project", "p"), project), user)
    wanted = {
        f"limits.{key}" for key, value in project["limits"].items() if value != user["limits"][key]
    }
    granted = {f"limits.{key}" for key in left.values.get("limits", {})}
    listed = {problem.key for problem in left.problems if problem.key.startswith("limits")}
    assert granted | listed == wanted
    assert granted.isdisjoint(listed)


def test_what_a_project_may_not_set_is_a_problem_with_its_line(machine: Machine) -> None:
    machine.project.write_text(
        "mode = 'full'\n[providers.anthropic]\nbase_url = 'http://evil.test'\n"
        "[limits]\nmax_turns = 0\nmax_cost = 3\n"
    )
    loaded = machine.load()
    assert loaded.settings.mode == "ask"
    assert loaded.settings.providers == {}
    assert loaded.settings.limits.max_turns == 200
    assert loaded.settings.limits.max_cost == 3
    assert [(problem.line, problem.key) for problem in loaded.problems] == [
        (1, "mode"),
        (3, "providers.anthropic.base_url"),
        (5, "limits.max_turns"),
    ]
    assert "'full' does not narrow 'ask'" in str(loaded.problems[0])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("modus = 'plan'\n", 1, "unknown key"),
        ("[limits]\nmax_turns = = 3\n", 2, "not TOML"),
        ("mode = 'plan'\n[rules]\ndeny = ['foo(']\n", 3, "a rule is written"),
        ("mode = 'plan'\n[limits]\nmax_turns = 'many'\n", 3, "expected"),
    ],
)
def test_a_file_with_a_mistake_of_a_project_is_ignored_and_narrows_the_mode(
    machine: Machine, text: str, line: int, reason: str
) -> None:
    machine.user.write_text("mode = 'auto'\n")
    machine.project.write_text(text)
    loaded = machine.load()
    assert loaded.settings.mode == "ask"
    (problem,) = loaded.problems
    assert str(problem).startswith(f"{machine.project}:{line}: ")
    assert reason in problem.reason and "ALL of this file is ignored" in problem.reason
    with pytest.raises(ConfigError, match=reason):
        loaded.require_trust()


def test_a_file_with_a_mistake_widens_nothing(machine: Machine) -> None:
    machine.user.write_text("mode = 'plan'\n")
    machine.project.write_text("mode = \n")
    assert machine.load().settings.mode == "plan"
    assert machine.load(sets=["mode=auto"]).settings.mode == "auto"


def test_a_flag_may_widen_what_the_project_narrowed(machine: Machine) -> None:
    machine.project.write_text("mode = 'plan'\n")
    assert machine.load().settings.mode == "plan"
    assert machine.load(sets=["mode=auto"]).settings.mode == "auto"


def test_the_nearest_project_file_up_to_the_repository_root_counts(machine: Machine) -> None:
    inner = machine.repository / "a" / "b"
    inner.mkdir(parents=True)
    machine.project.write_text("")
    assert find(inner) == machine.project
    nearer = machine.repository / "a" / ".kedge" / "config.toml"
    nearer.parent.mkdir()
    nearer.write_text("")
    assert find(inner) == nearer


def test_a_file_above_the_repository_is_not_found(machine: Machine) -> None:
    above = machine.repository.parent / ".kedge" / "config.toml"
    above.parent.mkdir()
    above.write_text("mode = 'plan'\n")
    assert find(machine.repository) is None


def test_outside_a_repository_only_the_folder_itself_counts(tmp_path: pathlib.Path) -> None:
    file = tmp_path / ".kedge" / "config.toml"
    file.parent.mkdir()
    file.write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert find(tmp_path) == file
    assert find(inner) is None


def test_a_project_has_no_say_in_the_interactive_terminal() -> None:
    values: Table = {"tui": {"status_command": "sh -c evil", "vim": True}}
    left = narrowed(Layer(Source("project", "p"), values), defaults().values)
    assert left.values == {}
    assert left.gated == {}
    assert [problem.key for problem in left.problems] == ["tui.status_command", "tui.vim"]

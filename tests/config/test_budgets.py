"""Budgets are set like everything else, and a project can only make them smaller."""

import pathlib
from typing import Protocol

import pytest

from kedge.config.errors import ConfigError
from kedge.config.layers import Loaded
from kedge.config.settings import BudgetSettings, LimitSettings, ScopeBudget, Settings


class Machine(Protocol):
    user: pathlib.Path
    project: pathlib.Path
    env: dict[str, str]

    def load(self, **how: object) -> Loaded: ...


def test_each_scope_has_its_own_table(machine: Machine) -> None:
    machine.user.write_text("[budgets.day]\ncost = 5\nsoft = 0.5\n[budgets.turn]\nsteps = 50\n")
    budgets = machine.load().settings.budgets
    assert budgets == BudgetSettings(
        day=ScopeBudget(cost=5.0, soft=0.5), turn=ScopeBudget(steps=50)
    )


def test_variables_and_flags_reach_them(machine: Machine) -> None:
    machine.env["KEDGE_BUDGETS_SESSION_TOKENS"] = "100000"
    settings = machine.load(sets=["budgets.project.seconds=3600"]).settings
    assert settings.budgets.session.tokens == 100_000
    assert settings.budgets.project.seconds == 3600


def test_a_project_may_make_them_smaller_and_no_larger(machine: Machine) -> None:
    machine.user.write_text("[budgets.day]\ncost = 5\n[budgets.session]\nsteps = 9\n")
    machine.project.write_text(
        "[budgets.day]\ncost = 3\nsoft = 0.5\n[budgets.session]\nsteps = 0\nsoft = 0.9\n"
        "[budgets.project]\ncost = 40\n"
    )
    loaded = machine.load()
    assert loaded.settings.budgets == BudgetSettings(
        day=ScopeBudget(cost=3.0, soft=0.5),
        session=ScopeBudget(steps=9),
        project=ScopeBudget(cost=40.0),
    )
    assert [problem.key for problem in loaded.problems] == [
        "budgets.session.steps",
        "budgets.session.soft",
    ]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[budgets.day]\ncost = -1\n", 2, "budgets.day.cost"),
        ("[budgets.day]\nsoft = 0\n", 2, "budgets.day.soft"),
        ("[budgets.day]\nsoft = 1.1\n", 2, "budgets.day.soft"),
        ("[budgets.day]\nturns = 3\n", 2, "budgets.day.turns"),
        ("[budgets.week]\ncost = 3\n", 1, "budgets.week"),
        ("[limits]\nmax_tokens = -1\n", 2, "limits.max_tokens"),
    ],
)
def test_what_makes_no_sense_is_an_error_with_its_place(
    machine: Machine, text: str, line: int, key: str
) -> None:
    machine.user.write_text(text)
    with pytest.raises(ConfigError) as error:
        machine.load()
    assert (error.value.line, error.value.key) == (line, key)


def test_a_limit_of_money_is_known_by_its_key() -> None:
    assert Settings().money_limit == ""
    assert Settings(limits=LimitSettings(max_cost=1)).money_limit == "limits.max_cost"
    day = BudgetSettings(day=ScopeBudget(cost=1))
    assert Settings(budgets=day).money_limit == "budgets.day.cost"


def test_only_day_and_project_last_beyond_a_session() -> None:
    one = ScopeBudget(tokens=1)
    assert not BudgetSettings(turn=one, session=one).lasting
    assert BudgetSettings(day=one).lasting
    assert BudgetSettings(project=ScopeBudget(seconds=1)).lasting

"""The fault matrix: every judge broken in every way, run through the real `Judge` and `Gate`.

The doubles are those of `tests/agent/reviewers/test_fault_matrix.py`, which finds the judges by
itself; the outcomes are measured here, and compared with what is declared.
"""

import importlib.util
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

from msgspec import Struct

import kedge.agent.screens
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.stages import Passage

TESTS = Path(__file__).parents[1] / "tests/agent"


class Row(Struct, frozen=True):
    """What becomes of an action while one judge is broken."""

    judge: str
    fault: str
    settings: str
    """What its outcome is declared by."""
    outcomes: tuple[str, ...]
    """For each class of risk."""
    declared: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether it is as declared."""
        return self.outcomes == self.declared


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


matrix = _loaded("fault_matrix", TESTS / "reviewers/test_fault_matrix.py")
RISKS: tuple[str, ...] = matrix.RISKS
NOT_HEARD = "-"
"""A reviewer model is not asked about what only reads."""


async def rows() -> list[Row]:
    """The whole matrix."""
    found = [row async for row in _validators()]
    found += _screens()
    found += [row async for row in _models()]
    with tempfile.TemporaryDirectory(prefix="kedge-gate-") as place:
        found += [row async for row in _hooks(Path(place))]
    return found


async def _validators() -> AsyncIterator[Row]:
    for name in sorted(matrix.VALIDATORS):
        for fault in matrix.FAULTS:
            for asks in (True, False):
                outcomes = [await _validator(name, fault, risk, asks) for risk in RISKS]
                mode = "asking" if asks else "mode full"
                yield Row(name, fault, mode, tuple(outcomes), ("deny",) * len(RISKS))


async def _validator(name: str, fault: str, risk: str, asks: bool) -> str:
    gate = Gate([matrix.Allows(), matrix.broken(matrix.VALIDATORS[name], fault)], asks=asks)
    action = matrix.an_action(risk)
    decision, _ = await Judge(gate, matrix.Desk()).decide(action, lambda _: action)
    return "ask" if decision.asked else decision.outcome


STAGES = ("prompt", "result", "answer")


def _screens() -> Iterator[Row]:
    """Screens judge words, which have no risk: what they break on is kept back at every stage."""
    for name in sorted(matrix.classes(kedge.agent.screens, "check")):
        screen = matrix.classes(kedge.agent.screens, "check")[name]
        for fault in matrix.FAULTS:
            gate = Gate([], [matrix.broken(screen, fault)])
            outcomes = (
                "deny" if gate.screen(Passage(stage, "words", "bash")).denied else "allow"
                for stage in STAGES
            )
            stages = ", ".join(STAGES)
            yield Row(name, fault, stages, tuple(outcomes), ("deny",) * len(STAGES))


async def _models() -> AsyncIterator[Row]:
    doubles = _loaded("core_doubles", TESTS / "conftest.py")
    core = SimpleNamespace(Model=doubles.Model, says=doubles.says)
    for fault in matrix.FAULTS:
        for policy in matrix.POLICIES:
            outcomes = [NOT_HEARD]
            for risk in matrix.CHANGING:
                reviewer = matrix.model_reviewer(core, fault, matrix.declared(risk, policy))
                outcomes.append(await matrix.outcome_of(reviewer, risk, matrix.Allows()))
            declared = (NOT_HEARD, *[matrix.DECLARED[policy]] * len(matrix.CHANGING))
            yield Row("ModelReviewer", fault, f"on_failure = {policy}", tuple(outcomes), declared)


async def _hooks(folder: Path) -> AsyncIterator[Row]:
    """Real programs."""
    doubles = _loaded("hook_doubles", TESTS / "reviewers/conftest.py")
    for fault in matrix.FAULTS:
        for policy in matrix.POLICIES:
            outcomes = [await _hook(doubles, folder, fault, risk, policy) for risk in RISKS]
            declared = (matrix.DECLARED[policy],) * len(RISKS)
            yield Row("HookReviewer", fault, f"on_failure = {policy}", tuple(outcomes), declared)


async def _hook(doubles: ModuleType, folder: Path, fault: str, risk: str, policy: str) -> str:
    bench = doubles.Bench(folder)
    try:
        reviewer = matrix.hook_reviewer(bench, fault, matrix.declared(risk, policy))
        return await matrix.outcome_of(reviewer, risk, matrix.Allows())
    finally:
        await bench.close()

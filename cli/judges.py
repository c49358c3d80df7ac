"""Composes everybody who is heard on what a session does: validators, reviewers and the person.

Imports stand inside the functions for what a session may not have.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from ..agent.breaker import Breakers
from ..agent.gate import Gate
from ..agent.judge import Judge
from ..agent.ports import Action, Approver, Reviewer
from ..agent.screens.injection import InjectionScreen
from ..agent.screens.secrets import SecretScreen
from ..agent.stages import StageHooks
from ..agent.validators.granted import Granted
from ..agent.validators.injection import InjectionValidator
from ..agent.validators.loops import LoopValidator
from ..agent.validators.secrets import SecretsValidator
from ..config.layers import Loaded
from ..config.settings import Mode
from .granting import SessionGrants
from .judging import gate_of, own_directories
from .surroundings import Surroundings
from .toolbox import Toolbox

if TYPE_CHECKING:
    from ..agent.bus import Watcher
    from ..agent.reviewers.hooks import Hooks
    from ..agent.session import Session
    from ..config.rules import Rule
    from .reviewing import ReviewingModel

Notify = Callable[[str, str], None]
"""Takes what a person should be able to know, with a code. Never raises."""


class Judges:
    """Who judges in a session. Close it after the session."""

    def __init__(
        self,
        judge: Judge,
        gate_in: Callable[[Mode], Gate],
        grants: SessionGrants,
        hooks: "Hooks | None" = None,
        reviewer: "ReviewingModel | None" = None,
    ) -> None:
        """`gate_in` makes the gate of a mode."""
        self.judge = judge
        self._gate_in = gate_in
        self._grants = grants
        self._hooks = hooks
        self._reviewer = reviewer

    @property
    def breakers(self) -> Breakers:
        """The circuit breakers of the session."""
        return self.judge.breakers

    @property
    def stages(self) -> StageHooks | None:
        """Who is heard at the stages that are no action."""
        return self._hooks

    @property
    def watchers(self) -> "Sequence[Watcher]":
        """Who has to see every event."""
        return (self._reviewer.excerpt.add,) if self._reviewer else ()

    def set_mode(self, mode: Mode) -> None:
        """Judge by this mode from here on."""
        self.judge.use(self._gate_in(mode))
        if self._hooks is not None:
            self._hooks.set_mode(mode)

    def lend(self, rules: Sequence[str], origin: str) -> None:
        """See `SessionGrants.lend`."""
        self._grants.lend(rules, origin)

    def attach(self, session: "Session") -> None:
        """Make known whose expense a reviewer model is. Before the first prompt."""
        if self._reviewer:
            self._reviewer.attach(session)

    async def close(self) -> None:
        """End what hooks left running, and release connections."""
        if self._hooks is not None:
            await self._hooks.close()
        if self._reviewer is not None:
            await self._reviewer.close()


class Scene(Struct, frozen=True):
    """The session that is judged."""

    loaded: Loaded
    where: Surroundings
    """Its directory is the working directory."""
    session: str
    """Its id."""
    mode: Mode
    log: str = ""
    """The file of its log; empty if none is kept."""
    root: Path | None = None
    """Of its repository: what grants for the project are bound to, if there is one."""


def judges_of(scene: Scene, toolbox: Toolbox, approver: Approver, notify: Notify) -> Judges:
    """The judges that settings, rules, grants and hooks make together.

    `approver` answers what is left open; `notify` hears of grants that could not be kept.

    Raises:
        ConfigError: a rule, a hook or the file of grants is wrong.
    """
    breakers = Breakers(scene.loaded.settings.breakers)
    where = scene.where
    file = where.home.data_dir / "grants.json"
    grants = SessionGrants(file, scene.root or where.cwd, scene.session, notify)
    granted = Granted(toolbox.territory, grants.holding)
    hooks = _hooks(scene, toolbox, breakers)
    model = _reviewing_model(scene)
    reviewers: tuple[Reviewer, ...] = (
        *(hooks.reviewers if hooks else ()),
        *((model.reviewer,) if model else ()),
    )

    def gate_in(mode: Mode) -> Gate:
        return _gate(structs.replace(scene, mode=mode), toolbox, granted)

    judge = Judge(
        gate_in(scene.mode),
        approver,
        reviewers,
        breakers,
        offers=lambda action, places: _offers(action, places, toolbox),
        covers=lambda rules, action, places: _covers(rules, action, places, toolbox),
        remember=grants.remember,
        preview=lambda action: _preview(action, toolbox),
    )
    return Judges(judge, gate_in, grants, hooks, model)


def _preview(action: Action, toolbox: Toolbox) -> str:
    # Only who is asked reads it.
    from .previewing import preview

    return preview(action, toolbox.text)


def _gate(scene: Scene, toolbox: Toolbox, granted: Granted) -> Gate:
    finder = toolbox.finder

    def protects(path: Path) -> bool:
        return not toolbox.guard.lets_write(path)

    return gate_of(
        scene.mode,
        toolbox.territory,
        confined=toolbox.confined,
        own=own_directories(scene.where.home),
        hides=toolbox.guard.hides,
        protects=protects,
        rules=_rules(scene.loaded),
        unconfined=not toolbox.confined,
        more=[
            granted,
            SecretsValidator(finder, toolbox.tracked),
            InjectionValidator(toolbox.territory, protects),
            LoopValidator(scene.loaded.settings.loops),
        ],
        screens=[SecretScreen(finder), InjectionScreen()],
    )


def _reviewing_model(scene: Scene) -> "ReviewingModel | None":
    if not scene.loaded.settings.reviewer.model:
        return None
    from .reviewing import ReviewingModel

    return ReviewingModel(scene.loaded.settings, scene.where, scene.session)


def _rules(loaded: Loaded) -> "tuple[Rule, ...]":
    rules = loaded.settings.rules
    if not (rules.allow or rules.ask or rules.deny):
        return ()
    from ..config.rules import rules_of

    return rules_of(rules, loaded.origins)


def _offers(action: Action, places: Sequence[int], toolbox: Toolbox) -> tuple[str, ...]:
    from ..agent.validators.suggestions import suggest

    return suggest(action, places, toolbox.territory)


def _covers(rules: Sequence[str], action: Action, places: Sequence[int], toolbox: Toolbox) -> bool:
    from ..agent.validators.suggestions import covers

    return covers(rules, action, places, toolbox.territory)


def _hooks(scene: Scene, toolbox: Toolbox, breakers: Breakers) -> "Hooks | None":
    loaded, cwd = scene.loaded, scene.where.cwd
    if not loaded.settings.hooks:
        return None
    from ..agent.reviewers.hooks import Hooks
    from ..agent.reviewers.payloads import Place
    from ..agent.reviewers.programs import HookRunner
    from ..config.hook_programs import hooks_of

    roots = tuple(Path(root) for root in toolbox.territory.roots)
    root = loaded.brought.root if loaded.brought else None
    found = hooks_of(loaded.settings.hooks, loaded.origins, cwd, root, roots)
    runner = HookRunner(toolbox.env, (cwd, *roots))
    return Hooks(found, runner, Place(scene.session, scene.log, str(cwd), scene.mode), breakers.of)

"""Composes the gate: who judges actions, in which order. No behaviour of its own."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.commands.parts import Place
from ..agent.effects import CommandPart, Effect
from ..agent.gate import Gate
from ..agent.memory.repository import find_repository
from ..agent.ports import Validator
from ..agent.stages import Screen
from ..agent.validators.hard_gates import HardGates
from ..agent.validators.modes import ModeValidator
from ..agent.validators.protected import ProtectedFiles
from ..agent.validators.territory import Territory
from ..config.kept_keys import FILE
from ..config.paths import Home
from ..config.settings import Mode
from ..sandbox.paths import Roots

if TYPE_CHECKING:
    from ..config.rules import Rule

Predicate = Callable[[Path], bool]
"""Says something of a resolved path."""


def territory_of(
    roots: Roots,
    home: Path,
    *,
    readable: Iterable[Path] = (),
    scratch: Iterable[Path] = (),
) -> Territory:
    """The directories of a session as validators take them; every path without links."""
    return Territory(
        tuple(map(str, roots.all)),
        str(home),
        tuple(map(str, readable)),
        tuple(map(str, scratch)),
        repository_of(roots.workspace),
    )


def repository_of(directory: Path) -> str:
    """The root of the repository that a directory is in; empty if it is in none."""
    found = find_repository(directory)
    return os.path.realpath(found.root) if found else ""


def own_directories(home: Home) -> tuple[str, ...]:
    """kedge's own directories, without links."""
    own = (home.config_dir, home.state_dir, home.data_dir, home.cache_dir)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in own))


def gate_of(
    mode: Mode,
    territory: Territory,
    *,
    confined: bool,
    own: Sequence[str],
    hides: Predicate,
    protects: Predicate,
    rules: "Sequence[Rule]" = (),
    grants: "Sequence[Rule]" = (),
    more: Sequence[Validator] = (),
    unconfined: bool = False,
    screens: Sequence[Screen] = (),
) -> Gate:
    """The gate of a session.

    Args:
        mode: how much may happen without a person.
        territory: where the session works.
        confined: whether a sandbox keeps commands within it.
        own: kedge's own directories, without links.
        hides: whether nobody may read what is at a path.
        protects: whether a person has to say before a path is written.
        rules: of all layers.
        grants: what was allowed on the way; allow rules only.
        more: validators after these.
        unconfined: whether a person switched the sandbox off.
        screens: who judges words.
    """
    validators: list[Validator] = [
        HardGates(territory, own, [f"{folder}/{FILE}" for folder in own]),
        ModeValidator(mode, territory, confined=confined),
    ]
    if rules or grants:
        # Who has no rules does not wait for their grammar.
        from ..agent.validators.rules import RuleValidator

        validators.append(RuleValidator(rules, territory))
        validators.append(RuleValidator(grants, territory, name="grants"))
    validators.append(ProtectedFiles(hides, protects, asks=unconfined))
    return Gate([*validators, *more], screens, asks=mode != "full")


def command_effects(command: str, place: Place) -> tuple[Effect, ...]:
    """What a command line would do. Whatever makes it doubtful as a whole is one more effect,
    which no rule allows."""
    # 13 ms, which sessions without commands need not wait for.
    from ..agent.commands.analysis import analyse

    analysis = analyse(command, place)
    doubts = (
        Effect(
            "run",
            command[slice(*problem.span)],
            span=problem.span,
            command=CommandPart((), "opaque", problem.text, exact=False),
        )
        for problem in analysis.problems
    )
    return (*analysis.effects, *doubts)

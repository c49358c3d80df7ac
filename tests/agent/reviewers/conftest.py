"""Hooks as small real programs."""

import os
import pathlib
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from kedge.agent.effects import Effect
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Ruling
from kedge.agent.reviewers.hooks import BreakerOf, Hooks
from kedge.agent.reviewers.payloads import Place
from kedge.agent.reviewers.programs import HookRunner
from kedge.config.hook_programs import hooks_of
from kedge.config.hooks import HookSettings
from kedge.config.sources import Origin, Source


class Bench:
    """A workspace with hooks in it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self._settings: list[HookSettings] = []
        self._made: list[Hooks] = []

    def script(self, text: str, name: str = "hook.sh") -> str:
        """A program, by the command that runs it."""
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return f"./{name}"

    def says(self, answer: object, name: str = "hook.sh") -> str:
        """A program that prints this as JSON."""
        (self.folder / f"{name}.json").write_bytes(msgspec.json.encode(answer))
        return self.script(f"cat {name}.json", name)

    def add(self, event: str, command: str | tuple[str, ...], **settings: object) -> None:
        """Declare a hook."""
        self._settings.append(
            msgspec.convert({"event": event, "command": command, **settings}, HookSettings)
        )

    def hooks(self, breaker_of: BreakerOf | None = None) -> Hooks:
        """All that were declared, in a session."""
        source = Source("user", "/user/config.toml")
        origins = {f"hooks[{n}]": Origin(source, ()) for n in range(len(self._settings))}
        made = Hooks(
            hooks_of(self._settings, origins, self.folder),
            HookRunner(self.env, (self.folder,)),
            Place("s1", "/log/s1.jsonl", str(self.folder), "auto"),
            breaker_of,
        )
        self._made.append(made)
        return made

    @property
    def heard(self) -> dict[str, object]:
        """What a hook with `cat > heard` was told."""
        return msgspec.json.decode((self.folder / "heard").read_bytes())

    async def close(self) -> None:
        for hooks in self._made:
            await hooks.close()


@pytest.fixture
async def bench(tmp_path: pathlib.Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.close()


def an_action(
    tool: str = "bash", arguments: dict[str, object] | None = None, *effects: Effect
) -> Action:
    given = {"command": "make"} if arguments is None else arguments
    call = ToolCall("c1", tool, msgspec.json.encode(given).decode())
    return Action(call, given, effects or (Effect("run", "make"),))


@pytest.fixture
def action() -> Callable[..., Action]:
    """Makes actions; without arguments a command."""
    return an_action


@pytest.fixture
def ruling() -> Callable[..., Ruling]:
    """Makes rulings on an action."""

    def make(about: Action | None = None, outcome: str = "allow", *, firm: bool = False) -> Ruling:
        return msgspec.convert(
            {"outcome": outcome, "by": "mode", "reason": "", "action": about or an_action(),
             "firm": firm},
            Ruling,
        )  # fmt: skip

    return make

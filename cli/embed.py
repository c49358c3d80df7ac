"""The Python API's `Agent`: a model with tools, in a few words.

    agent = Agent("anthropic/claude-opus-5-5", tools=[weather])
    async for event in agent.run("Will it rain in Oslo?"):
        ...

It has the tools that it is given and no others, reads the same configuration as the command line,
and judges every action on the same path.
"""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from ..agent.events import Event, SessionStarted
from ..agent.fittings import Fittings
from ..agent.gate import Gate
from ..agent.judge import Judge
from ..agent.ports import Approver, Check, Provider, Store, Tool, Validator
from ..agent.session import Session
from ..agent.stores.memory import MemoryStore
from ..agent.validators.modes import ModeValidator
from ..agent.validators.unattended import Unattended
from ..config.layers import Flag, load
from ..config.settings import Mode
from ..config.version import VERSION
from .models import Model, model_of, profile_of
from .surroundings import surroundings


class Agent:
    """A model with tools. Holds no conversation: `session` and `run` begin one."""

    def __init__(
        self,
        model: str | Provider = "",
        *,
        tools: Sequence[Tool] = (),
        system: str = "You are a helpful assistant.",
        mode: Mode | None = None,
        validators: Sequence[Validator] = (),
        approver: Approver | None = None,
        checks: Sequence[Check] = (),
        store: Store | None = None,
    ) -> None:
        """Describe an agent; nothing is connected yet.

        Args:
            model: `provider/model`, or a `Provider` of your own; empty as on the command line.
            tools: what it can do; see `tool`.
            system: the system text.
            mode: how much may happen without asking; by default what the configuration says, and
                where it says nothing everything, the tools being yours.
            validators: judges, heard after the mode.
            approver: answers what the judges leave open; by default everything is refused.
            checks: look at the finished work.
            store: where sessions are kept; by default in memory.

        Raises:
            ConfigError: the configuration is wrong.
        """
        where = surroundings()
        flags = {"model.name": Flag("model", model)} if isinstance(model, str) and model else {}
        self._loaded = load(
            env=where.env,
            cwd=where.cwd,
            config_dir=where.home.config_dir,
            package_version=VERSION,
            flags=flags,
        )
        self._where = where
        self._model = model
        self._tools = tuple(tools)
        self._system = system
        unsaid = self._loaded.origins["mode"].source.layer == "default"
        self._mode: Mode = mode or ("full" if unsaid else self._loaded.settings.mode)
        self._validators = tuple(validators)
        self._approver = approver or Unattended()
        self._checks = tuple(checks)
        self._store = store or MemoryStore()

    def session(self, resume: str = "") -> Session:
        """A conversation, new or the stored one to `resume`. Close it when it is over.

        Raises:
            KedgeError: the model cannot be used, or the session cannot be opened.
        """
        settings = self._loaded.settings
        model = self._connected()
        return Session(
            self._started(model),
            model.provider,
            self._tools,
            Judge(self._gate(), self._approver),
            self._store,
            use=model.use(settings),
            limits=settings.limits,
            fittings=Fittings(self._checks),
            resume=resume,
        )

    def _gate(self) -> Gate:
        """The mode, and whoever the program brings. What they ask is asked in every mode."""
        return Gate([ModeValidator(self._mode), *self._validators])

    async def run(self, prompt: str) -> AsyncGenerator[Event]:
        """Work on one prompt in a session of its own; everything that happens, up to `result`."""
        session = self.session()
        try:
            async for event in session.run(prompt):
                yield event
        finally:
            await session.close()

    def _connected(self) -> Model:
        settings = self._loaded.settings
        if isinstance(self._model, str):
            return model_of(settings, self._where)
        return Model(self._model, profile_of(settings, self._model.name))

    def _started(self, model: Model) -> SessionStarted:
        return SessionStarted(
            cwd=str(Path.cwd()),
            git_head=None,
            kedge_version=VERSION,
            config_version=self._loaded.version,
            experiment_arm=None,
            policy_hash=self._loaded.policy_hash,
            sandbox="none",
            mode=self._mode,
            model=model.provider.name,
            system=self._system,
            environment="",
            tools=tuple(tool.spec for tool in self._tools),
            config_problems=tuple(str(problem) for problem in self._loaded.problems),
        )

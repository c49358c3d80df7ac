"""Looks at what kedge stands on here."""

import asyncio
from collections.abc import Iterator

from ....config.errors import KedgeError
from ....config.layers import Loaded
from ....config.providers import ProviderTable, names, signed_in, table
from ....sandbox.choose import choose
from ...catalogue import Catalogue
from ...commands.sessions_doctor import Doctor, Finding
from ...confine import Wanted, wanted_policy
from ...provider_keys import ORIGINS, origin_of
from ...surroundings import Surroundings
from ..desk.state import DeskState
from ..pages.activity import Health


async def health(
    state: DeskState, loaded: Loaded, where: Surroundings, terminal: tuple[tuple[str, str], ...]
) -> Health:
    """How all of it is. Takes seconds; `terminal` is what the app knows of its own."""
    ladder, findings = await asyncio.gather(
        asyncio.to_thread(_ladder, state.cwd, where),
        asyncio.to_thread(_findings, where, state.session),
    )
    ready = signed_in(where.keyed, loaded.settings.providers)
    keys = tuple(_signed_in(one, where) for one in ready)
    said = tuple((name, where.env[name]) for name in _VARIABLES if where.env.get(name))
    needs_key = _needs_key(state.model, loaded)
    return Health(state, ladder, (*terminal, *said), keys, needs_key, findings)


_VARIABLES = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "SSH_CONNECTION", "NO_COLOR", "LANG")


def _signed_in(provider: ProviderTable, where: Surroundings) -> str:
    origin = origin_of(provider, where)
    return f"{provider.title} ({ORIGINS[origin]})" if origin else provider.title


def _needs_key(model: str, loaded: Loaded) -> bool:
    """Whether the provider of a model asks for one; without a model, some provider's is missing."""
    name = model.partition("/")[0]
    if not model or name not in names(loaded.settings.providers):
        return not model
    provider = table(name, loaded.settings.providers)
    return not provider.local and bool(provider.key_env or provider.required_env)


def _ladder(cwd: str, where: Surroundings) -> tuple[tuple[str, str], ...]:
    async def look() -> dict[str, str]:
        strongest = await choose(
            wanted_policy(Wanted(cwd, "workspace-write"), where.env), where.env
        )
        await strongest.sandbox.close()
        return strongest.ladder

    try:
        # Its own loop, because what it tries blocks this one.
        return tuple(asyncio.run(look()).items())
    except KedgeError as error:
        return (("none", error.in_words),)


def _findings(where: Surroundings, running: str) -> tuple[Finding, ...]:
    def found() -> Iterator[Finding]:
        try:
            yield from Doctor(where.home.state_dir, Catalogue(where), running).findings()
        except OSError as error:
            yield Finding(str(where.home.state_dir), "unreadable", str(error))

    return tuple(found())

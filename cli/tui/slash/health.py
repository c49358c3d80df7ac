"""Looks at what kedge stands on here."""

import asyncio
from collections.abc import Iterator

from ....config.errors import KedgeError
from ....config.layers import Loaded
from ....config.providers import signed_in
from ....sandbox.choose import choose
from ...catalogue import Catalogue
from ...commands.sessions_doctor import Doctor, Finding
from ...confine import Wanted, wanted_policy
from ...surroundings import Surroundings
from ..desk.facts import Facts
from ..pages.now import Health


async def health(
    facts: Facts, loaded: Loaded, where: Surroundings, terminal: tuple[tuple[str, str], ...]
) -> Health:
    """How all of it is. Takes seconds; `terminal` is what the app knows of its own."""
    ladder, findings = await asyncio.gather(
        asyncio.to_thread(_ladder, facts.cwd, where), asyncio.to_thread(_findings, where)
    )
    keys = tuple(one.title for one in signed_in(where.env, loaded.settings.providers))
    said = tuple((name, where.env[name]) for name in _VARIABLES if where.env.get(name))
    return Health(facts, ladder, (*terminal, *said), keys, findings)


_VARIABLES = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "SSH_CONNECTION", "NO_COLOR", "LANG")


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
        return (("none", f"{error} ({error.hint})" if error.hint else str(error)),)


def _findings(where: Surroundings) -> tuple[Finding, ...]:
    def found() -> Iterator[Finding]:
        try:
            yield from Doctor(where.home.state_dir, Catalogue(where)).findings()
        except OSError as error:
            yield Finding(str(where.home.state_dir), "unreadable", str(error))

    return tuple(found())

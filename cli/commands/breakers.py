"""`kedge breakers`: what a session leaves alone because it kept failing, and trying it again."""

import msgspec

from ...agent.breaker import Past, recalled
from ...agent.bus import Bus
from ...agent.events import BreakerChanged
from ...config.errors import UsageError
from ..compose import saved_sessions
from ..saved import latest, named
from ..surroundings import surroundings
from ..terminal import Out, harmless


def list_breakers(session: str, cd: str, *, as_json: bool) -> None:
    """Print how the circuit breakers of a session stood when its log ended.

    Raises:
        KedgeError: there is no such session, or its log is damaged.
    """
    id, past = _recalled(session, cd)
    out = Out(1)
    for name, one in past.items():
        if as_json:
            row = {"session": id, "name": name, "state": one.state, "reason": one.reason}
            out.write(msgspec.json.encode(row) + b"\n")
        else:
            out.say(harmless(f"{name}  {one.state}  {one.reason}") + "\n")
    if not past and not as_json:
        Out(2).say(f"no circuit breaker has opened in session {id}\n")


def reset_breaker(name: str, session: str, cd: str) -> None:
    """Close a circuit breaker, so that the session tries again at once when it is resumed.

    Raises:
        KedgeError: there is no such session or breaker, or the session is in use.
    """
    id, past = _recalled(session, cd)
    if name not in past:
        known = ", ".join(map(repr, past)) or "none"
        raise UsageError(f"session {id} has no breaker {name!r}", hint=f"it has {known}")
    log = saved_sessions(surroundings(cd)).open(id)
    try:
        bus = Bus(id, log)
        bus.announce(BreakerChanged(name, "closed", "reset by a person"))
    finally:
        log.close()
    Out(1).say(harmless(f"closed: {name}") + "\n")


def _recalled(session: str, cd: str) -> tuple[str, dict[str, Past]]:
    where = surroundings(cd)
    store = saved_sessions(where)
    id = named(store, session) if session else latest(store, where.cwd)
    return id, recalled(store.read(id))

"""`kedge grants`: what was allowed for good, and taking it back."""

import msgspec

from ...config.errors import UsageError
from ...config.grants import Grants, StoredGrant
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, harmless


def stored_grants(where: Surroundings) -> Grants:
    """The grants of this person."""
    return Grants(where.home.data_dir / "grants.json")


def list_grants(*, as_json: bool) -> None:
    """Print every grant, oldest first.

    Raises:
        ConfigError: the file is damaged.
    """
    out = Out(1)
    grants = stored_grants(surroundings()).all()
    if not grants and not as_json:
        Out(2).say("no rule was saved with an answer\n")
    for grant in grants:
        out.write(msgspec.json.encode(grant) + b"\n") if as_json else out.say(_line(grant))


def _line(grant: StoredGrant) -> str:
    place = grant.project or "everywhere"
    until = grant.expires.date().isoformat()
    return harmless(f"{grant.id}  {grant.rule}  in {place}  until {until}  ({grant.origin})") + "\n"


def revoke_grants(ids: tuple[str, ...], *, every: bool) -> None:
    """Forget grants.

    Raises:
        UsageError: none were named, or there is none with such an id.
        ConfigError: the file is damaged.
    """
    grants = stored_grants(surroundings())
    known = {grant.id for grant in grants.all()}
    if not (ids or every):
        raise UsageError("no grant was named", hint="give ids of kedge grants list, or --all")
    if unknown := [id for id in ids if id not in known]:
        raise UsageError(f"there is no grant {unknown[0]!r}", hint="see kedge grants list")
    for grant in grants.revoke(tuple(known) if every else ids):
        Out(1).say(f"revoked: {_line(grant)}")

"""`kedge why`: every decision of a session, in words."""

from collections.abc import Iterator

import msgspec

from ...agent.effects import Effect
from ...agent.events import Considered
from ...config.errors import UsageError
from ..compose import saved_sessions
from ..decided import Row, decisions
from ..refused import shown
from ..saved import latest, named
from ..surroundings import surroundings
from ..terminal import Out, Style, harmless

_SAID = {
    "allow": "would allow it",
    "ask": "wanted you to be asked",
    "deny": "denied it",
    "modify": "changed it",
    "unavailable": "could not be heard",
}


def why(cd: str, session: str, seq: int, *, as_json: bool) -> None:
    """Print the decisions of a session, or the one that a record's number belongs to.

    Raises:
        KedgeError: there is no such session or decision, or the log is damaged.
    """
    where = surroundings(cd)
    store = saved_sessions(where)
    id = named(store, session) if session else latest(store, where.cwd)
    rows = [
        row
        for row in sorted(decisions(store.read(id)), key=lambda row: row.seq)
        if not seq or seq in (row.seq, row.proposed_seq)
    ]
    if seq and not rows:
        raise UsageError(f"record {seq} of session {id} is no decision", hint=f"see kedge why {id}")
    out = Out(1)
    if not rows and not as_json:
        Out(2).say(f"nothing was decided in session {id}\n")
    style = Style.of(out, where.env)
    for row in rows:
        if as_json:
            out.write(msgspec.json.encode(row) + b"\n")
        else:
            out.say("\n".join(explained(row, style)) + "\n\n")


def explained(row: Row, style: Style) -> Iterator[str]:
    """A decision for a person, line by line."""
    paint = style.good if row.outcome == "allow" else style.bad
    verdict = "allowed" if row.outcome == "allow" else "not allowed"
    yield style.strong(f"{row.seq}  {harmless(row.about)}")
    reason = harmless(shown(row.reason)) or "nothing spoke against it"
    yield f"  {paint(verdict)} by {_who(row.by)}: {reason}"
    if row.rule:
        yield f"  the rule: {harmless(row.rule)}"
    if row.asked:
        yield f"  you were asked and answered after {row.waited_ms / 1000:.1f} s"
    if row.grant is not None:
        yield f"  from then on for this {row.grant.scope}: {harmless('; '.join(row.grant.rules))}"
    if row.modified is not None:
        yield f"  with other arguments: {harmless(msgspec.json.encode(row.modified).decode())}"
    if row.effects:
        yield "  it would:"
        yield from (f"    {place}. {_effect(one)}" for place, one in enumerate(row.effects, 1))
    if row.considered:
        yield "  how this was decided:"
        yield from (f"    {_heard(voice, len(row.effects))}" for voice in row.considered)
    mode = f"  mode {row.mode}, sandbox {row.sandbox}" if row.mode else ""
    ended = f"; the action ended: {row.status}" if row.status else ""
    if mode or ended:
        yield style.dim(f"{mode}{ended}")


def _effect(effect: Effect) -> str:
    doing = {"read": "read", "write": "write", "delete": "delete", "reach": "connect to"}
    if effect.command is None:
        return f"{doing.get(effect.kind, 'run')} {harmless(effect.target)}"
    risk = "" if effect.command.risk == "safe" else f"{effect.command.risk}: "
    return f"run {harmless(effect.target)}  ({risk}{harmless(effect.command.why)})"


def _who(by: str) -> str:
    return "you" if by == "person" else by


def _heard(voice: Considered, effects: int) -> str:
    about = ""
    if voice.effects and effects > 1:
        about = f" ({', '.join(str(place + 1) for place in voice.effects)})"
    rule = f"  [{harmless(voice.rule)}]" if voice.rule else ""
    reason = f": {harmless(shown(voice.reason))}" if voice.reason else ""
    return f"{_who(voice.by)} {_SAID.get(voice.verdict, voice.verdict)}{about}{reason}{rule}"

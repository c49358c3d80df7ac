"""What a session cost, by model and turn; and what it did, in figures."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ....agent.budget import amount, limits_of
from ....agent.events import (
    ActionEnded,
    Decision,
    Event,
    MessageAdded,
    ModelRequest,
    Result,
    TurnStarted,
)
from ....agent.messages import Usage, said_in
from ....agent.spending import ModelLost, Spend
from ....agent.stores.summary import Summary
from ....config.settings import Settings
from ...counts import counted
from ...money import dollars
from .page import Page, Row, head, page


class Sum(Struct):
    """What was spent on something."""

    calls: int = 0
    usage: Usage = Usage()
    usd: float | None = 0.0
    """None: the price of a call is not known."""
    estimated: bool = False
    """Whether a part of it is."""

    def add(self, used: "MessageAdded | ModelLost | Sum", calls: int) -> None:
        """Count what so many calls used."""
        usd = used.usd if isinstance(used, Sum) else used.cost_usd
        self.calls += calls
        self.usage += used.usage
        self.usd = None if self.usd is None or usd is None else self.usd + usd
        self.estimated = self.estimated or used.estimated

    @property
    def cost(self) -> str:
        """The price in words."""
        return dollars(self.usd, estimated=self.estimated, unknown="unknown")

    @property
    def line(self) -> str:
        """In one line that fits."""
        used = self.usage
        share = used.cached_tokens / used.input_tokens if used.input_tokens else 0
        return (
            f"{self.cost:>9}  {counted(self.calls, 'call'):>9}  "
            f"{used.input_tokens:>10,} in, {share:.0%} cached  {used.output_tokens:>8,} out"
        )


class Spent(Struct):
    """A session's answers, summed up."""

    models: dict[tuple[str, str], Sum] = {}
    """By model and purpose."""
    turns: dict[int, tuple[str, Sum]] = {}
    """By number of the turn, with the beginning of its prompt."""


def spent(facts: Iterable[Event]) -> Spent:
    """The sums of a log."""
    found = Spent()
    purposes: dict[tuple[str, ...], str] = {}
    for fact in facts:
        match fact.body:
            case TurnStarted(prompt):
                found.turns[fact.turn] = (" ".join(said_in(prompt).split()), Sum())
            case ModelRequest(purpose):
                purposes[fact.path] = purpose
            case MessageAdded("assistant") | ModelLost() as used:
                calls = 1 if isinstance(used, MessageAdded) else 0
                meant = purposes.get(fact.path, "main")
                found.models.setdefault((used.model, meant), Sum()).add(used, calls)
                found.turns.setdefault(fact.turn, ("", Sum()))[1].add(used, calls)
            case _:
                pass
    return found


def cost_page(facts: Sequence[Event], settings: Settings) -> Page:
    """What the session cost, and what may be spent."""
    return page("cost", _cost_rows(spent(facts), settings))


def _cost_rows(found: Spent, settings: Settings) -> Iterator[Row]:
    whole = Sum()
    for one in found.models.values():
        whole.add(one, one.calls)
    yield head("the session")
    yield Row(whole.line)
    if whole.estimated:
        yield Row("~: partly an estimate; an answer broke off before its usage was known", "dim")
    for (model, purpose), one in found.models.items():
        yield head(model if purpose == "main" else f"{model}, {purpose}")
        yield Row(one.line)
    if found.turns:
        yield head("by prompt")
    for number, (prompt, one) in found.turns.items():
        line = f"{one.cost:>9}  {counted(one.calls, 'call'):>9}"
        yield Row(line, more=f"{one.line.strip()}\n{prompt}", note=f"{number}. {prompt[:80]}")
    yield head("budgets")
    yield from _budgets(whole, settings)


def _budgets(whole: Sum, settings: Settings) -> Iterator[Row]:
    limits = limits_of(settings.limits, settings.budgets)
    used = whole.usage
    spend = Spend(whole.calls, used.input_tokens + used.output_tokens, whole.usd or 0.0)
    for limit in limits:
        said = f"{limit.scope} {limit.name}: {limit.amount:g} at most"
        if limit.scope == "session" and limit.name != "seconds":
            unknown = limit.name == "cost" and whole.usd is None
            said += f", {'unknown' if unknown else f'{amount(spend, limit.name):g}'} spent"
        yield Row(said)
    if not limits:
        yield Row("none is set: [limits] and [budgets] in config.toml", "dim")


def stats_page(facts: Sequence[Event], sessions: Sequence[Summary]) -> Page:
    """What happened in the session, and in all of them."""
    return page("figures", (*_of_session(facts), *_of_all(sessions)))


def _of_session(facts: Sequence[Event]) -> Iterator[Row]:
    bodies = [fact.body for fact in facts]
    tools = Counter(body.tool for body in bodies if isinstance(body, ActionEnded))
    wrong = Counter(
        body.tool for body in bodies if isinstance(body, ActionEnded) and body.status != "ok"
    )
    decided = [body for body in bodies if isinstance(body, Decision)]
    results = [body for body in bodies if isinstance(body, Result)]
    yield head("this session")
    prompts = sum(isinstance(body, TurnStarted) for body in bodies)
    yield Row(f"{counted(prompts, 'prompt')}, {counted(len(facts), 'record')}")
    seconds, waited = (
        sum(one.duration_ms for one in results) / 1000,
        sum(one.api_ms for one in results) / 1000,
    )
    yield Row(f"{seconds:.0f} s of work, {waited:.0f} s of them waiting for models")
    asked = [one for one in decided if one.asked]
    denied = sum(one.outcome == "deny" for one in decided)
    answering = sum(one.waited_ms for one in asked) / 1000
    yield Row(
        f"{counted(len(decided), 'decision')}: {counted(denied, 'denial')}, "
        f"{counted(len(asked), 'question')} that took you {answering:.0f} s"
    )
    for tool, count in tools.most_common():
        failed = f", {wrong[tool]} without success" if wrong[tool] else ""
        yield Row(f"  {tool:<14} {count:>5}{failed}")


def _of_all(sessions: Sequence[Summary]) -> Iterator[Row]:
    known = [one.cost_usd for one in sessions if one.cost_usd is not None]
    yield head("all sessions")
    prompts = sum(one.prompts for one in sessions)
    yield Row(f"{counted(len(sessions), 'session')}, {counted(prompts, 'prompt')}")
    unknown = len(sessions) - len(known)
    more = f", and {counted(unknown, 'session')} whose price is not known" if unknown else ""
    is_known = any(known) or not unknown
    yield Row(f"{dollars(sum(known))} in all{more}" if is_known else "cost unknown")
    for model, count in Counter(one.model for one in sessions if one.model).most_common(8):
        yield Row(f"  {model:<44} {count:>5}")

"""Makes room in the model's window: prunes old output, then has the rest summarised and checked.

What it decides is one `Compacted` record; the transcript folds that, and the log keeps everything.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

from msgspec import Struct, structs

from ..config.errors import KedgeError
from ..config.settings import ContextSettings
from .aside import Aside
from .bus import Bus
from .compaction import (
    PRUNED_ENOUGH,
    Cut,
    Sizes,
    again,
    asking,
    cut,
    missing,
    own_words,
    prunable,
    saved,
    sizes,
    standing_in,
)
from .context import ModelUse, assemble, estimated_tokens, uncounted_tokens
from .errors import Blocked, StoreError
from .events import Compacted, Event, Notice, ToolSpec
from .messages import Message, Text
from .passages import Passages
from .ports import Request
from .register import Register
from .transcript import Transcript
from .view import characters, pruned, view

MAX_FAILURES: Final = 3
"""Failed summaries after which a turn goes on without trying again by itself."""
UNDONE_SHARE: Final = 0.95
"""Of the window: how full it may become after a person undid a compaction."""

DOUBT: Final = 0.5
"""How far the estimate of what the model has not counted yet may be off, as a part of it. Where
that could change the decision, and only there, the provider is asked for the exact length."""

Trigger = Literal["auto", "manual", "overflow"]
Count = Callable[[Request], Awaitable[int | None]]
"""The length of a request in tokens; None if nobody tells."""


async def nobody_counts(request: Request) -> int | None:
    """Leaves it to the estimate."""
    return None


class Rewriting(Struct, frozen=True):
    """What a compaction is given from outside."""

    instructions: Callable[[], str]
    """The words that ask for a summary."""
    surroundings: Callable[[], str]
    """What opens the conversation anew: the surroundings and the instruction files as they are
    now."""
    settings: ContextSettings = ContextSettings()


class Outlook(Struct, frozen=True):
    """What would happen if the conversation was summarised now."""

    tokens: int
    """About how long the next request is."""
    threshold: int
    """From where on it happens by itself; 0 if the model's window is not known."""
    summarised: int
    """Messages."""
    kept: int
    """Messages."""


class _Summary(Struct, frozen=True):
    text: str
    lacking: tuple[str, ...]
    broken_off: bool = False

    @property
    def poor(self) -> int:
        """How much is wrong with it."""
        return len(self.lacking) + self.broken_off


class Compactor:
    """Keeps one agent's conversation within the window."""

    def __init__(
        self,
        transcript: Transcript,
        aside: Aside,
        bus: Bus,
        passages: Passages,
        use: ModelUse,
        rewriting: Rewriting,
        count: Count = nobody_counts,
        path: tuple[str, ...] = ("main",),
    ) -> None:
        self._transcript = transcript
        self._aside = aside
        self._bus = bus
        self._passages = passages
        self._use = use
        self._rewriting = rewriting
        self._count = count
        self._path = path
        self._sizes: Sizes = sizes(use.window, use.max_output_tokens, rewriting.settings)
        self._failures = 0
        self.register = Register(path)
        """What no compaction loses."""

    def add(self, event: Event) -> None:
        """See an event; all of them, those of the log first. Never raises."""
        self.register.add(event)

    def begin(self) -> None:
        """A turn begins."""
        self._failures = 0

    def set_model(self, aside: Aside, use: ModelUse, count: Count) -> None:
        """Another model answers from here on, summarises, and counts."""
        self._aside = aside
        self._use = use
        self._count = count
        self._sizes = sizes(use.window, use.max_output_tokens, self._rewriting.settings)

    @property
    def _limit(self) -> int:
        """How long a request may be before it is made shorter."""
        compacted = self._transcript.compacted
        undone = compacted is not None and compacted.trigger == "undo"
        return int(self._use.window * UNDONE_SHARE) if undone else self._sizes.threshold

    async def _due(self, tools: Sequence[ToolSpec]) -> bool:
        """Whether the next request should be shorter. A window that is not known is never full."""
        if not self._use.window or self._failures >= MAX_FAILURES:
            return False
        tokens = estimated_tokens(self._transcript)
        if abs(tokens - self._limit) < DOUBT * uncounted_tokens(self._transcript):
            request = assemble(self._transcript, tuple(tools), self._use, self._bus.session)
            tokens = await self._count(request) or tokens
        return tokens > self._limit

    def outlook(self) -> Outlook:
        """What `compact("manual")` would do."""
        said = self._transcript.said
        where = cut(said, self._upto, self._tail("manual"))
        upto = where.upto if where else self._upto
        return Outlook(
            estimated_tokens(self._transcript),
            self._sizes.threshold if self._use.window else 0,
            sum(self._upto < one.seq <= upto for one in said),
            sum(one.seq > upto for one in said),
        )

    async def make_room(self, tools: Sequence[ToolSpec]) -> None:
        """Compact if it is due. A summary that cannot be had is tried again with the next request.

        Raises:
            StoreError: the log has ended.
        """
        if not await self._due(tools):
            return
        try:
            await self.compact("auto", tools)
        except StoreError:
            raise
        except KedgeError as error:
            self._failures += 1
            self._bus.emit(Notice("compaction", f"the conversation was not summarised: {error}"))

    async def overflowed(self, tools: Sequence[ToolSpec]) -> bool:
        """The provider found the request too long: whether it is shorter now.

        Raises:
            StoreError: the log has ended.
        """
        return await self.compact("overflow", tools) is not None

    async def compact(
        self, trigger: Trigger, tools: Sequence[ToolSpec], focus: str = ""
    ) -> Compacted | None:
        """Leave out what can be left out; None if there is nothing.

        Raises:
            Blocked: a hook does not want it. Not for `overflow`, where there is no choice.
            KedgeError: the summary could not be had; nothing has changed. Not for `overflow`, where
                the register has to do.
        """
        if trigger == "auto" and (found := self._by_pruning()) is not None:
            return self._record(found)
        where = cut(self._transcript.said, self._upto, self._tail(trigger))
        if where is None:
            found = self._by_pruning(always=True) if trigger != "manual" else None
            return None if found is None else self._record(found)
        asked: Literal["auto", "manual"] = "manual" if trigger == "manual" else "auto"
        heard = await self._passages.compacting(asked)
        if heard.denied and trigger != "overflow":
            raise Blocked(heard.denied)
        state = await self._rewritten(where, trigger, tools, focus, heard.context)
        await self._passages.compacted(asked, state.summary)
        return self._record(state)

    async def _rewritten(
        self, where: Cut, trigger: Trigger, tools: Sequence[ToolSpec], focus: str, context: str
    ) -> Compacted:
        """The state with everything before a cut summarised."""
        summary = await self._summarised(where, trigger, tools, focus, context)
        if summary.poor and trigger != "overflow":
            # What the summary forgot may still be found in a longer tail.
            longer = 2 * self._tail(trigger)
            where = cut(self._transcript.said, self._upto, longer) or where
            self._bus.emit(Notice("compaction", _forgot(summary)))
        return self._composed(where, trigger, summary.text, context)

    def undo(self) -> Compacted | None:
        """Take back the last compaction; None if there is none."""
        before = self._transcript.uncompacted
        return self._record(structs.replace(before, trigger="undo")) if before else None

    @property
    def _upto(self) -> int:
        compacted = self._transcript.compacted
        return compacted.upto if compacted else 0

    def _tail(self, trigger: Trigger) -> float:
        """Characters of the latest messages that stay."""
        tokens = self._sizes.tail
        if trigger != "auto":
            tokens = min(tokens, estimated_tokens(self._transcript) // 4)
        return tokens * self._transcript.characters_per_token

    def _by_pruning(self, *, always: bool = False) -> Compacted | None:
        """The state with old output left out, if that is enough."""
        said = self._transcript.said
        before = self._transcript.compacted or Compacted(0, "")
        protected = self._sizes.tail * self._transcript.characters_per_token
        seqs = prunable(said, before.upto, protected)
        fresh = [seq for seq in seqs if seq not in before.pruned]
        if not fresh:
            return None
        left = self._transcript.request_characters - saved(said, fresh)
        goal = self._sizes.threshold * PRUNED_ENOUGH
        if not always and left / self._transcript.characters_per_token > goal:
            return None
        return structs.replace(before, pruned=seqs, trigger="auto")

    async def _summarised(
        self, where: Cut, trigger: Trigger, tools: Sequence[ToolSpec], focus: str, context: str
    ) -> _Summary:
        """A summary that names what it has to, or else the better of two."""
        words = asking(self._rewriting.instructions(), self.register, focus, context)
        request = self._request(where, trigger, tools, words)
        try:
            first = await self._asked(request)
            if not first.poor:
                return first
            once_more = (
                Message("assistant", (Text(first.text or "(nothing)"),)),
                Message("user", (Text(again(first.lacking, broken_off=first.broken_off)),)),
            )
            messages = (*request.messages, *once_more)
            second = await self._asked(structs.replace(request, messages=messages))
        except StoreError:
            raise
        except KedgeError as error:
            if trigger != "overflow":
                raise
            return _Summary("", (f"any summary: {error}",))
        return min(second, first, key=lambda one: (not one.text, one.poor))

    def _request(
        self, where: Cut, trigger: Trigger, tools: Sequence[ToolSpec], words: str
    ) -> Request:
        """A request that begins as the last one did, so that the provider's cache serves it."""
        request = assemble(self._transcript, tuple(tools), self._use, self._bus.session)
        head = list(request.messages[: self._shown(where)])
        if trigger == "overflow":
            head = [pruned(message) for message in head]
        return structs.replace(request, messages=(*head, Message("user", (Text(words),))))

    def _shown(self, where: Cut) -> int:
        """How many of the messages that the model sees are to be summarised."""
        before = self._transcript.compacted
        count = 0 if before is None else bool(before.upto) + bool(before.kept)
        said = self._transcript.said
        return count + sum(self._upto < one.seq <= where.upto for one in said)

    async def _asked(self, request: Request) -> _Summary:
        answer = await self._aside.answered(request)
        refused = answer.stop_reason == "refusal"
        whole = "" if refused else Message("assistant", answer.parts).text.strip()
        text = whole[: round(self._sizes.summary * self._transcript.characters_per_token)]
        lacking = missing(text, self.register) if text else ["any summary"]
        cut_off = answer.stop_reason in ("max_tokens", "context_window") or text != whole
        return _Summary(text, tuple(lacking), cut_off)

    def _composed(self, where: Cut, trigger: Trigger, summary: str, context: str) -> Compacted:
        said = self._transcript.said
        budget = self._sizes.words * self._transcript.characters_per_token
        text = standing_in(
            summary,
            own_words(said, where, budget),
            self.register,
            self._rewriting.surroundings(),
            context,
        )
        before = self._transcript.compacted
        still_pruned = tuple(seq for seq in (before.pruned if before else ()) if seq > where.upto)
        return Compacted(where.upto, text, trigger, where.kept, still_pruned)

    def _record(self, state: Compacted) -> Compacted:
        state = measured(state, self._transcript)
        self._bus.announce(state, self._path)
        return state


def measured(state: Compacted, transcript: Transcript) -> Compacted:
    """A state with what it does to the length of the next request."""
    seen = sum(map(characters, view(transcript.said, state)))
    frame = transcript.request_characters - transcript.characters
    return structs.replace(
        state,
        tokens_before=estimated_tokens(transcript),
        tokens_after=round((frame + seen) / transcript.characters_per_token),
    )


def _forgot(summary: _Summary) -> str:
    lacking = summary.lacking or ("its end",)
    named = ", ".join(repr(one) for one in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return f"the summary left out {named}{more}; more of the conversation stays as it was"

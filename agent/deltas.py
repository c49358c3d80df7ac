"""What a provider streams, and the draft that folds it into a message.

Order, per attempt: any number of `TextDelta`, `ThinkingDelta` and `CallDelta`, each belonging to
the part that is being written; `PartDone` when that part is complete; `Finished` last, exactly
once. `Metered` may come anywhere before that, and so may `Restarted`: everything since the start
of the answer is void and an attempt begins anew.
"""

from msgspec import Struct, structs

from .messages import Message, Part, StopReason, Text, Thinking, ToolCall, Usage


class TextDelta(Struct, frozen=True):
    """More words of the text part being written."""

    text: str


class ThinkingDelta(Struct, frozen=True):
    """More words of the thinking part being written."""

    text: str


class CallDelta(Struct, frozen=True):
    """More of a tool call's arguments; for eyes only, the call itself arrives as `PartDone`."""

    name: str
    characters: int


class PartDone(Struct, frozen=True):
    """A part is complete."""

    part: Part


class Metered(Struct, frozen=True):
    """The provider has taken up the request, and says what the attempt has used so far; nothing
    where it says so only at the end. A later one takes the place of an earlier one."""

    usage: Usage = Usage()


class Restarted(Struct, frozen=True):
    """The attempt failed and another begins."""

    attempt: int
    """Number of the attempt that begins; the first one is 1."""
    wait_seconds: float
    reason: str


class Finished(Struct, frozen=True):
    """The answer is complete."""

    stop_reason: StopReason
    usage: Usage
    model: str = ""
    """The model that answered, as the provider names it."""
    response_id: str = ""


Delta = TextDelta | ThinkingDelta | CallDelta | PartDone | Metered | Restarted | Finished


class Draft:
    """The message as far as it has arrived."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._text: list[str] = []
        self.finished: Finished | None = None

    def add(self, delta: Delta) -> None:
        """Fold one more delta in."""
        match delta:
            case TextDelta(text):
                self._text.append(text)
            case PartDone(ToolCall() as call):
                self._parts.append(self._distinct(call))
                self._text.clear()
            case PartDone(part):
                self._parts.append(part)
                self._text.clear()
            case Restarted():
                self._parts.clear()
                self._text.clear()
            case Finished():
                self.finished = delta
            case ThinkingDelta() | CallDelta() | Metered():
                pass

    def _distinct(self, call: ToolCall) -> ToolCall:
        """Results are matched by id, and some servers leave ids empty or repeat them."""
        taken = {part.id for part in self._parts if isinstance(part, ToolCall)}
        if call.id and call.id not in taken:
            return call
        return structs.replace(call, id=f"call_{len(self._parts)}_{call.name}")

    def message(self) -> Message:
        """The finished message."""
        return Message("assistant", tuple(self._parts))

    def spoken(self) -> Message | None:
        """What was said before an interruption: words and finished thinking, no calls.

        Calls are left out because they may not be all; thinking that nothing follows is left out
        because no provider takes it back. None if nothing was said. An answer that was finished
        is kept whole.
        """
        if self.finished is not None:
            return self.message()
        parts = [part for part in self._parts if isinstance(part, Text | Thinking)]
        if self._text:
            parts.append(Text("".join(self._text)))
        while parts and isinstance(parts[-1], Thinking):
            parts.pop()
        return Message("assistant", tuple(parts)) if parts else None


class Shown:
    """Keeps text from being shown twice when an attempt is repeated.

    Feed it every piece of text; it answers with the words to show. After a restart it holds its
    peace while the new attempt repeats what the eye has already seen, and goes on where the old one
    broke off. If the new attempt says something else, what was shown is void, and the new words
    are shown from their beginning.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._seen: str | None = None
        """What earlier attempts have shown, while this one repeats it."""
        self._repeated = 0
        """How many characters of it this one has said."""

    def text(self, text: str) -> tuple[str, bool]:
        """The words to show for a text delta, and whether what was shown before is void."""
        if self._seen is None:
            self._pieces.append(text)
            return text, False
        if self._seen.startswith(text, self._repeated):
            self._repeated += len(text)
            return "", False
        rest = self._seen[self._repeated :]
        if text.startswith(rest):
            return self._go_on(self._seen, text[len(rest) :]), False
        return self._go_on("", self._seen[: self._repeated] + text), True

    def end(self) -> tuple[str, bool]:
        """The answer is complete. If it says less than was shown, that is void; as `text`."""
        if self._seen is None or self._repeated == len(self._seen):
            return "", False
        return self._go_on("", self._seen[: self._repeated]), True

    def _go_on(self, shown: str, fresh: str) -> str:
        self._pieces = [shown, fresh]
        self._seen = None
        return fresh

    def restart(self) -> None:
        """Another attempt begins."""
        if self._seen is None:
            self._seen = "".join(self._pieces) or None
            self._pieces.clear()
        self._repeated = 0

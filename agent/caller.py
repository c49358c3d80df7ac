"""One call of the model: announced, streamed, shown as it comes, recorded whole or broken off."""

import asyncio
from contextlib import aclosing

from .bus import Bus
from .context import ModelUse, assemble, estimated_tokens
from .deltas import Delta, Finished, Restarted, Shown, TextDelta, ThinkingDelta
from .errors import ProviderError
from .events import Body, ModelRequest, Notice, TextStreamed, ThinkingStreamed, ToolSpec
from .messages import Message, legible_text
from .metering import Meter
from .ports import Provider
from .reply import Reply
from .transcript import Transcript


class Caller:
    """Calls the model of one agent."""

    def __init__(
        self,
        provider: Provider,
        bus: Bus,
        transcript: Transcript,
        use: ModelUse,
        path: tuple[str, ...],
    ) -> None:
        self._provider = provider
        self._bus = bus
        self._transcript = transcript
        self._use = use
        self._path = path

    async def call(self, tools: tuple[ToolSpec, ...]) -> Message:
        """The answer to the conversation as it stands; already recorded.

        Raises:
            ProviderError: there is none, or not all of it; what was spoken until then is recorded.
            StoreError: the log has ended, and nothing was asked.
        """
        request = assemble(self._transcript, tools, self._use, self._bus.session)
        tokens = estimated_tokens(self._transcript)
        self._bus.announce(ModelRequest("main", self._provider.name, tokens), self._path)
        meter = Meter(tokens, self._transcript.characters_per_token)
        reply, shown = Reply(self._provider.name, self._use, meter, self._emit), Shown()
        try:
            async with aclosing(self._provider.stream(request)) as deltas:
                async for delta in deltas:
                    reply.add(delta)
                    self._show(delta, shown)
            return Message("assistant", reply.complete().parts)
        except (asyncio.CancelledError, ProviderError):
            reply.break_off()
            raise

    def _show(self, delta: Delta, shown: Shown) -> None:
        match delta:
            case TextDelta(text):
                self._show_text(*shown.text(text))
            case Finished():
                self._show_text(*shown.end())
            case ThinkingDelta(text):
                self._emit(ThinkingStreamed(legible_text(text)))
            case Restarted(attempt, wait, reason):
                shown.restart()
                self._emit(Notice("retry", f"{reason}; attempt {attempt} in {wait:.1f} s"))
            case _:
                pass

    def _show_text(self, fresh: str, void: bool) -> None:
        if void:
            self._emit(Notice("restarted", "the text streamed before is void"))
        if fresh:
            self._emit(TextStreamed(legible_text(fresh)))

    def _emit(self, body: Body) -> None:
        self._bus.emit(body, self._path)

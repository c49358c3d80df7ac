"""Puts the streamed pieces of Chat Completions tool calls together.

OpenAI gives each call an index, and its id and name in the first piece. Others leave the index out
(Gemini; older Ollama: ollama/ollama#7881), give all calls index 0 (ollama/ollama#15457), leave
the id out (vercel/ai, continuedev/continue#13235), repeat id and name in every piece, or make up a
new id for every piece (older vLLM). So a piece goes by its index, or else by its id, or else to the
last call; and it begins a new call if it has a name and another id than the call so found.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from ..deltas import CallDelta
from ..messages import ToolCall


class _FunctionPiece(Struct, frozen=True):
    name: str | None = None
    arguments: str | dict[str, Raw] | None = None
    """Compatible servers have been seen to send the object itself."""


class CallPiece(Struct, frozen=True):
    """One entry of a delta's `tool_calls`."""

    index: int | None = None
    id: str | None = None
    function: _FunctionPiece | None = None
    extra_content: Raw = Raw()
    """Gemini: goes back beside the call."""


class FinishedCall(Struct, frozen=True):
    """A call, and what must go back beside it (None: nothing)."""

    call: ToolCall
    extra: object


class _Open:
    """A call as far as it has arrived."""

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.extra = Raw()


class Calls:
    """The calls of one answer, in the order of their beginning."""

    def __init__(self) -> None:
        self._open: list[_Open] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, piece: CallPiece) -> CallDelta:
        """Put a piece to its call; says so for the eyes."""
        function = piece.function or _FunctionPiece()
        name = function.name or ""
        call = self._call(piece.index, piece.id or "", name)
        call.id = call.id or piece.id or ""
        call.name = call.name or name
        call.extra = piece.extra_content if bytes(piece.extra_content) else call.extra
        match function.arguments:
            case str(arguments):
                pass
            case None:
                arguments = ""
            case fields:
                arguments = msgspec.json.encode(fields).decode()
        call.arguments.append(arguments)
        return CallDelta(call.name, len(arguments))

    def finished(self, answer: str) -> Iterator[FinishedCall]:
        """The calls, complete; `answer` is the response's id. Ids that are missing or given twice
        are made unique, the same way for the same stream: results are matched by them."""
        taken: set[str] = set()
        for number, call in enumerate(self._open):
            id = call.id or f"call_{answer}_{number}"
            if id in taken:
                id = f"{id}_{number}"
            taken.add(id)
            extra = bytes(call.extra)
            yield FinishedCall(
                ToolCall(id, call.name, "".join(call.arguments)),
                msgspec.json.decode(extra) if extra else None,
            )

    def _call(self, index: int | None, id: str, name: str) -> _Open:
        """The call that a piece belongs to, a new one if there is none."""
        found = self._found(index, id, name)
        if found is None or (name and id and found.id and id != found.id):
            found = _Open(index)
            self._open.append(found)
        return found

    def _found(self, index: int | None, id: str, name: str) -> _Open | None:
        last = self._open[-1] if self._open else None
        if index is not None:
            begun = [call for call in self._open if call.index == index]
            if not begun and not name and last is not None and last.index is None:
                return last
        elif id:
            begun = [call for call in self._open if call.id == id]
        else:
            return None if name else last
        return begun[-1] if begun else None

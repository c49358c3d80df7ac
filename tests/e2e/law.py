"""The law of the record (`agent/events.py`), checked on the stored log of a session."""

import hashlib
from pathlib import Path

import msgspec

from e2e.process import Json, lines

_WORKED = ("done", "blocked", "verification")
"""Statuses of turns that came to rest by themselves: in these nothing is left undecided."""


def check(log: Path) -> None:
    """Fail if a whole log breaks the law. Of a log that was damaged nothing is claimed."""
    data = log.read_bytes() if log.is_file() else b""
    if not _is_whole(data):
        return
    records = lines(data)
    _numbered(records)
    _Brackets(log).check(records)


def _is_whole(data: bytes) -> bool:
    before = ""
    for line in data.splitlines():
        if f'"prev":"{before}"'.encode() not in line:
            return False
        before = hashlib.sha256(line).hexdigest()
    return data.endswith(b"\n")


def _numbered(records: list[Json]) -> None:
    numbers = [record["seq"] for record in records]
    assert numbers == sorted(set(map(int, map(str, numbers)))), "seq does not rise"
    assert records[0]["kind"] == "session.started"


class _Brackets:
    """Every action is proposed, decided once, begun at most once if it was allowed, and ended."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._open: dict[object, list[Json]] = {}
        self._undecided: list[Json] = []
        self._asked: list[object] = []
        self._closing = False
        """Whether what a killed run left open is being closed by the next."""
        self._acts = True
        """Whether calls of the model are obeyed: asked for a summary, it may ask for what it
        likes."""

    def check(self, records: list[Json]) -> None:
        for record in records:
            self._take(record)
        if records[-1]["kind"] == "result":
            assert not self._open, f"{self._log}: never ended: {list(self._open)}"

    def _take(self, record: Json) -> None:
        id = record.get("id")
        match record["kind"]:
            case "session.started":
                self._closing = True
            case "turn.started" | "model.request":
                self._closing = False
                self._acts = record.get("purpose", "main") == "main"
            case "message" if record["role"] == "assistant" and self._acts:
                self._asked += calls_of(record)
            case "action.proposed":
                assert id not in self._open, f"{self._log}: {id} is proposed while it is open"
                self._open[id] = [record]
            case "decision" | "action.started":
                assert id in self._open, f"{self._log}: {record['kind']} of nothing: {record}"
                self._open[id].append(record)
            case "action.ended":
                assert id in self._open, f"{self._log}: an end of nothing: {record}"
                self._ended([*self._open.pop(id), record])
                if id in self._asked:
                    self._asked.remove(id)
            case "turn.ended":
                assert not self._open, f"{self._log}: open at the turn's end: {list(self._open)}"
                assert not self._asked, f"{self._log}: calls without an end: {self._asked}"
                if record["status"] in _WORKED:
                    assert not self._undecided, f"{self._log}: undecided: {self._undecided}"
                self._undecided.clear()
            case _:
                pass

    def _ended(self, bracket: list[Json]) -> None:
        kinds = [str(record["kind"]) for record in bracket[1:-1]]
        end = bracket[-1]
        where = f"{self._log}: {bracket}"
        if "decision" not in kinds:
            assert not kinds and end["status"] == "cancelled", where
            if not self._closing:
                self._undecided.append(bracket[0])
            return
        assert kinds in (["decision"], ["decision", "action.started"]), where
        if bracket[1]["outcome"] == "deny":
            assert kinds == ["decision"], where
            assert end["status"] == ("failed" if bracket[1]["by"] == "schema" else "denied") or (
                end["status"] == "cancelled"
            ), where
        else:
            assert end["status"] != "denied", where


def calls_of(message: Json) -> list[object]:
    """The ids of the calls in an assistant's message."""
    parts = msgspec.convert(message["parts"], list[Json])
    return [part["id"] for part in parts if part["type"] == "tool_call"]

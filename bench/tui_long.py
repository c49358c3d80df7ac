"""Long sessions in the terminal: typing while an answer streams in, and going on after thousands
of turns."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from measure import BenchError
from pseudo import CLEARED, Terminal, quantile, terminal, typed
from rig import Rig
from table import MB, MS, SECONDS, Row, within
from tui_child import ANSWER
from tui_peers import READY, Peer, kedge

from kedge.agent.bus import Bus
from kedge.agent.effects import Effect
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    Compacted,
    Decision,
    MessageAdded,
    ModelRequest,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Text, ToolCall
from kedge.agent.stores.jsonl import JsonlStore
from loopback.script import Fault, Script, turn

TURNS = 5_000
BLOCKS = 2_000
RATE = 200
"""Tokens a second while keys are typed."""
_PACE = 1 / RATE - 0.0008
"""Seconds that the server waits before each of them; the rest is its own work."""
_BLOCKS_OF_A_TURN = 4
_KEY, _MEMORY, _PAGE, _WHOLE = 0.030, 200e6, 0.100, 5.0
"""What is to be reached; the last two are kedge's own promises for `TURNS` turns."""
_FIND = b"\x06"
_SEEN_LAST = b"the end of it all"
_WORDS = ("harbour", "crane", "rope", "keel", "sail", "mast", "anchor", "tide", "buoy", "deck")


def typing(rig: Rig) -> Iterator[Row]:
    """From a key to its character on the screen, with a session beneath."""
    keys = 130 if rig.rounds(3) > 2 else 52
    text = (ANSWER * (RATE * 200 * 5 // len(ANSWER) + 1))[: RATE * 200 * 5]
    answer = turn(text, delta=5, fault=Fault("slow", delay=_PACE))
    for name, more, resized in (
        ("", (), False),
        (", the window resized", (), True),
        (", inline", ("--inline",), False),
    ):
        with rig.server(Script((answer,))) as server, rig.workspace() as place:
            session = made(rig, place, BLOCKS // _BLOCKS_OF_A_TURN)
            ours = kedge(rig, server.url).asked("-r", session, *more)
            with terminal(ours.command, place, ours.env) as screen:
                screen.until(_SEEN_LAST)
                screen.settle()
                floor = typed(screen, keys // 2)
                screen.press(CLEARED + b"more\r")
                screen.rest(3)
                before, began = screen.cpu, time.monotonic()
                samples = typed(screen, keys, resized=resized)
                share = (screen.cpu - before) / (time.monotonic() - began)
        what = f"key to screen, {RATE} tokens/s into {BLOCKS:,} blocks{name}"
        note = f"floor: the same before the answer; {keys} keys; {share:.0%} of a processor"
        yield Row(f"{what}, median", MS.show(quantile(samples, 50)), MS.show(quantile(floor, 50)))
        yield within(
            f"{what}, p95", [quantile(samples, 95)], MS, _KEY, floor=[quantile(floor, 95)],
            note=note,
        )  # fmt: skip


def long(rig: Rig) -> Iterator[Row]:
    """Going on with a session of thousands of turns."""
    turns = TURNS if rig.rounds(3) > 2 else TURNS // 5
    with rig.server(Script(())) as server, rig.workspace() as place:
        session = made(rig, place, turns)
        ours = kedge(rig, server.url).asked("-r", session)
        yield from _long(ours, place, f"{turns:,} turns")


def _long(ours: Peer, place: Path, what: str) -> Iterator[Row]:
    with terminal(ours.command, place, ours.env) as screen:
        yield Row(f"{what}: first paint", SECONDS.show(screen.until(READY)))
        yield within(f"{what}: the end is seen", [screen.until(_SEEN_LAST)], SECONDS, _WHOLE)
        screen.settle()
        yield _memory(screen, f"{what}: memory once it is shown")
        for name, keys, seen, rounds in (
            ("PageUp", b"\x1b[5~", b"", 20),
            ("to the beginning", b"\x1b[1;3H", b"prompt 0 ", 1),
            ("PageDown", b"\x1b[6~", b"", 20),
            ("to the end", b"\x1b[1;3F", _SEEN_LAST, 1),
            ("search", b"\r", b"prompt 17 is to", 1),
        ):
            if name == "search":
                screen.press(_FIND)
                screen.rest(0.5)
                screen.press(b"prompt 17 is")
            samples = [_shown(screen, keys, seen) for _ in range(rounds)]
            yield within(f"{what}: {name}", samples, MS, _PAGE if rounds > 1 else 10 * _PAGE)
            screen.settle()
        yield within(f"{what}: memory after that", [screen.memory()], MB, _MEMORY)


def _memory(screen: Terminal, what: str) -> Row:
    note = f"PSS; RSS is {MB.show(screen.memory('Rss'))}"
    return within(what, [screen.memory()], MB, _MEMORY, note=note)


def _shown(screen: Terminal, keys: bytes, seen: bytes) -> float:
    """Seconds from keys to what they show, or to the first that they change."""
    screen.settle(0.1)
    began = time.monotonic()
    screen.press(keys)
    if seen:
        screen.until(seen, 30)
    else:
        while not screen.read(0.01):
            if time.monotonic() - began > 5:
                raise BenchError(f"{keys!r} changed nothing")
    return time.monotonic() - began


def made(rig: Rig, place: Path, turns: int) -> str:
    """A session of so many turns, with a command and words in each; its id.

    The model sees the last few only, as it would by then."""
    session = f"20260101-000000-{turns:06x}"
    log = JsonlStore(Path(rig.env["HOME"]) / ".local/state/kedge/sessions").open(session)
    bus = Bus(session, log, durable=False)
    bus.emit(
        SessionStarted(
            cwd=str(place),
            git_head=None,
            kedge_version="0",
            config_version="c",
            experiment_arm=None,
            policy_hash="p",
            sandbox="off",
            mode="full",
            model="anthropic/claude-opus-5-5",
            system="s" * 4000,
            environment="e",
            tools=(),
        )  # fmt: skip
    )
    chance = random.Random(turns)
    for number in range(turns):
        if number == turns - 5:
            bus.emit(Compacted(bus.last_seq, "what was done so far. " * 100))
        _turn(bus, chance, number, last=number == turns - 1)
    log.close()
    return session


def _turn(bus: Bus, chance: random.Random, number: int, *, last: bool) -> None:
    """A prompt, words, a command, an answer."""
    bus.turn += 1
    said = " ".join(chance.choices(_WORDS, k=30))
    call = ToolCall(f"call_{number}", "bash", '{"command":"make"}')
    bus.emit(TurnStarted((Text(f"prompt {number} is to {said}"),)))
    bus.emit(ModelRequest("main", "anthropic/claude-opus-5-5", 20_000))
    bus.emit(MessageAdded("assistant", (Text(f"first, {said}"), call), stop_reason="tool_use"))
    bus.emit(ActionProposed(call.id, "bash", {"command": "make"}, (Effect("run", "make"),)))
    bus.emit(Decision(call.id, "allow", "mode", "everything is allowed"))
    bus.emit(ActionStarted(call.id, "bash"))
    bus.emit(ActionEnded(call.id, "bash", "ok", (Text("output\n" * 100),)))
    bus.emit(ModelRequest("main", "anthropic/claude-opus-5-5", 20_000))
    words = ANSWER + (_SEEN_LAST.decode() if last else said)
    bus.emit(MessageAdded("assistant", (Text(words),), stop_reason="end"))
    bus.emit(TurnEnded("done"))

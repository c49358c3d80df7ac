"""Going back: what the transcript forgets, and what the record keeps of files."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kedge.agent.aftermath import Aftermath
from kedge.agent.bus import Bus
from kedge.agent.checkpoint_facts import Checkpointed, Rewound
from kedge.agent.effects import CommandPart, Effect, FileChange
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    Body,
    Compacted,
    Event,
    MessageAdded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.keeping import Checkpoint, Keeping, Net
from kedge.agent.messages import Text, ToolCall
from kedge.agent.outcome import Outcome
from kedge.agent.ports import Action
from kedge.agent.register import Register
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.tools.workspace import Workspace
from kedge.agent.transcript import Rest, transcript
from kedge.config.errors import KedgeError
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots

STARTED = SessionStarted(*("/ship", None, "1", "1", None, "", "off", "auto", "m", "sys", "env", ()))


def events(*bodies: Body) -> list[Event]:
    """Numbered from 1."""
    return [
        Event(seq, "s", ("main",), 1, "2026-01-01T00:00:00+00:00", body)
        for seq, body in enumerate(bodies, 1)
    ]


def said(text: str) -> TurnStarted:
    return TurnStarted((Text(text),))


def answered(text: str) -> MessageAdded:
    return MessageAdded("assistant", (Text(text),))


TALK = (STARTED, said("one"), answered("1"), TurnEnded("done"), said("two"), answered("2"))


def test_going_back_forgets_the_prompt_and_all_after_it() -> None:
    before = transcript(events(*TALK[:4]))
    after = transcript(events(*TALK, Rewound(5, "both")))
    assert after.messages == before.messages
    assert after.characters == before.characters
    assert isinstance(after.next_step(), Rest) and after.finished


def test_going_back_behind_the_first_prompt_introduces_the_next() -> None:
    after = transcript(events(*TALK, Rewound(2, "conversation"), said("anew")))
    (message,) = after.messages
    assert message.parts == (Text("env"), Text("anew"))


def test_going_back_behind_a_compaction_shows_what_it_left_out() -> None:
    before = transcript(events(*TALK[:4]))
    compacted = Compacted(3, "in short")
    after = transcript(events(*TALK, compacted, Rewound(5, "conversation")))
    assert after.compacted is None
    assert after.messages == before.messages


def test_an_undone_going_back_gives_all_of_the_conversation_back() -> None:
    call = MessageAdded("assistant", (ToolCall("c", "read", "{}"),))
    before = transcript(events(*TALK, call, ActionProposed("c", "read", {}, ())))
    gone = (Rewound(5, "both"), Rewound(9, "both", redone=True))
    after = transcript(events(*TALK, call, ActionProposed("c", "read", {}, ()), *gone))
    assert after.messages == before.messages
    assert after.unanswered == before.unanswered and after.proposed("c")
    assert not after.finished


def test_after_a_new_prompt_the_old_conversation_does_not_come_back() -> None:
    went = (Rewound(5, "both"), said("other"))
    kept = transcript(events(*TALK, *went))
    assert (
        transcript(events(*TALK, *went, Rewound(7, "both", redone=True))).messages == kept.messages
    )


def registered(*bodies: Body) -> Register:
    register = Register()
    for event in events(*bodies):
        register.add(event)
    return register


def changed(path: str) -> ActionEnded:
    return ActionEnded("c", "write", "ok", (), changes=(FileChange(path, "modified"),))


DEMANDS = (
    *(STARTED, said("Never sing."), changed("a")),
    *(said("Always dance."), changed("b"), answered("Decision: waltz")),
)


def test_the_register_goes_back_and_forth() -> None:
    before, whole = registered(*DEMANDS[:3]), registered(*DEMANDS)
    after = registered(*DEMANDS, Rewound(4, "both"))
    assert after.constraints == before.constraints == ("Never sing.",)
    assert (after.decisions, after.changed) == (before.decisions, before.changed)
    again = registered(*DEMANDS, Rewound(4, "both"), Rewound(7, "both", redone=True))
    assert (again.constraints, again.changed) == (whole.constraints, whole.changed)


def test_the_register_keeps_two_ways_from_one_prompt_apart() -> None:
    other = (*DEMANDS, Rewound(4, "both"), said("Only hum."), changed("c"))
    gone = registered(*other)
    assert (gone.constraints, [*gone.changed]) == (("Never sing.", "Only hum."), ["a", "c"])
    back = registered(*other, Rewound(8, "both"))
    assert (back.constraints, [*back.changed]) == (("Never sing.",), ["a"])


def test_files_put_back_are_in_the_register_as_such() -> None:
    back = Rewound(4, "files", files=(FileChange("b", "modified"),))
    after = registered(*DEMANDS, back)
    assert after.changed == {"a": "modified", "b": "modified by the person, who went back"}
    assert "Always dance." in after.constraints


def told(*bodies: Body) -> str:
    aftermath = Aftermath()
    for event in events(*bodies):
        aftermath.add(event)
    return aftermath.words


def test_the_model_is_told_of_files_put_back_until_the_next_prompt() -> None:
    back = Rewound(4, "files", files=(FileChange("b", "modified"),))
    assert "- b" in told(*DEMANDS, back)
    assert told(*DEMANDS, back, said("next")) == ""
    assert told(*DEMANDS, Rewound(4, "both", files=back.files)) == ""
    many = tuple(FileChange(str(number), "modified") for number in range(50))
    assert "and 20 more" in told(*DEMANDS, Rewound(4, "files", files=many))


def test_the_model_reads_a_file_anew_that_it_knew_only_from_what_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    read = ActionProposed("c", "read", {}, (Effect("read", str(path)),))
    seen = ActionEnded("c", "read", "ok", ())
    log = (STARTED, said("one"), read, seen, said("two"))
    workspace = Workspace(RootedFiles(Roots.at(tmp_path)), tmp_path)
    for event in events(*log):
        workspace.hear(event)
    assert workspace.known(path)
    workspace.hear(events(*log, Rewound(5, "both"))[-1])
    assert workspace.known(path)
    workspace.hear(events(*log, Rewound(2, "both"))[-1])
    assert not workspace.known(path)


@pytest.mark.parametrize("rewound", [Rewound(5, "files"), Rewound(5, "both", redone=True)])
def test_files_alone_do_not_change_the_conversation(rewound: Rewound) -> None:
    assert transcript(events(*TALK, rewound)).messages == transcript(events(*TALK)).messages


def test_the_words_of_a_prompt_are_there_until_it_is_gone() -> None:
    talk = transcript(events(*TALK))
    assert talk.prompt(5) == "two"
    with pytest.raises(KeyError):
        transcript(events(*TALK, Rewound(5, "both"))).prompt(5)


class Disk:
    """A keeper that counts."""

    def __init__(self, *covered: str, broken: bool = False) -> None:
        self.covered = {*covered}
        self.kept: list[tuple[str, ...]] = []
        self._broken = broken

    async def keep(self, reason: str, named: Sequence[str]) -> Checkpoint:
        if self._broken:
            raise KedgeError("the disk is full")
        names = tuple(named)
        self.covered |= {*names}
        self.kept.append(names)
        return Checkpoint(str(len(self.kept)), "too large: x")

    def misses(self, path: str) -> bool:
        return path not in self.covered

    def could_cover(self, path: str) -> bool:
        return path.startswith("/ship/")

    async def changes(self, before: str, after: str) -> tuple[FileChange, ...]:
        return (FileChange(f"{before}-{after}", "created"),)

    def shown(self, path: str) -> str:
        return path

    async def close(self) -> None:
        pass


def action(*effects: Effect) -> Action:
    return Action(ToolCall("c", "tool", "{}"), {}, effects)


def run(risk: str) -> Effect:
    part = CommandPart(("x",), "safe" if risk == "safe" else "unknown", "")
    return Effect("run", "x", part=0, command=part)


@pytest.fixture
def bus() -> Bus:
    """In turn 1."""
    bus = Bus("s", MemoryStore().open("s"))
    bus.turn = 1
    return bus


async def test_the_first_change_of_a_turn_is_preceded_by_a_checkpoint(bus: Bus) -> None:
    disk = Disk("/ship/a")
    keeping = Keeping(disk, bus)
    for _ in range(2):
        await keeping.before(action(Effect("read", "/ship/a")))
        await keeping.before(action(Effect("write", "/ship/a")))
    assert len(disk.kept) == 1
    bus.turn = 2
    await keeping.before(action(Effect("delete", "/ship/a")))
    assert len(disk.kept) == 2


async def test_every_command_that_may_change_something_is(bus: Bus) -> None:
    disk = Disk()
    keeping = Keeping(disk, bus)
    for risk in ("safe", "unknown", "unknown"):
        await keeping.before(action(run(risk)))
    assert len(disk.kept) == 2


async def test_a_file_that_is_not_covered_yet_is_kept_before_it_is_written(bus: Bus) -> None:
    disk = Disk()
    keeping = Keeping(disk, bus)
    for path in ("/ship/a", "/ship/b", "/ship/b", "/outside"):
        await keeping.before(action(Effect("write", path)))
    assert disk.kept == [("/ship/a",), ("/ship/b",)]


async def test_work_goes_on_where_nothing_can_be_kept_and_that_is_said(bus: Bus) -> None:
    seen: list[Body] = []
    bus.watch(lambda event: seen.append(event.body))
    keeping = Keeping(Disk(broken=True), bus)
    for _ in range(2):
        await keeping.before(action(run("unknown")))
    assert [getattr(one, "text", "") for one in seen] == [
        "what follows cannot be undone: the disk is full"
    ]
    assert await keeping.end() is None


async def test_the_end_is_compared_with_the_first_checkpoint(bus: Bus) -> None:
    seen: list[Body] = []
    bus.watch(lambda event: seen.append(event.body))
    keeping = Keeping(Disk(), bus)
    await keeping.before(action(run("unknown")))
    await keeping.before(action(run("unknown"), Effect("write", "/outside")))
    net = await keeping.end()
    assert net == Net((FileChange("1-3", "created"),), frozenset())
    assert [one.closes for one in seen if isinstance(one, Checkpointed)] == [False, False, True]


def settled(net: Net, *changes: FileChange) -> tuple[FileChange, ...]:
    outcome = Outcome(STARTED)
    proposed = ActionProposed("c", "edit", {}, (Effect("write", "/ship/a"),))
    for event in events(proposed, ActionEnded("c", "edit", "ok", (), changes=changes)):
        outcome.add(event)
    outcome.settle(net)
    return outcome.result(duration_ms=0).evidence.files_changed


def test_files_speak_for_themselves() -> None:
    net = Net((FileChange("a", "modified", 3, 1),), frozenset())
    assert settled(net, FileChange("a", "created"), FileChange("gone", "created")) == net.changes


def test_what_nobody_compared_is_as_tools_said() -> None:
    outside = FileChange("/outside", "created", 1)
    assert settled(Net((), frozenset({"/outside"})), outside) == (outside,)


def test_a_move_stays_a_move() -> None:
    moved = FileChange("b", "moved", 1, 1, "a")
    net = Net((FileChange("a", "deleted"), FileChange("b", "created")), frozenset())
    assert settled(net, moved) == (moved,)

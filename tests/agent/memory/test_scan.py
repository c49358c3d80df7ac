"""Recall by reading logs: finds what was said in past sessions of this project, and in no other."""

import pytest

from kedge.agent.codec import encode
from kedge.agent.events import Event, MessageAdded, SessionStarted, TurnStarted
from kedge.agent.memory.scan import ScanRecall
from kedge.agent.messages import Text
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.tools.recall import Recaller


def _started(cwd: str) -> SessionStarted:
    return SessionStarted(
        cwd=cwd, git_head=None, kedge_version="0", config_version="", experiment_arm=None,
        policy_hash="", sandbox="", mode="ask", model="m", system="", environment="", tools=(),
    )  # fmt: skip


@pytest.fixture
def store():
    store = MemoryStore()

    def keep(id: str, cwd: str, prompt: str, answer: str) -> None:
        log = store.open(id)
        said = (
            _started(cwd),
            TurnStarted((Text(prompt),)),
            MessageAdded("assistant", (Text(answer),)),
        )
        for seq, body in enumerate(said, 1):
            log.append(encode(Event(seq, id, ("main",), 1, "2026-11-21T00:00:00Z", body)))
        log.close()

    keep("s1", "/w", "Why is the parser slow?", "It reads the grammar twice.")
    keep("s2", "/w", "Fix the parser.", "The cache of the grammar is fixed.")
    keep("s3", "/other", "The parser of another project", "secret")
    return store


def test_what_has_more_of_the_words_comes_first(store):
    found = ScanRecall(store, "/w").search("parser slow", 5)
    assert [(one.session, one.speaker) for one in found] == [("s1", "person"), ("s2", "person")]


def test_other_projects_and_the_session_that_asks_are_left_out(store):
    assert {one.session for one in ScanRecall(store, "/w", "s2").search("parser", 9)} == {"s1"}


def test_no_more_is_given_than_was_asked_for(store):
    assert len(ScanRecall(store, "/w").search("grammar the parser", 1)) == 1


def test_words_that_nobody_said_find_nothing(store):
    assert ScanRecall(store, "/w").search("zebra", 5) == []
    assert ScanRecall(store, "/w").search("?!", 5) == ()


async def test_the_tool_names_session_and_speaker(store):
    text = await Recaller(ScanRecall(store, "/w")).recall("twice")
    assert text == "s1, 2026-11-21, model:\nIt reads the grammar twice."

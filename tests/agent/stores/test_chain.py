"""A log that is not what was written is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.bus import Bus
from kedge.agent.codec import digest
from kedge.agent.events import Notice
from kedge.agent.stores.chain import damage
from kedge.agent.stores.jsonl import JsonlStore
from kedge.agent.stores.memory import MemoryLog


def written(count):
    """The lines of a log with so many facts."""
    lines: list[bytes] = []
    bus = Bus("s", MemoryLog(lines))
    for number in range(count):
        bus.emit(Notice("n", str(number)))
    return [line + b"\n" for line in lines]


LINES = written(12)
HEAD = digest(LINES[-1][:-1])


def test_a_log_as_it_was_written_is_whole():
    assert damage(LINES, HEAD) is None
    assert damage(LINES) is None
    assert damage([]) is None


@given(st.sets(st.integers(0, len(LINES) - 1), min_size=1))
def test_whatever_records_are_removed_is_noticed(gone):
    assert damage([line for place, line in enumerate(LINES) if place not in gone], HEAD)


@given(st.permutations(LINES))
def test_another_order_is_noticed(lines):
    assert bool(damage(lines, HEAD)) == (lines != LINES)


@pytest.mark.parametrize("place", range(len(LINES)))
def test_a_changed_text_is_noticed(place):
    changed = LINES[place].replace(f'"text":"{place}"'.encode(), b'"text":"other"')
    lines = [*LINES[:place], changed, *LINES[place + 1 :]]
    assert damage(lines, HEAD)


def test_what_was_added_since_the_log_was_closed_is_no_damage():
    assert damage(LINES, digest(LINES[5][:-1])) is None


def test_a_torn_line_is_named_for_what_it_is():
    assert "torn" in str(damage([*LINES[:3], LINES[3][:-5]]))


@pytest.fixture
def closed(tmp_path):
    store = JsonlStore(tmp_path)
    log = store.open("s")
    for line in LINES:
        log.append(line[:-1])
    log.close()
    return store


def test_a_closed_session_is_whole(closed):
    assert closed.damage("s") is None
    assert closed.sessions() == ("s",)


def test_a_missing_end_is_noticed_after_the_session_was_closed(closed):
    closed.path("s").write_bytes(b"".join(LINES[:-1]))
    assert "the end is missing" in str(closed.damage("s"))


def test_a_missing_end_is_told_to_whoever_opens_the_log_and_looking_does_not_hide_it(closed):
    closed.path("s").write_bytes(b"".join(LINES[:-1]))
    for _ in range(2):
        log = closed.open("s")
        assert "the end" in log.mended
        log.close()
    assert "the end is missing" in str(closed.damage("s"))


def test_what_a_killed_process_added_is_no_missing_end(closed):
    log = closed.open("s")
    log.append(b'{"v":1}')
    log.abandon()
    log = closed.open("s")
    assert log.mended == ""
    log.abandon()


def test_a_session_that_goes_on_is_whole_while_it_is_open(closed):
    log = closed.open("s")
    bus = Bus("s", log)
    bus.emit(Notice("n", "more"))
    assert closed.damage("s") is None
    log.close()
    assert closed.damage("s") is None


def test_a_log_that_was_removed_is_noticed_by_what_is_left_of_it(closed):
    assert closed.lost() == ()
    closed.path("s").unlink()
    assert closed.lost() == ("s",)

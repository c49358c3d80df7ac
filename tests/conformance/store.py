"""What every `Store` promises. Subclass `StoreLaws`, give it a fixture `store`, and run it.

class TestMine(StoreLaws):
    @pytest.fixture
    def store(self): return MyStore()
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.codec import decode, digest, encode
from kedge.agent.errors import StoreError
from kedge.agent.events import Event, Notice
from kedge.agent.lineage import Forked
from kedge.agent.stores.forking import ancestors, fork


def event(seq: int, text: str = "x", session: str = "s", prev: str = "") -> Event:
    return Event(seq, session, ("main",), 1, "t", Notice("n", text), prev)


def line(seq: int, text: str = "x", session: str = "s", prev: str = "") -> bytes:
    return encode(event(seq, text, session, prev))


def chain(count: int, session: str = "s") -> list[bytes]:
    """So many lines, each with the digest of the one before."""
    lines: list[bytes] = []
    for seq in range(1, count + 1):
        prev = digest(lines[-1]) if lines else ""
        lines.append(line(seq, str(seq), session, prev))
    return lines


def written(store, session, *lines):
    log = store.open(session)
    for one in lines:
        log.append(one)
    log.close()


class StoreLaws:
    """One method, one law."""

    def test_facts_are_read_in_the_order_in_which_they_were_written(self, store):
        written(store, "s", line(1), line(2))
        written(store, "s", line(3))
        assert list(store.read("s")) == [event(1), event(2), event(3)]

    def test_sessions_do_not_see_each_other(self, store):
        one, other = store.open("one"), store.open("other")
        one.append(line(1, "one"))
        other.append(line(1, "other"))
        one.append(line(2, "one"))
        assert [fact.body.text for fact in store.read("one")] == ["one", "one"]
        assert [fact.body.text for fact in store.read("other")] == ["other"]
        one.close()
        other.close()

    def test_what_was_appended_can_be_read_at_once(self, store):
        log = store.open("s")
        log.append(line(1))
        assert list(store.read("s")) == [event(1)]
        log.sync()
        assert list(store.lines("s")) == [line(1)]
        log.close()

    def test_the_last_line_is_that_of_the_bytes_as_they_were_written(self, store):
        odd = b'{"v":1,  "seq":9,"session":"s","path":[],"turn":0,"ts":"t","kind":"dreamt"}'
        log = store.open("s")
        assert log.last_line == b""
        log.append(line(1))
        assert log.last_line == line(1)
        log.append(odd)
        assert log.last_line == odd
        log.close()
        again = store.open("s")
        assert again.last_line == odd
        again.close()
        assert list(store.lines("s")) == [line(1), odd]

    @given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=200_000), max_size=3))
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    def test_the_last_line_is_found_however_long_it_is(self, store, texts):
        session = f"s{len(store.sessions())}"
        lines = [line(seq, text) for seq, text in enumerate(texts, 1)]
        written(store, session, *lines)
        log = store.open(session)
        assert log.last_line == (lines[-1] if lines else b"")
        log.close()

    @pytest.mark.parametrize("size", [65_534, 65_535, 65_536, 65_537, 131_072, 200_000])
    def test_the_last_line_is_found_at_every_edge_of_what_is_read_at_once(self, store, size):
        padding = size - len(line(2, "")) - 1
        written(store, "s", line(1), line(2, "x" * padding))
        log = store.open("s")
        assert log.last_line == line(2, "x" * padding)
        log.close()

    def test_unknown_kinds_are_left_out_of_what_is_read_but_kept(self, store):
        dreamt = line(2).replace(b"notice", b"dreamt")
        written(store, "s", line(1), dreamt, line(3))
        assert [fact.seq for fact in store.read("s")] == [1, 3]
        assert list(store.lines("s")) == [line(1), dreamt, line(3)]

    def test_a_damaged_line_is_an_error_after_those_before_it(self, store):
        written(store, "s", line(1), b'{"v":1}', line(3))
        facts = store.read("s")
        assert next(facts) == event(1)
        with pytest.raises(StoreError):
            next(facts)

    def test_a_session_that_is_not_there_cannot_be_read(self, store):
        for read in (store.read, store.lines):
            with pytest.raises(StoreError, match="there is no session 'nope'"):
                list(read("nope"))
        assert store.sessions() == ()

    def test_a_session_that_was_opened_exists_and_is_empty(self, store):
        written(store, "s")
        assert list(store.read("s")) == []
        assert list(store.sessions()) == ["s"]

    def test_the_session_written_to_last_comes_first(self, store):
        written(store, "a", line(1))
        written(store, "b", line(1))
        while store.sessions() != ("a", "b"):  # until the clock of the file system has gone on
            written(store, "a", line(1))
        while store.sessions() != ("b", "a"):
            written(store, "b", line(1))

    def test_a_log_that_was_closed_needs_no_mending(self, store):
        for _ in range(2):
            log = store.open("s")
            assert log.mended == ""
            log.append(line(1))
            log.close()

    def test_a_session_is_open_once(self, store):
        log = store.open("s")
        with pytest.raises(StoreError, match="'s' is in use"):
            store.open("s")
        store.open("other").close()
        log.close()
        store.open("s").close()

    def test_a_closed_log_takes_nothing_and_may_be_closed_again(self, store):
        log = store.open("s")
        log.append(line(1))
        log.close()
        log.close()
        for late in (lambda: log.append(line(2)), log.sync):
            with pytest.raises(StoreError):
                late()
        assert list(store.read("s")) == [event(1)]

    def test_a_session_begins_with_lines_and_can_be_gone_on_with(self, store):
        store.begin("new", chain(2))
        assert list(store.sessions()) == ["new"]
        written(store, "new", line(3))
        assert list(store.lines("new")) == [*chain(2), line(3)]

    def test_a_session_that_is_there_is_not_begun_again(self, store):
        written(store, "s", line(1))
        with pytest.raises(StoreError, match="'s' already"):
            store.begin("s", chain(2))
        assert list(store.lines("s")) == [line(1)]

    def test_a_beginning_that_breaks_off_leaves_no_session(self, store):
        def breaks():
            yield line(1)
            raise StoreError("broken")

        with pytest.raises(StoreError, match="broken"):
            store.begin("new", breaks())
        assert store.sessions() == ()

    @pytest.mark.parametrize("upto", [None, 1, 2, 3, 99])
    def test_a_fork_takes_over_the_lines_and_goes_on_with_their_chain(self, store, upto):
        written(store, "s", *chain(3))
        last = fork(store, "s", "new", "t", upto)
        assert last == min(upto or 3, 3)
        *taken, own = store.lines("new")
        assert taken == chain(3)[:last]
        first = decode(own)
        assert first is not None
        assert (first.session, first.seq, first.body) == ("new", last + 1, Forked("s", last))
        assert first.prev == digest(taken[-1])
        assert list(store.lines("s")) == chain(3), "the parent is left as it was"

    def test_an_empty_session_cannot_be_forked(self, store):
        written(store, "s")
        with pytest.raises(StoreError, match="nothing to go on from"):
            fork(store, "s", "new", "t")
        assert list(store.sessions()) == ["s"]

    def test_a_fork_of_a_fork_knows_whose_records_it_took_over(self, store):
        written(store, "s", *chain(3))
        fork(store, "s", "new", "t")
        fork(store, "new", "newer", "t", 2)
        fork(store, "new", "newest", "t")
        assert ancestors(store, "s") == set()
        assert ancestors(store, "new") == ancestors(store, "newer") == {"s"}
        assert ancestors(store, "newest") == {"s", "new"}

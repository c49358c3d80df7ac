"""The index says what the logs say, whatever happened to it or to them."""

import os
import sqlite3
import stat

import pytest

from kedge.agent.bus import Bus
from kedge.agent.events import MessageAdded, TurnStarted
from kedge.agent.lineage import Renamed
from kedge.agent.messages import Text
from kedge.agent.stores.forking import fork
from kedge.agent.stores.index import SessionIndex
from kedge.agent.stores.jsonl import JsonlStore
from kedge.agent.stores.scanning import scan, scan_for
from kedge.agent.stores.summary import Where, excerpt, terms


@pytest.fixture
def store(tmp_path):
    return JsonlStore(tmp_path / "sessions")


@pytest.fixture
def index(tmp_path, store):
    return SessionIndex(tmp_path / "sessions.db", store)


@pytest.fixture
def talk(store, core):
    """Adds a prompt and an answer to a session, as a process of its own would."""

    def talk(session, prompt, answer="Yes.", **opening):
        log = store.open(session)
        bus = Bus(session, log)
        bus.emit(msgspec_replace(core.started, **opening))
        bus.emit(TurnStarted((Text(prompt),)))
        bus.emit(MessageAdded("assistant", (Text(answer),)))
        log.close()

    return talk


def msgspec_replace(started, **changes):
    from msgspec import structs

    return structs.replace(started, **changes)


def same(index, store):
    index.update()
    assert {row.id: row for row in index.summaries()} == {row.id: row for row in scan(store)}
    return index.summaries()


def found(index, query, **more):
    index.update()
    return [(one.session, one.text) for one in index.search(query, 10, **more)]


def test_it_says_what_the_logs_say(index, store, talk):
    talk("a", "Mend the sail.")
    talk("b", "Drop the anchor.")
    talk("a", "Once more.")
    rows = {row.id: row for row in same(index, store)}
    assert (rows["a"].prompt, rows["a"].prompts) == ("Mend the sail.", 2)
    assert index.update() == 0


def test_what_was_added_since_is_found_without_reading_the_rest_again(index, store, talk):
    talk("a", "Mend the sail.")
    index.update()
    before = store.path("a").read_bytes()
    talk("a", "Drop the anchor.")
    # What was read already is not looked at: it may even be unreadable.
    store.path("a").write_bytes(b"x" * len(before) + store.path("a").read_bytes()[len(before) :])
    index.update()
    assert [row.prompts for row in index.summaries()] == [2]
    assert found(index, "anchor") == [("a", "Drop the anchor.")]


def test_a_log_that_was_replaced_is_read_anew(index, store, talk):
    talk("a", "Mend the sail.")
    index.update()
    store.delete("a")
    talk("a", "A much longer prompt, " * 100 + "on anchors.")
    assert found(index, "sail") == []
    assert len(found(index, "anchors")) == 1
    same(index, store)


def test_a_session_that_is_gone_is_not_found(index, store, talk):
    talk("a", "Mend the sail.")
    assert found(index, "sail")
    store.delete("a")
    assert found(index, "sail") == [] and index.summaries() == []


def test_a_torn_line_is_taken_in_when_it_is_whole(index, store, talk):
    talk("a", "Mend the sail.", "Done with canvas.")
    whole = store.path("a").read_bytes()
    store.path("a").write_bytes(whole[:-7])
    assert found(index, "canvas") == []
    store.path("a").write_bytes(whole)
    assert found(index, "canvas") == [("a", "Done with canvas.")]
    same(index, store)


def test_damage_is_a_status_and_hides_no_other_session(index, store, talk):
    talk("a", "Mend the sail.")
    talk("b", "Mend the sail.")
    with store.path("a").open("ab") as file:
        file.write(b"\xff\xfe\n")
    store.path("c").mkdir()
    rows = {row.id: row.status for row in same(index, store)}
    assert rows == {"a": "damaged", "b": "unfinished", "c": "damaged"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sail", True),
        ("SAIL mend", True),
        ("sails", False),
        ("sai*", True),
        ('"the sail"', True),
        ('"sail the"', False),
        ("mend_the", True),
        ("naïve", True),
        ("naive", True),
        ("sail OR nothing", False),
        ("NEAR(sail", False),
        ('"', False),
        ("text:sail", False),
        ("-sail", True),
    ],
)
def test_every_word_has_to_be_there_and_none_is_an_operator(index, talk, query, wanted):
    talk("a", "Mend the sail, mend_the naïve one.")
    assert bool(found(index, query)) == wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("漢字", True),
        ("字か", True),
        ("ス", True),
        ("テス*", True),
        ("漢字 テスト", True),
        ("字漢", False),
        ("세션", True),
        ("ไทย", True),
        ("grosse", False),
        ("GRÖSSE", False),
        ("größe", True),
        ("große", True),
        ("src/kedge/cli.py", True),
        ("kedge/cli", True),
        ("parse_lin*", True),
        ("C++", True),
        ("line\udcff", True),
    ],
)
def test_words_are_found_in_every_script_and_in_code(index, talk, query, wanted):
    talk("a", "parse_line in src/kedge/cli.py, C++: 漢字かなテスト 세션은 ภาษาไทย Größe")
    assert bool(found(index, query)) == wanted


def test_an_index_of_an_earlier_kedge_is_made_anew(index, store, talk, tmp_path):
    talk("a", "Mend the sail.")
    index.update()
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        database.execute("PRAGMA user_version = 1")
    assert found(index, "sail") == [("a", "Mend the sail.")]


def test_a_row_holds_the_beginning_of_a_long_prompt(index, store, talk):
    talk("a", "sail " * 1000)
    (row,) = same(index, store)
    assert row.prompt == ("sail " * 100)


def test_prompts_and_answers_are_searched_and_nothing_else(index, talk):
    talk("a", "Mend the sail.", "With canvas.", system="Be a sailor.")
    assert [text for _, text in found(index, "canvas")] == ["With canvas."]
    assert found(index, "sailor") == []


def test_a_place_is_its_directory_and_its_repository(index, talk):
    talk("a", "sail", cwd="/one", repository="host/r")
    talk("b", "sail", cwd="/two", repository="host/r")
    talk("c", "sail", cwd="/three")
    here = Where("/one", "host/r")
    assert {id for id, _ in found(index, "sail", where=here)} == {"a", "b"}
    assert {id for id, _ in found(index, "sail", where=Where("/three", "/three"))} == {"c"}
    assert {row.id for row in index.summaries(here)} == {"a", "b"}
    assert {id for id, _ in found(index, "sail", without="a")} == {"b", "c"}


def test_what_a_fork_took_over_is_found_once(index, store, talk):
    talk("a", "Mend the sail.")
    fork(store, "a", "b", "t")
    talk("b", "Drop the anchor.")
    assert found(index, "sail") == [("a", "Mend the sail.")]
    assert found(index, "anchor") == [("b", "Drop the anchor.")]
    rows = {row.id: row for row in same(index, store)}
    assert (rows["b"].parent, rows["b"].upto, rows["b"].prompt) == ("a", 3, "Mend the sail.")


def test_what_forks_took_over_is_found_once_when_the_parent_is_gone(index, store, talk):
    talk("a", "A platypus.")
    fork(store, "a", "b", "t")
    fork(store, "b", "c", "t")
    assert found(index, "platypus") == [("a", "A platypus.")]
    store.delete("a")
    assert found(index, "platypus") == [("b", "A platypus.")]
    assert [one.session for one in scan_for(store, "platypus", 10)] in (["b"], ["c"])
    store.delete("b")
    assert found(index, "platypus") == [("c", "A platypus.")]
    index.rebuild()
    assert found(index, "platypus") == [("c", "A platypus.")]
    assert [one.session for one in scan_for(store, "platypus", 10)] == ["c"]


def test_a_log_that_is_gone_before_it_is_looked_at_is_passed_over(index, store, talk):
    talk("a", "A platypus.")
    store.path("b").symlink_to("gone")
    assert store.sessions() == ("a",)
    assert found(index, "platypus") == [("a", "A platypus.")]


def test_the_last_name_counts_and_a_fork_has_none(index, store, talk):
    talk("a", "Mend the sail.")
    for name in ("one", "two"):
        log = store.open("a")
        Bus("a", log).emit(Renamed(name))
        log.close()
    fork(store, "a", "b", "t")
    assert {row.id: row.name for row in same(index, store)} == {"a": "two", "b": ""}


def test_a_file_that_is_no_database_is_an_error_until_it_is_rebuilt(index, tmp_path, talk):
    talk("a", "Mend the sail.")
    index.update()
    (tmp_path / "sessions.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(sqlite3.Error):
        index.update()
    with pytest.raises(sqlite3.Error):
        index.stale()
    assert index.rebuild() == 1
    assert found(index, "sail") and index.stale() == 0


def test_tables_of_another_version_are_made_anew(index, tmp_path, talk):
    talk("a", "Mend the sail.")
    index.update()
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert found(index, "sail")


def test_it_says_how_many_logs_it_does_not_show(index, talk, store):
    talk("a", "x")
    talk("b", "x")
    assert index.stale() == 2
    index.update()
    assert index.stale() == 0
    talk("a", "y")
    store.delete("b")
    assert index.stale() == 2


def test_only_the_owner_can_read_it(index, tmp_path, talk):
    before = os.umask(0)
    try:
        talk("a", "x")
        index.update()
        files = list(tmp_path.glob("sessions.db*"))
        assert files
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    finally:
        os.umask(before)


def test_without_it_the_same_is_found(index, store, talk):
    talk("a", "Mend the sail.")
    talk("b", "Drop the anchor.", "Not the sail.")
    index.update()
    for query in ("sail", "the sail", "anchor", "sai*"):
        with_index = {(one.session, one.seq) for one in index.search(query, 10)}
        assert {(one.session, one.seq) for one in scan_for(store, query, 10)} == with_index


def test_terms_are_words_and_phrases():
    assert terms('a "b c" d* -- "') == ("a", "b c", "d*")


def test_an_excerpt_shows_what_was_found():
    text = "word " * 200 + "needle " + "word " * 200
    assert "needle" in excerpt(text, ("needle",))
    assert len(excerpt(text, ("needle",))) < 200
    assert excerpt("short", ("absent",)) == "short"

"""What was typed before: kept on disk, found again, by several processes."""

import json
import multiprocessing
from pathlib import Path

from kedge.cli.tui.composer import history as module
from kedge.cli.tui.composer.history import Entry, History, Recall, search


def texts(history: History) -> list[str]:
    return [entry.text for entry in history.entries()]


def opened(path: Path, project: str = "/p") -> History:
    history = History(path, project)
    history.load()
    return history


def test_what_was_typed_is_there_in_the_next_session_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "state/history.jsonl"
    history = opened(path)
    history.add("one")()
    history.add("ls", "shell")()
    assert [(entry.text, entry.mode) for entry in opened(path).entries()] == [
        ("ls", "shell"),
        ("one", "prompt"),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_s_own_project_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    opened(path, "/here").add("mine")()
    opened(path, "/there").add("other")()
    assert texts(opened(path, "/here")) == ["mine", "other"]
    assert texts(opened(path, "/there")) == ["other", "mine"]


def test_a_text_is_there_once_where_it_was_typed_last(tmp_path: Path) -> None:
    history = opened(tmp_path / "history.jsonl")
    for text in ("one", "two", "one"):
        history.add(text)
    assert texts(history) == ["one", "two"]


def test_a_leading_space_keeps_a_text_out(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = opened(path)
    history.add(" my password is x")()
    history.add("  ")()
    assert texts(history) == []
    assert not path.exists()


def test_secrets_are_taken_out_before_they_reach_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History(path, "/p", redact=lambda text: text.replace("sk-1", "[key]"))
    history.add("use sk-1 [Pasted text #1, 1 line]", pastes={"[Pasted text #1, 1 line]": "sk-1"})()
    assert "sk-1" not in path.read_text()
    assert texts(history)[0].startswith("use sk-1")


def test_lines_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"text": "good"}\n\xff\xfe broken\n{"no": 1}\n{"text": "torn')
    assert texts(opened(path)) == ["good"]


def test_a_file_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = opened(tmp_path / "file/history.jsonl")
    history.add("one")()
    assert texts(history) == ["one"]


def _write_many(path: Path, name: str) -> None:
    history = History(path, name)
    for number in range(200):
        history.add(f"{name} {number} {'x' * 500}")()


def test_several_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(path, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 600


def test_the_file_stays_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = opened(path)
    for number in range(60):
        history.add(f"{number} " + "x" * 90_000)()
    assert path.stat().st_size <= module.MOST_BYTES
    assert texts(opened(path))[0].startswith("59 ")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in tmp_path.iterdir()} == {"history.jsonl", "history.jsonl.lock"}


def test_words_in_any_order_are_searched_for_and_then_letters() -> None:
    entries = [Entry("fix the parser"), Entry("parse fixtures"), Entry("write docs")]
    assert search(entries, "fix pars") == entries[:2]
    assert search(entries, "wrtdcs") == [entries[2]]
    assert search(entries, "") == entries


def test_what_was_changed_in_a_recalled_text_stays_with_it() -> None:
    recall = Recall()

    def history() -> list[Entry]:
        return [Entry("two"), Entry("one")]

    assert recall.step(history, Entry("draft"), True) == Entry("two")
    assert recall.step(history, Entry("two!"), True) == Entry("one")
    assert recall.step(history, Entry("one"), True) is None
    assert recall.step(history, Entry("one"), False) == Entry("two!")
    assert recall.step(history, Entry("two!"), False) == Entry("draft")
    assert not recall.away


def test_a_very_long_prompt_is_found_until_kedge_ends_and_is_not_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = opened(path)
    history.add("see [paste]", pastes={"[paste]": "x" * (module.MOST_CHARACTERS + 1)})()
    assert texts(history) == ["see [paste]"]
    assert texts(opened(path)) == []

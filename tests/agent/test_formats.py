"""Every format of the record that was ever shipped is read, for ever."""

import json
from pathlib import Path

import pytest
from recordings.every_kind import every_kind, shapes

from kedge.agent.codec import decode, encode
from kedge.agent.errors import FormatError
from kedge.agent.events import Notice
from kedge.agent.formats import FORMAT_VERSION
from kedge.agent.session import fold
from kedge.agent.stores.chain import damage
from kedge.agent.stores.jsonl import JsonlStore

RECORDINGS = Path(__file__).parents[1] / "recordings"
LINE = (
    b'{"v":1,"seq":1,"session":"s","path":["main"],"turn":0,"ts":"t","prev":"",'
    b'"kind":"notice","code":"c","text":"x"}'
)


def test_every_format_has_recordings():
    formats = {f"format-{version}" for version in range(1, FORMAT_VERSION + 1)}
    assert {folder.name for folder in RECORDINGS.iterdir()} >= formats


@pytest.mark.parametrize(
    "log", sorted(RECORDINGS.glob("format-*/*.jsonl")), ids=lambda log: log.stem
)
def test_recordings_are_read_whole(log):
    lines = log.read_bytes().splitlines()
    events = [decode(line) for line in lines]
    assert None not in events, "a kind of theirs is not known any more"
    assert damage(line + b"\n" for line in lines) is None
    transcript = fold(JsonlStore(log.parent), log.stem)
    assert transcript.started is not None and transcript.messages
    assert not transcript.lost()


KINDS = sorted(RECORDINGS.glob("format-*/kinds/*.jsonl"))


def holds(now, then):
    """Whether all of `then` is in `now`, which may say more."""
    match then:
        case dict():
            return all(key in now and holds(now[key], inner) for key, inner in then.items())
        case list():
            return len(now) == len(then) and all(map(holds, now, then))
        case _:
            return now == then


@pytest.mark.parametrize("log", KINDS, ids=lambda log: f"{log.parts[-3]}-{log.stem}")
def test_every_kind_that_was_ever_written_is_read_and_written_as_it_was(log):
    for line in log.read_bytes().splitlines():
        event = decode(line)
        assert event is not None
        if log.parts[-3] == f"format-{FORMAT_VERSION}":
            assert holds(json.loads(encode(event)), json.loads(line))
        assert decode(encode(event)) == event


def test_all_that_is_written_today_is_recorded():
    present = [log for log in KINDS if log.parts[-3] == f"format-{FORMAT_VERSION}"]
    recorded = [line for log in present for line in log.read_bytes().splitlines()]
    missing = shapes(every_kind()) - shapes(recorded)
    assert not missing, f"run python tests/recordings/every_kind.py to record {sorted(missing)}"


def test_a_record_of_an_earlier_format_is_brought_up_to_date_step_by_step():
    def second(record):
        return record | {"text": record["text"] + " second"}

    def third(record):
        return {**record, "text": record["text"] + " third"}

    read = decode(LINE, (second, third))
    assert read.body == Notice("c", "x second third")
    assert decode(LINE.replace(b'"v":1', b'"v":2'), (second, third)).body == Notice("c", "x third")
    assert decode(LINE.replace(b'"v":1', b'"v":3'), (second, third)).body == Notice("c", "x")


@pytest.mark.parametrize("version", [0, -1, FORMAT_VERSION + 1])
def test_a_record_of_no_known_format_is_refused(version):
    with pytest.raises(FormatError, match=f"has format {version}"):
        decode(LINE.replace(b'"v":1', b'"v":%d' % version))


def test_what_is_written_says_its_format():
    assert json.loads(encode(decode(LINE)))["v"] == FORMAT_VERSION

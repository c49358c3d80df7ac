"""Server-sent events are understood however they are written and cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.errors import ProviderError
from kedge.agent.providers.sse import EventParser, ServerSentEvent

_LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
_EVENTS = st.lists(
    st.builds(
        lambda name, lines: (name, lines),
        st.sampled_from(["", "message_start", "ping"]),
        st.lists(_LINE, min_size=1, max_size=3),
    ),
    max_size=5,
)


def parsed(*chunks: bytes, limit: int = 1000) -> list[ServerSentEvent]:
    parser = EventParser(limit)
    return [event for chunk in chunks for event in parser.feed(chunk)]


@given(_EVENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data())
def test_events_are_the_same_wherever_the_bytes_are_cut(
    events: list[tuple[str, list[str]]], newline: str, comments: bool, data: st.DataObject
) -> None:
    text = ""
    for name, lines in events:
        text += ": a comment" + newline if comments else ""
        text += f"event: {name}{newline}" if name else ""
        text += "".join(f"data: {line}{newline}" for line in lines) + newline
    stream = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    expected = [ServerSentEvent(name, "\n".join(lines).encode()) for name, lines in events]
    assert parsed(*chunks) == expected


def test_every_byte_may_be_a_chunk_of_its_own() -> None:
    stream = b"event: a\r\ndata: 1\r\ndata: 2\r\n\r\n:x\r\ndata: 3\r\n\r\n"
    assert parsed(*(bytes([byte]) for byte in stream)) == [
        ServerSentEvent("a", b"1\n2"),
        ServerSentEvent("", b"3"),
    ]


def test_one_space_after_the_colon_is_not_data() -> None:
    assert parsed(b"data:x\n\ndata: x\n\ndata:  x\n\ndata\n\n") == [
        ServerSentEvent("", b"x"),
        ServerSentEvent("", b"x"),
        ServerSentEvent("", b" x"),
        ServerSentEvent("", b""),
    ]


def test_an_event_is_complete_with_its_blank_line_and_not_later() -> None:
    parser = EventParser()
    assert parser.feed(b"data: 1\n") == []
    assert parser.feed(b"\n") == [ServerSentEvent("", b"1")]
    assert parser.feed(b"data: 2\r\n\r") == [ServerSentEvent("", b"2")]
    assert parser.feed(b"\ndata: 3\n\n") == [ServerSentEvent("", b"3")]


def test_what_has_no_data_is_no_event() -> None:
    assert parsed(b": comment\n\nevent: ping\n\nid: 7\nretry: 10\n\n\n\nunknown: x\n\n") == []


def test_a_byte_order_mark_at_the_beginning_is_passed_over() -> None:
    assert parsed(b"\xef\xbb", b"\xbfdata: 1\n\n") == [ServerSentEvent("", b"1")]


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 100, b"data: x\n"])
def test_an_event_beyond_the_limit_is_refused(chunk: bytes) -> None:
    with pytest.raises(ProviderError, match="more than 50 bytes") as raised:
        parsed(*[chunk] * 20, limit=50)
    assert raised.value.kind == "malformed"


def test_the_limit_is_for_one_event_and_not_for_a_stream() -> None:
    assert len(parsed(b"data: 123456789\n\n" * 100, limit=50)) == 100

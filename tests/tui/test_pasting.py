"""What comes from a terminal, cut anywhere: what is pasted is never a key."""

import itertools
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st
from textual.events import Key, Paste
from textual.message import Message

from kedge.cli.tui.terminal.pasting import BEGIN, END, Hearing

BEGINS, ENDS = BEGIN.encode(), END.encode()
EVIL = b"hello\x1b[31m\r!touch /tmp/pwned\r"
ESCAPES = (EVIL, b"\x1b", b"\x1b[", b"\x1b[20", b"\x1b[200~", b"\x1b[200", b"\x1b[13u", b"\x1b]11;",
           b"\x1b[20\x1b[?1c1~\r", b"\xe2\x1b", b"\x9b201~", b"\r")  # fmt: skip
pastes = st.one_of(
    st.binary(max_size=80), st.lists(st.sampled_from(ESCAPES), max_size=6).map(b"".join)
).filter(lambda pasted: ENDS not in pasted + ENDS[:-1])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def heard(data: bytes, cuts: Iterable[int] = ()) -> list[Message]:
    """What bytes mean that come in such pieces, with a moment between them."""
    hearing, clock = _hearing()
    messages: list[Message] = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        messages += hearing.hear(data[start:end])
        clock.now += 0.01
    return [*messages, *hearing.quiet()]


def _hearing() -> tuple[Hearing, Clock]:
    clock = Clock()
    return Hearing(clock), clock


def pasted(messages: Iterable[Message]) -> list[str]:
    return [message.text for message in messages if isinstance(message, Paste)]


def keys(messages: Iterable[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, Key)]


@given(pastes, st.lists(st.integers(0, 200), max_size=12))
@example(EVIL, list(range(100)))
@example(b"\x1b[20\x1b[?1c1~\r", [])
def test_whatever_stands_between_the_markers_is_one_paste_and_no_key(
    inside: bytes, cuts: list[int]
) -> None:
    messages = heard(BEGINS + inside + ENDS, cuts)
    (text,) = pasted(messages)
    assert len(messages) == 1
    assert all(character >= " " or character in "\t\n" for character in text)


@given(st.lists(st.sampled_from([b"a", b"\x1b", EVIL]), max_size=4), st.lists(st.integers(0, 99)))
def test_keys_before_and_after_a_paste_stay_keys_in_their_order(
    inside: list[bytes], cuts: list[int]
) -> None:
    messages = heard(b"a\x1b[A" + BEGINS + b"".join(inside) + ENDS + b"b\x1b[B", cuts)
    assert [keys([one]) or "pasted" for one in messages] == [
        ["a"],
        ["up"],
        "pasted",
        ["b"],
        ["down"],
    ]


def test_what_is_text_is_typed_as_such_and_what_turns_it_round_is_not() -> None:
    family, persian = "\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e"
    typed = f"{family} {persian} e\u0301 \u2764\ufe0f a\u00a0b"
    keys = [one for one in heard(typed.encode()) if isinstance(one, Key) and one.is_printable]
    assert "".join(key.character or "" for key in keys) == typed
    assert {key.handler_name for key in keys} == {"on_key"}
    for turning in "\u202e\u2066\u009b":
        assert not any(one.is_printable for one in heard(turning.encode()) if isinstance(one, Key))


def test_the_words_of_a_paste_stay_with_plain_line_ends() -> None:
    inside = "eins\r\nzwei\rdrei\n\tvier ☂\x1b[31m!\x00".encode()
    assert pasted(heard(BEGINS + inside + ENDS)) == ["eins\nzwei\ndrei\n\tvier ☂!"]


def test_an_escape_pressed_just_before_a_paste_is_heard_first() -> None:
    messages = heard(b"\x1b" + BEGINS + b"x" + ENDS)
    assert keys(messages[:1]) == ["escape"] and pasted(messages[1:]) == ["x"]


def test_a_paste_whose_end_never_comes_is_a_paste_after_some_silence() -> None:
    hearing, clock = _hearing()
    assert list(hearing.hear(BEGINS + EVIL)) == []
    clock.now = 1.0
    assert list(hearing.quiet()) == []
    clock.now = 10.0
    assert pasted(hearing.quiet()) == ["hello\n!touch /tmp/pwned\n"]
    assert keys(hearing.hear(b"x")) == ["x"]
    assert keys(hearing.hear(b"yz")) == ["y", "z"]


def test_what_comes_late_of_a_paste_is_no_key_either() -> None:
    hearing, clock = _hearing()
    first = list(hearing.hear(BEGINS + b"first"))
    clock.now = 10.0
    first += hearing.quiet()
    later = [*hearing.hear(b" and\r"), *hearing.hear(b"!evil\r" + ENDS), *hearing.hear(b"k")]
    assert pasted(first) == ["first"]
    assert pasted(later) == [" and\n!evil\n"] and keys(later) == ["k"]


def test_a_pause_within_the_marker_lets_nothing_of_the_paste_through() -> None:
    for cut in range(1, len(BEGINS)):
        hearing, clock = _hearing()
        list(hearing.hear(BEGINS[:cut]))
        clock.now = 10.0
        list(hearing.quiet())
        messages = list(hearing.hear(BEGINS[cut:] + EVIL + ENDS))
        assert pasted(messages) == ["hello\n!touch /tmp/pwned\n"] and not keys(messages)


def test_a_large_paste_in_small_reads_is_one() -> None:
    whole = BEGINS + b"0123456789abcde\n" * (1 << 17) + ENDS
    hearing, _ = _hearing()
    messages = [
        one for at in range(0, len(whole), 4096) for one in hearing.hear(whole[at : at + 4096])
    ]
    assert [len(text) for text in pasted(messages)] == [1 << 21] and len(messages) == 1

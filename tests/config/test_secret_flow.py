"""However a text is cut, its secrets are hidden as if it had come whole."""

import random

from hypothesis import given
from hypothesis import strategies as st
from samples.secrets import samples

from kedge.config.secret_finder import SecretFinder
from kedge.config.secret_flow import SecretFlow

FINDER = SecretFinder()
TEXTS = [f"before it\n{sample.text}\nafter it, and more words\n" for sample in samples()]


def through(text: str, cuts: list[int]) -> str:
    flow = SecretFlow(FINDER)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[start:end] for start, end in zip(places, places[1:], strict=False)]
    return "".join(map(flow.feed, pieces)) + flow.finish()


def test_no_secret_comes_through_in_pieces_of_any_size() -> None:
    dice = random.Random(1)
    for sample, text in zip(samples(), TEXTS, strict=True):
        shown = through(text, dice.choices(range(len(text)), k=8))
        assert sample.secret[-16:] not in shown, (sample.issuer, shown)
        assert "[redacted: " in shown
        assert shown.endswith("after it, and more words\n")


@given(st.text(), st.lists(st.integers(0, 50)))
def test_a_text_without_secrets_comes_through_whole(text: str, cuts: list[int]) -> None:
    assert through(text, cuts) == text


def test_ordinary_words_are_shown_at_once() -> None:
    flow = SecretFlow(FINDER)
    for piece in ("The ", "approximately", " longest-", "word", ", and\n", "x = 1"):
        assert flow.feed(piece) == piece


def test_what_may_become_a_key_is_shown_when_it_has_become_something_else() -> None:
    flow = SecretFlow(FINDER)
    assert flow.feed("at 2026-11-21T05:5") == "at "
    assert flow.feed("4 it") == "2026-11-21T05:54 it"


def test_after_its_end_a_flow_begins_anew() -> None:
    flow = SecretFlow(FINDER)
    flow.feed("api_key = ")
    flow.finish()
    assert flow.feed("words ") == "words "

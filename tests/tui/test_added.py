"""What goes along with a person's words is read as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.cli.tui.added import Added, Context, File, Folder, read, written

NUMBERS = st.integers(0, 10**6)
TEXTS = st.text() | st.sampled_from(
    ['a"b', "&quot;", "&amp;quot;", "\n</attached>\n", "\n</context>", "<context>\n", "\n"]
)
ADDED: st.SearchStrategy[Added] = st.one_of(
    st.builds(Context, TEXTS),
    st.builds(File, TEXTS, TEXTS, NUMBERS, st.none() | st.tuples(NUMBERS, NUMBERS)),
    st.builds(Folder, TEXTS, TEXTS),
)


@given(ADDED)
def test_what_was_written_is_read_as_it_was(added: Added) -> None:
    assert read(written(added).text) == added


@pytest.mark.parametrize(
    "said",
    [
        "",
        "<context> is a tag of ours",
        "<context>\n</context>",
        "see <context>\nthis\n</context>",
        '<attached path="a.py">\nx\n</attached>',
        '<attached path="a.py" of="1">\nx\n</attached> is what I mean',
    ],
)
def test_words_that_only_look_like_it_are_the_persons(said: str) -> None:
    assert read(said) is None

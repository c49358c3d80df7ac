"""Laws of finding a key's line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.config.lines import line_of
from kedge.config.values import KeyPath, dotted

TEXT = '''\
top = 1  # [not.a.table]
[a]
"quoted key" = 1
b.c = 2
text = """
[x]
d = 3
"""
d = 4
[ models . "p/m.1" ]  # a comment
images = true
prices = { input = 1 }
[e]
'q' = \'\'\'one line\'\'\'
after = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("a",), 2),
        (("a", "quoted key"), 3),
        (("a", "b", "c"), 4),
        (("a", "d"), 9),
        (("models", "p/m.1", "images"), 11),
        (("models", "p/m.1", "prices", "input"), 12),
        (("e", "q"), 14),
        (("e", "after"), 15),
        (("x", "d"), 0),
        (("nowhere",), 0),
    ],
)
def test_a_key_is_found_where_it_is_set(path: KeyPath, line: int) -> None:
    assert line_of(TEXT, path) == line


_names = st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=1).filter(
    str.isprintable
)


@given(path=st.lists(_names, min_size=1, max_size=3), above=st.integers(0, 5))
def test_every_key_that_we_can_spell_is_found(path: list[str], above: int) -> None:
    text = "# nothing\n" * above + f"{dotted(tuple(path))} = 1\n"
    assert line_of(text, tuple(path)) == above + 1

"""Only the errors that a change brought in are reported."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.tools.syntax import new_errors


@pytest.mark.parametrize(
    ("path", "good", "bad", "line"),
    [
        ("a.py", "x = 1\n", "x = 1\ndef f(:\n", 2),
        ("a.pyi", "x: int\n", "x: int\n  y: int\n", 2),
        ("a.json", '{"a": 1}\n', '{"a": 1,\n}\n', 2),
        ("a.toml", "a = 1\n", "a = 1\nb =\n", 2),
        ("a.xml", "<a><b/></a>", "<a>\n<b>\n</a>", 3),
    ],
)
def test_a_new_error_is_reported_with_its_line(path: str, good: str, bad: str, line: int):
    (error,) = new_errors(f"src/{path}", good, bad)
    assert error.startswith(f"{path}: line {line}: ")
    assert new_errors(path, None, bad) == (error,)
    assert new_errors(path, good, good) == ()
    assert new_errors(path, bad, good) == ()


def test_an_error_that_was_there_before_is_not_reported_again():
    before = "x = 1\nprint 'two'\n"
    assert new_errors("a.py", before, "y = 0\nx = 1\nprint 'two'\n") == ()


def test_an_old_error_that_comes_to_light_is_not_reported():
    assert new_errors("a.py", "print 'a'\nprint 'b'\n", "print('a')\nprint 'b'\n") == ()


def test_a_new_error_in_a_text_that_was_wrong_before_is_reported():
    assert len(new_errors("a.py", "x\nprint 'b'\n", "x = (\nprint 'b'\n")) == 1


def test_what_only_the_compiler_sees_is_an_error_too():
    (error,) = new_errors("a.py", "def f():\n    return 1\n", "def f():\n    x\nreturn 1\n")
    assert "'return' outside function" in error


def test_a_warning_is_no_error_and_is_not_shown():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert new_errors("a.py", None, "x = 1 is 1\ny = '\\d'\n") == ()
    assert caught == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.txt", "def f(:"),
        ("Makefile", "{"),
        ("tsconfig.json", "{ // comment\n}"),
        ("a.jsonc", "{ // comment\n}"),
        ("a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&d;</b>"),
        ("a.py", "(" + "x," * 600_000),
        ("a.json", "[" * 100_000),
        ("a.json", "1" * 10_000),
    ],
)
def test_what_is_not_checked_gives_no_error(path: str, text: str):
    assert new_errors(path, None, text) == ()


def test_deep_nesting_is_no_crash():
    assert isinstance(new_errors("a.py", None, "-" * 100_000 + "1"), tuple)


@given(
    st.sampled_from(["a.py", "a.json", "a.toml", "a.xml"]),
    st.none() | st.text(),
    st.text() | st.text(alphabet="\0\ud800(){}[]<>/='\"\r\n\f a1"),
)
def test_the_check_never_raises(path: str, before: str | None, after: str):
    assert isinstance(new_errors(path, before, after), tuple)

"""A card says how much was found only where the result tells that for sure."""

import pytest

from kedge.cli.tui.view.found import found

CONTENT = {"output_mode": "content"}


@pytest.mark.parametrize(
    ("tool", "arguments", "content", "words"),
    [
        ("read", {}, "     1\ta\n     2\t\n", "2 lines"),
        ("read", {}, "     7\ta\nShowing lines 7-7 of 9; continue with offset=8.", "1 line"),
        ("read", {}, "'a' is empty.", ""),
        ("glob", {}, "a.py\n[slug].tsx", "2 files"),
        ("glob", {}, "a\nb\n[the newest 2 of 30 files; narrow the pattern for others]", "30 files"),
        ("glob", {}, "No files match '*.x' in .; ignored files left out.", "no files"),
        ("grep", {}, "a.py", "1 file"),
        ("grep", CONTENT, "a.py:1:x\na.py:4:x", "2 matches"),
        ("grep", {**CONTENT, "context": 1}, "a.py:1:x\na.py-2-y", ""),
        ("grep", CONTENT, "a.py:1:x\n[lines 1-1; go on with offset=1]", ""),
        ("grep", {}, "No matches for 'x' in .; ignored and binary files left out.", "no matches"),
        ("bash", {}, "a\nb", ""),
    ],
)
def test_what_was_found_is_counted(tool, arguments, content, words):
    assert found(tool, arguments, content) == words

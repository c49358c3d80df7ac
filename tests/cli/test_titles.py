"""What an action is called on a screen."""

import pytest

from kedge.agent.effects import Effect
from kedge.agent.events import ActionProposed
from kedge.cli.titles import MAX_TITLE, title

PATCH = (
    "*** Begin Patch\n*** Update File: src/a.py\n@@\n-x\n+y\n*** Add File: b.py\n+z\n*** End Patch"
)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("read", {"file_path": "/project/src/a.py"}, "read src/a.py"),
        ("read", {"file_path": "/other/a.py"}, "read /other/a.py"),
        ("read", '{"file_path": "a.py"}', "read a.py"),
        ("read", '{"file_path": "a.p', "read"),
        ("read", '["a.py"]', "read"),
        ("read", "[" * 100_000, "read"),
        ("bash", {"command": "\n  pytest -q\necho"}, "bash pytest -q"),
        ("grep", {"pattern": "x+", "path": "/project/src"}, "grep x+ in src"),
        ("grep", {"pattern": "x+", "path": ""}, "grep x+"),
        ("apply_patch", {"patch": PATCH}, "apply_patch src/a.py, b.py"),
        ("todo", {"items": []}, "todo"),
        ("ba\x1b[31msh", {"command": "a\x07b"}, "bash ab"),
    ],
)
def test_a_title_names_the_tool_and_its_target(
    tool: str, arguments: dict[str, object] | str, words: str
) -> None:
    assert title(ActionProposed("1", tool, arguments, ()), "/project") == words


def test_a_tool_of_others_is_named_by_what_it_would_act_on() -> None:
    effects = (Effect("write", "/project/a.csv"), Effect("reach", "example.org"))
    proposed = ActionProposed("1", "export", {"rows": 3}, effects)
    assert title(proposed, "/project") == "export a.csv, example.org"


def test_a_title_is_cut() -> None:
    words = title(ActionProposed("1", "bash", {"command": "x" * 500}, ()), "")
    assert len(words) == MAX_TITLE and words.endswith("…")

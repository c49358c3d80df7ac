"""How blocks look: cards at a glance and opened, changes, remarks, with and without a screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tui.happening import DIFF, Happening

from kedge.agent.effects import FileChange
from kedge.agent.events import Decision
from kedge.cli.tui.view.blocks import Block, Card, Divider, Ended, Said, ShellRun, Thought, Told
from kedge.cli.tui.view.copying import copied
from kedge.cli.tui.view.diff import rows
from kedge.cli.tui.view.fold import View
from kedge.cli.tui.view.lines import estimate, render
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.palette import ANSI, DARK, NONE, PALETTES, Palette

LOOK = Look(60, DARK, cwd="/w")
OPEN = replace(LOOK, expanded=True)
MAIN = ("main",)

RUN = Card(1, 1, MAIN, "c", "bash", "make test", {"command": "make test"})
CHANGE = FileChange("/w/a.py", "modified", 2, 1, diff=DIFF)
EDIT = Card(
    2, 1, MAIN, "d", "edit", "a.py", {"file_path": "/w/a.py"}, status="ok", changes=(CHANGE,)
)


def shown(block: Block, look: Look = LOOK) -> list[str]:
    return [line.text.rstrip() for line in render(block, look)]


def test_a_card_says_what_was_done_and_how_it_ended() -> None:
    done = replace(RUN, status="ok", duration_ms=1234, content="ok\n")
    failed = replace(RUN, status="ok", exit_code=2, duration_ms=50)
    denied = replace(RUN, status="denied", decision=Decision("c", "deny", "rules", "rm is denied"))
    assert shown(done)[0] == "✓ bash make test 1.2 s"
    assert shown(failed)[0] == "✗ bash make test exit 2"
    assert shown(denied) == ["⊘ bash make test not allowed", "  rm is denied"]
    assert shown(replace(RUN, status="asked")) == ["? bash make test waits for your answer"]


def test_a_title_that_is_too_long_leaves_room_for_how_it_ended() -> None:
    (head, *_) = shown(replace(RUN, title="x" * 200, status="ok", exit_code=1, duration_ms=1000))
    assert head.endswith("… exit 1 1.0 s") and len(head) <= 60


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ("[x] look\n[>] fix\n[ ] test\n[ ] tell", "  1/4 [>] fix"),
        ("[x] look\n[ ] fix\n[ ] test", "  1/3 [ ] fix"),
        ("[x] look\n[x] fix", "  2/2"),
        ("The list is empty.", "  The list is empty."),
    ],
)
def test_of_a_list_of_tasks_what_comes_now_is_shown(listed: str, line: str) -> None:
    card = Card(1, 1, MAIN, "c", "todo", "", {"items": []}, status="ok", content=listed)
    assert shown(card)[1:] == [line]


def test_of_a_running_command_the_last_lines_are_shown() -> None:
    running = replace(RUN, status="running", output="\n".join(map(str, range(9))) + "\n50%\r100%")
    assert shown(running)[1:] == ["  7", "  8", "  100%"]
    assert len(shown(running, OPEN)) > 9


def test_opened_it_says_who_decided_and_where_all_of_the_output_is() -> None:
    decision = Decision("c", "allow", "person", "", asked=True, waited_ms=2000, rule="allow bash")
    card = replace(RUN, status="ok", decision=decision, content="text", full_output="/tmp/out")
    lines = shown(card, OPEN)
    assert "  you allowed it after 2.0 s (rule allow bash)" in lines
    assert "  text" in lines
    assert "  all of it: /tmp/out" in lines


def test_long_output_is_shown_with_its_middle_left_out() -> None:
    card = replace(RUN, status="ok", content="\n".join(map(str, range(5_000))))
    lines = shown(card, OPEN)
    assert len(lines) < 420
    assert "  … 4600 lines left out" in lines and lines[-1] == "  4999"


def test_a_change_has_numbers_and_copies_as_the_code_that_it_is() -> None:
    lines = render(EDIT, LOOK)
    assert [line.text.rstrip() for line in lines][2:5] == [
        "  10       def total(self):",
        "  11 -         return self.subtotal + 1",
        "  11 +         return self.subtotal + 2",
    ]
    assert copied(lines[2:4]) == "    def total(self):\n        return self.subtotal + 1"


@pytest.mark.parametrize("hides", ["\x1b]", "\x1b]0;", "\x1bP", "\x1b[;", "\u2028", "\x85", "\x0c"])
def test_no_line_of_a_change_can_hide_itself_or_those_after_it(hides: str) -> None:
    diff = f"--- a\n+++ b\n@@ -1,1 +1,3 @@\n keep\n+a = 1 #{hides} b()\n+c()\n"
    sides = [(row.side, row.text.endswith(("keep", "b()", "c()"))) for row in rows(diff, "", LOOK)]
    assert sides == [("same", True), ("added", True), ("added", True)]


def test_the_words_that_make_the_difference_are_marked() -> None:
    (line,) = [line for line in render(EDIT, LOOK) if "subtotal + 2" in line.text]
    marked = "".join(
        part.text
        for part in line.segments
        if part.style and part.style.bgcolor and part.style.bgcolor.name == DARK.added_words
    )
    assert marked == "2"


@pytest.mark.parametrize("palette", [ANSI, NONE])
def test_without_backgrounds_they_are_underlined(palette: Palette) -> None:
    lines = render(EDIT, replace(LOOK, palette=palette))
    (line,) = [line for line in lines if "subtotal + 2" in line.text]
    underlined = [part.text for part in line.segments if part.style and part.style.underline]
    assert underlined == ["2"]


def test_a_long_change_is_cut_until_it_is_opened() -> None:
    diff = "@@ -1,50 +1,50 @@\n" + "".join(f"+line {number}\n" for number in range(50))
    card = replace(EDIT, changes=(FileChange("/w/a.py", "modified", 50, 0, diff=diff),))
    assert shown(card)[-1] == "  … 38 lines more"
    assert len(shown(card, OPEN)) > 50


def test_agents_of_agents_stand_behind_a_rail() -> None:
    inner = replace(RUN, path=("main", "search"), status="ok")
    assert shown(inner)[0].startswith("│ ✓ bash")
    assert render(inner, LOOK)[0].lead > 2


def test_thinking_is_one_line_until_it_is_opened() -> None:
    thought = Thought(1, 1, MAIN, "First.\nSecond.", True, 3.21)
    assert shown(thought) == ["∴ thought for 3.2 s: First."]
    assert shown(thought, OPEN) == ["∴ thought for 3.2 s", "  First.", "  Second."]
    assert shown(replace(thought, done=False)) == ["∴ thinking…: Second."]


def test_a_turn_ends_quietly_with_what_nobody_checked() -> None:
    ended = Ended(1, 1, MAIN, "done", 75.0, 0.5, (CHANGE,), ("all tests pass",))
    assert shown(ended) == [
        "done · 1 min 15 s · $0.5000 · 1 file +2 -1",
        "  not verified: all tests pass",
    ]
    cut = Ended(1, 1, MAIN, "interrupted", 5.4, 0.0123, (), cost_estimated=True)
    assert shown(cut)[0].startswith("interrupted · 5.4 s · ~$0.0123 · ")


def test_a_long_prompt_is_shortened_until_it_is_opened() -> None:
    said = Said(1, 1, MAIN, "\n".join(map(str, range(40))), 0, "", False)
    assert shown(said)[-1] == "  … 28 lines more"
    assert len(shown(said, OPEN)) == 40


def test_what_went_along_has_a_line_each_whatever_its_name() -> None:
    said = Said(1, 1, MAIN, "Hi", 0, "", False, ("a.py, 1 line attached", "\x1b[2Jb\nc"))
    assert shown(said) == ["› Hi", "  + a.py, 1 line attached", "  + b"]


def test_what_the_model_is_told_without_a_word_of_the_person_is_marked() -> None:
    said = Said(1, 1, MAIN, "", 0, "", False, ("bash_1 ended: exit code 0.",))
    assert shown(said) == [
        "› nobody said this: the model is told",
        "  + bash_1 ended: exit code 0.",
    ]


def test_a_divider_goes_across_and_tells_more_when_opened() -> None:
    divider = Divider(1, 1, MAIN, "went back: 1 prompt undone", "> Fix it")
    assert shown(divider)[0].startswith("── went back: 1 prompt undone ──")
    assert shown(divider, OPEN)[-1] == "> Fix it"


def test_what_tools_say_gives_the_terminal_no_orders() -> None:
    evil = "\x1b[2J\x1b]52;c;eA==\x07\x9b31m\u202etext"
    cards = [
        replace(RUN, title=evil, tool=evil, status="ok", content=evil, exit_code=1),
        replace(RUN, arguments=evil, status="running", output=evil, full_output=evil),
        replace(EDIT, changes=(FileChange(evil, "moved", diff=f"@@ -1 +1 @@\n+{evil}"),)),
        replace(RUN, arguments={evil: evil}, decision=Decision("c", "deny", evil, evil, evil)),
    ]
    others = [Told(1, 1, MAIN, "error", evil, evil, evil), Divider(1, 1, MAIN, evil, evil)]
    others += [ShellRun(1, 1, MAIN, "r", evil, evil, True), Said(1, 1, MAIN, evil, 0, "", False)]
    for block in (*cards, *others):
        for look in (LOOK, OPEN):
            text = "".join(shown(block, look))
            assert not set(text) & set("\x1b\x07\x9b\u202e")


@given(st.integers(20, 130), st.booleans(), st.sampled_from(list(PALETTES.values())))
def test_no_line_of_any_block_is_wider_than_the_screen(
    width: int, expanded: bool, palette: Palette
) -> None:
    happens = Happening()
    view = View()
    for event in (happens.started(), *happens.turn_of_work("# A\n\n日本語 " * 9)):
        view.add(event)
    look = Look(width, palette, expanded, "/w")
    for block in view.blocks:
        assert all(line.cells <= width for line in render(block, look))
        assert estimate(block, look) >= 1


def test_the_built_in_themes_can_be_read() -> None:
    low = [
        (palette.name, name, ground)
        for palette in PALETTES.values()
        if palette.background
        for ground in ("background", "surface", "fence", "added", "removed")
        for name in (
            *("text", "dim", "accent", "good", "bad", "warn", "person", "code"),
            *("keyword", "string", "number", "comment", "definition", "kind"),
        )
        if _contrast(getattr(palette, name), getattr(palette, ground))
        < (7 if name == "text" else 4.5)
    ]
    assert low == []


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

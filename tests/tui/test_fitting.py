"""Every dialog fits into the terminal: its keys are all there, and none is broken."""

import pytest
from textual.widgets import OptionList, Static
from tui.overlaid import SCREENS, over
from tui.replayed import Replayed

from kedge.cli.tui.screens.hints import Hint, hinted
from kedge.cli.tui.screens.picker import Picker

SIZES = ((120, 40), (80, 24), (60, 20), (40, 12))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_a_dialog_shows_all_its_keys(name: str, size: tuple[int, int]) -> None:
    app = Replayed([])
    async with app.run_test(size=size) as pilot:
        while not app.shows:
            await pilot.pause()
        over(name)(app)
        await pilot.pause()
        await pilot.pause()
        screen = app.screen
        *_, last = screen.query(Static)
        hint = screen.query_one("#hint", Static) if screen.query("#hint") else last
        lines = str(hint.content).split("\n")
        assert max(map(len, lines)) <= hint.content_size.width
        # Nothing of it lies outside the dialog, nor outside the terminal.
        assert hint.content_size.height == len(lines)
        for region in (hint.region, *(one.region for one in screen.query(OptionList))):
            assert region.height
            assert screen.region.contains_region(region)
        if isinstance(screen, Picker):
            shown = " ".join(lines)
            assert all(f"{one.key} {one.words}" in shown for one in screen.hints)


def test_hints_share_a_line_as_long_as_they_fit() -> None:
    hints = [Hint("enter", "selects"), Hint("ctrl+d", "deletes"), Hint("esc", "closes")]
    assert [line.plain for line in hinted(hints, 80)] == [
        "enter selects · ctrl+d deletes · esc closes"
    ]
    assert [line.plain for line in hinted(hints, 34)] == [
        *("enter selects · ctrl+d deletes", "esc closes")
    ]
    assert [line.plain for line in hinted(hints, 5)] == [
        *("enter selects", "ctrl+d deletes", "esc closes")
    ]


async def test_what_is_chosen_or_typed_moves_nothing() -> None:
    app = Replayed([])
    async with app.run_test(size=(80, 24)) as pilot:
        while not app.shows:
            await pilot.pause()
        over("sessions")(app)
        await pilot.pause()
        before = app.screen.query_one("#picker").region
        await pilot.press("down", "down")
        assert app.screen.query_one("#picker").region == before
        await pilot.press("s", "h", "o", "p")
        assert app.screen.query_one("#picker").region == before

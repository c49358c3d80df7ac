"""The transcript as a widget: what is on the screen after events, keys, clicks and resizes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from tui.happening import Happening

from kedge.agent.events import ActionEnded, TextStreamed, TurnEnded
from kedge.agent.messages import Text
from kedge.cli.tui.transcript.transcript import Transcript
from kedge.cli.tui.view.blocks import Answer, Card
from kedge.cli.tui.view.palette import LIGHT


class _App(App[None]):
    """A screen with a transcript and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.clicked: list[Transcript.LinkClicked] = []

    def compose(self) -> ComposeResult:
        yield Transcript(cwd="/w")

    def on_transcript_link_clicked(self, message: Transcript.LinkClicked) -> None:
        self.clicked.append(message)


class _Stage:
    """An app that runs, and the means to drive it."""

    def __init__(self, app: _App, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.shown = app.query_one(Transcript)
        self.happens = Happening()

    @property
    def rows(self) -> list[str]:
        """The rows of the screen."""
        return [
            "".join(part.text for part in self.shown.render_line(y)).rstrip()
            for y in range(self.shown.size.height)
        ]

    async def painted(self, condition: Callable[[], bool]) -> None:
        """Until a frame made something so."""
        for _ in range(2_000):
            await self.pilot.pause(0.01)
            if condition():
                return
        raise AssertionError("it never came to be: " + "\n".join(self.rows))

    async def work(self, turns: int) -> None:
        """Turns of work, stored."""
        for _ in range(turns):
            self.shown.replay(self.happens.turn_of_work("words and words. " * 20))
        await self.painted(lambda: any("4.2 s" in row for row in self.rows))

    def row_of(self, words: str) -> int:
        """The last row with these words."""
        return max(y for y, row in enumerate(self.rows) if words in row)

    def style_at(self, words: str) -> Style:
        """The style of the words' first segment on the screen."""
        line = self.shown.render_line(self.row_of(words))
        return next(part.style or Style() for part in line if words in part.text)


@asynccontextmanager
async def _staged(width: int = 60, height: int = 20) -> AsyncIterator[_Stage]:
    app = _App()
    async with app.run_test(size=(width, height)) as pilot:
        stage = _Stage(app, pilot)
        stage.shown.focus()
        await pilot.pause()
        yield stage


async def test_what_is_streamed_appears_and_the_end_stays_in_sight() -> None:
    async with _staged() as stage:
        await stage.work(5)
        for number in range(50):
            stage.shown.hear(stage.happens(TextStreamed(f"Line {number}.\n\n")))
        await stage.painted(lambda: stage.rows[-1] == "Line 49.")
        assert stage.shown.following


async def test_who_scrolled_up_stays_there_and_is_told_of_news() -> None:
    async with _staged() as stage:
        await stage.work(5)
        await stage.pilot.press("pageup", "pageup")
        await stage.pilot.pause()
        before = stage.rows
        stage.shown.hear(stage.happens(TextStreamed("News.\n\n" * 30)))
        await stage.painted(lambda: "new below" in stage.rows[-1])
        assert stage.rows[:-1] == before[:-1]
        await stage.pilot.press("end")
        await stage.painted(lambda: stage.rows[-1] == "News.")
        assert stage.shown.following


async def test_scrolling_to_the_end_by_hand_follows_again() -> None:
    async with _staged() as stage:
        await stage.work(5)
        await stage.pilot.press("pageup")
        assert not stage.shown.following
        await stage.pilot.press("pagedown", "pagedown")
        await stage.painted(lambda: stage.shown.following)


async def test_a_resize_keeps_what_is_read_in_sight() -> None:
    async with _staged() as stage:
        await stage.work(30)
        await stage.pilot.press("home", "pagedown", "pagedown", "pagedown", "ctrl+up")
        await stage.pilot.pause()
        top = stage.shown.sheet.block_at(round(stage.shown.scroll_y))
        assert top is not None
        for width in (40, 100, 60):
            await stage.pilot.resize_terminal(width, 20)
            await stage.painted(lambda width=width: stage.shown.sheet.look.width == width - 1)
            now = stage.shown.sheet.block_at(round(stage.shown.scroll_y))
            assert now is not None and now.id == top.id


async def test_a_resize_amid_streaming_loses_nothing() -> None:
    async with _staged() as stage:
        words = [f"word{number} " for number in range(300)]
        for number, word in enumerate(words):
            stage.shown.hear(stage.happens(TextStreamed(word)))
            if number % 100 == 50:
                await stage.pilot.resize_terminal(40 + number // 5, 15)
                await stage.pilot.pause(0.02)
        stage.shown.hear(stage.happens.message(Text("".join(words))))
        await stage.painted(lambda: stage.rows[-1].endswith("word299"))
        shown = " ".join(line.text for line in stage.shown.sheet.lines()).split()
        assert shown == [word.strip() for word in words]


async def test_what_fell_away_is_not_missed_before_the_next_frame() -> None:
    async with _staged() as stage:
        await stage.work(1)
        stage.shown.hear(stage.happens.prompt("more"))
        stage.shown.hear(stage.happens(TextStreamed("half an answer")))
        await stage.painted(lambda: any("half an answer" in row for row in stage.rows))
        stage.shown.hear(stage.happens(TurnEnded("interrupted")))
        stage.shown.restyle(palette=LIGHT)
        assert not any("half an answer" in row for row in stage.rows)


async def test_keys_move_from_block_to_block_and_open_them() -> None:
    async with _staged() as stage:
        await stage.work(2)
        cards = [block.id for block in stage.shown.view.blocks if isinstance(block, Card)]
        for _ in range(9):
            await stage.pilot.press("ctrl+up")
            if stage.shown.chosen in cards:
                break
        assert stage.shown.chosen == cards[-1]
        lines = stage.shown.sheet.column.total
        await stage.pilot.press("enter")
        await stage.painted(lambda: stage.shown.sheet.column.total > lines)
        await stage.pilot.press("enter")
        await stage.painted(lambda: stage.shown.sheet.column.total == lines)


async def test_a_card_that_is_opened_at_the_end_keeps_its_head_in_sight() -> None:
    async with _staged() as stage:
        await stage.work(2)
        stage.shown.replay(
            [
                stage.happens.prompt("run it"),
                stage.happens.proposed("long", command="seq 40"),
                stage.happens(
                    ActionEnded("long", "bash", "ok", (Text("\n".join(map(str, range(40)))),))
                ),
            ]
        )
        await stage.painted(lambda: any("seq 40" in row for row in stage.rows))
        stage.shown.toggle_details()
        await stage.painted(lambda: any("seq 40" in row for row in stage.rows))
        assert not stage.shown.following
        assert any(row.strip(" │") == "3" for row in stage.rows)
        stage.shown.scroll_to(y=stage.shown.scroll_y + 10, animate=False)
        await stage.painted(lambda: not any("seq 40" in row for row in stage.rows))
        stage.shown.toggle_details()
        await stage.painted(lambda: any("seq 40" in row for row in stage.rows))
        assert stage.shown.following


async def test_who_is_at_the_end_stays_there_while_a_short_card_is_opened() -> None:
    async with _staged() as stage:
        await stage.work(2)
        lines = stage.shown.sheet.column.total
        stage.shown.toggle_details()
        await stage.painted(lambda: stage.shown.sheet.column.total > lines)
        assert stage.shown.following


async def test_a_click_on_its_first_line_opens_a_card() -> None:
    async with _staged() as stage:
        await stage.work(1)
        lines = stage.shown.sheet.column.total
        await stage.pilot.click(Transcript, offset=(5, stage.row_of("✗ bash")))
        await stage.painted(lambda: stage.shown.sheet.column.total > lines)


async def test_a_click_on_a_link_says_where_it_leads() -> None:
    async with _staged() as stage:
        stage.shown.hear(stage.happens.message(Text("See https://example.org and src/a.py:7.")))
        await stage.painted(lambda: any("example" in row for row in stage.rows))
        row = stage.row_of("example")
        await stage.pilot.click(Transcript, offset=(6, row))
        await stage.pilot.click(Transcript, offset=(stage.rows[row].index("a.py"), row))
        await stage.painted(lambda: len(stage.app.clicked) == 2)
        first, second = stage.app.clicked
        assert (first.url, second.place) == ("https://example.org", "/w/src/a.py:7")


async def test_what_is_selected_is_copied_without_signs_and_as_it_was_before_it_was_wrapped() -> (
    None
):
    async with _staged(width=30) as stage:
        stage.shown.replay([stage.happens.prompt("Please look at the tests and fix them all")])
        await stage.painted(lambda: bool(stage.rows[0]))
        assert stage.rows[1].startswith("  ")
        await stage.pilot.mouse_down(Transcript, offset=Offset(0, 0))
        await stage.pilot.hover(Transcript, offset=Offset(6, 1))
        await stage.pilot.mouse_up(Transcript, offset=Offset(6, 1))
        words = "Please look at the tests and fix them all"
        selected = stage.app.screen.get_selected_text()
        assert selected and words.startswith(selected) and "\n" not in selected


async def test_another_theme_is_seen_at_once() -> None:
    async with _staged() as stage:
        await stage.work(1)
        stage.shown.restyle(palette=LIGHT)
        await stage.painted(lambda: _colour(stage.style_at("and words")) == LIGHT.text)


def _colour(style: Style) -> str:
    return style.color.name if style.color else ""


async def test_words_are_found_in_all_blocks_one_after_the_other() -> None:
    async with _staged() as stage:
        await stage.work(8)
        assert stage.shown.find("FIX BUG") == 8
        last = stage.shown.chosen
        await stage.pilot.press("n")
        first = stage.shown.chosen
        await stage.pilot.press("N")
        assert first is not None and last is not None and first < last
        assert stage.shown.chosen == last
        assert stage.shown.find("nowhere at all") == 0


async def test_another_session_takes_the_place_of_the_one_before() -> None:
    async with _staged() as stage:
        await stage.work(3)
        stage.shown.forget()
        await stage.painted(lambda: not any(stage.rows))
        stage.shown.hear(stage.happens.message(Text("Fresh.")))
        await stage.painted(lambda: stage.rows[0] == "Fresh.")


async def test_the_last_answer_is_given_as_it_was_written() -> None:
    async with _staged() as stage:
        await stage.work(1)
        stage.shown.hear(stage.happens.message(Text("**Last** words")))
        assert stage.shown.last_answer() == "**Last** words"
        assert isinstance(stage.shown.view.blocks[-1], Answer)


async def test_thousands_of_blocks_are_drawn_where_one_looks() -> None:
    async with _staged() as stage:
        await stage.work(400)
        drawn = stage.shown.sheet.kept_lines
        assert len(stage.shown.view.ids) > 2_000 and drawn < 200

"""The status line, the line of work and the list of what is to be done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from textual.app import App
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from kedge.agent.messages import Text
from kedge.agent.tools.todo import TodoItem
from kedge.cli.tui.desk.state import Asked, DeskState, Task, Waiting
from kedge.cli.tui.keys import KeyTable
from kedge.cli.tui.status.line import (
    StatusLine,
    WorkLine,
    elapsed,
    fit,
    laid_out,
    pieces,
    work_in_words,
)
from kedge.cli.tui.status.todo import BREAKPOINTS, TodoPanel, in_one_line
from kedge.cli.tui.waiting import invitation, waiting_in_lines

FULL = DeskState(
    session="s",
    name="the basket",
    cwd="/w",
    model="anthropic/claude-sonnet-4-5",
    effort="high",
    mode="auto",
    sandbox="workspace-write (namespaces, landlock 7, seccomp)",
    branch="feature/basket",
    context_tokens=60_000,
    context_window=200_000,
    cost_usd=1.234,
    queue=(Waiting(1, ()),),
    tasks=(Task("bash_1", "make", 3.0, "", True, "running for 3 s"),),
    open_breakers=("provider anthropic",),
    config_version="0123456789abcdef",
)


def line(state: DeskState, width: int) -> str:
    return laid_out(fit(pieces(state), width), width).plain


def test_a_wide_line_says_everything():
    said = line(FULL, 300)
    for words in (
        *("auto", "claude-sonnet-4-5 high", "workspace-write", "feature/basket"),
        *("1 waiting", "1 running", "provider anthropic is off", "context 30%", "$1.23"),
        *("the basket", "config 0123456"),
    ):
        assert words in said
    assert "landlock" not in said


def test_a_narrow_line_says_what_matters_most():
    said = line(FULL, 80)
    assert cell_len(said) <= 80
    for words in ("auto", "claude-sonnet-4-5", "provider anthropic is off"):
        assert words in said
    assert "the basket" not in said


@given(st.integers(1, 200), st.text(max_size=60), st.sampled_from(["plan", "ask", "full"]))
def test_it_always_fits(width, words, mode):
    said = fit(pieces(DeskState(name=words, branch=words, mode=mode, cost_usd=None)), width)
    assert sum(cell_len(piece.words) for piece in said) <= width
    assert cell_len(laid_out(said, width).plain.rstrip()) <= width


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DeskState(sandbox="off"), "sandbox off"),
        (DeskState(sandbox="none"), "sandbox none"),
        (DeskState(cost_usd=None), "$?"),
        (DeskState(cost_usd=0.026, cost_estimated=True), "~$0.03"),
        (DeskState(context_tokens=12_300), "12k tokens"),
        (DeskState(open_breakers=("a", "b")), "2 breakers open"),
    ],
)
def test_what_is_not_as_it_should_be_is_said(state, words):
    assert words in line(state, 80)


def test_control_codes_of_a_branch_are_not_obeyed():
    assert "\x1b" not in line(DeskState(branch="\x1b[2Jmain"), 80)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (59.9, "59s"), (125, "2m 05s"), (3725, "1h 02m"), (-1, "0s")]
)
def test_time_runs_like_a_clock(seconds, words):
    assert elapsed(seconds) == words


FOREGROUND = Task("", "make test\nmore", 1.0, "", True, "running")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DeskState(working=True, since=10.0), "working 7s · esc interrupts"),
        (DeskState(doing="compacting", since=10.0), "compacting 7s"),
        (
            DeskState(working=True, since=10.0, tasks=(FOREGROUND,)),
            "running 7s · esc interrupts · ctrl+b to the background · make test",
        ),
    ],
)
def test_the_line_of_work_says_what_is_done_and_how_to_stop_it(state, words):
    assert work_in_words(state, 17.0, "esc") == words


ITEMS = (
    TodoItem("read the code", "completed"),
    TodoItem("write the test", "in_progress"),
    TodoItem("make it pass", "pending"),
)


def test_words_that_wait_are_shown_with_when_they_are_heard():
    steered, queued = (
        Waiting(n, (Text(words),)) for n, words in enumerate(("also x\ny", "then z"))
    )
    state = DeskState(session="s", working=True, steering=(steered,), queue=(queued,))
    assert waiting_in_lines(state, "alt+up").splitlines() == [
        "sent after the current step: also x",
        "after this turn: then z",
        "alt+up edits the last one",
    ]
    stopped = structs.replace(state, working=False, steering=())
    assert "after your next prompt: then z" in waiting_in_lines(stopped, "")
    many = structs.replace(state, queue=(queued,) * 9)
    assert "… and 7 more" in waiting_in_lines(many, "alt+up")
    assert waiting_in_lines(DeskState(), "alt+up") == ""


def test_the_list_in_one_line_says_how_far_it_is_and_what_comes_now():
    assert in_one_line(ITEMS) == "1/3 · now: write the test"
    assert in_one_line(ITEMS[::2]) == "1/2 · next: make it pass"
    assert in_one_line(ITEMS[:1]) == "1/1"


class Desk(App[None]):
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS

    def compose(self):
        with Container():
            yield Static("transcript")
            yield TodoPanel()
        yield WorkLine(clock=lambda: 17.0)
        yield StatusLine()


@pytest.mark.parametrize(("width", "way"), [(80, "#todo-line"), (120, "#todo-list")])
async def test_the_list_stands_where_there_is_room(width, way):
    async with Desk().run_test(size=(width, 24)) as pilot:
        panel = pilot.app.query_one(TodoPanel)
        assert not panel.display
        panel.show(ITEMS)
        await pilot.pause()
        assert pilot.app.query_one(way).size.height > 0
        assert panel.size.height == (1 if way == "#todo-line" else panel.parent.size.height)
        panel.toggle()
        assert not panel.display
        panel.toggle()
        await pilot.resize_terminal(200 - width, 24)
        await pilot.pause()
        assert pilot.app.query_one(way).size.height == 0


@pytest.mark.parametrize("now", [0, 20, 38, 39])
async def test_of_a_long_list_the_item_that_comes_now_is_in_sight(now):
    async with Desk().run_test(size=(120, 24)) as pilot:
        states = ["completed"] * now + ["in_progress"] + ["pending"] * (39 - now)
        items = tuple(
            TodoItem(f"step {n} " + "of many " * 6, state) for n, state in enumerate(states)
        )
        panel = pilot.app.query_one(TodoPanel)
        panel.show(items)
        await pilot.pause()
        shown = pilot.app.query_one("#todo-list", Static)
        above = str(shown.visual).partition("›")[0]
        assert f"› step {now} " in str(shown.visual)
        assert Content(above).get_height({}, panel.content_size.width) <= panel.content_size.height


async def test_the_line_of_work_is_there_only_while_there_is_work():
    async with Desk().run_test(size=(80, 24)) as pilot:
        work = pilot.app.query_one(WorkLine)
        assert not work.display
        work.show(DeskState(working=True, since=10.0))
        await pilot.pause()
        assert "working 7s" in str(work.visual)
        work.show(DeskState())
        assert not work.display


async def test_a_question_that_waits_is_what_is_being_done():
    words = work_in_words(DeskState(working=True, questions=(Asked(1, None, (), 0.0),)), 1.0, "esc")
    assert words.startswith("waiting for your answer")


async def test_the_status_line_follows_the_width_of_the_screen():
    async with Desk().run_test(size=(80, 24)) as pilot:
        status = pilot.app.query_one(StatusLine)
        status.show(FULL)
        await pilot.pause()
        assert "config" not in str(status.visual)
        await pilot.resize_terminal(200, 24)
        await pilot.pause()
        assert "config 0123456" in str(status.visual)
        status.replace("my own line")
        assert str(status.visual).split() == ["my", "own", "line", "auto", "·", "workspace-write"]
        status.replace("long " * 100)
        assert str(status.visual).endswith("… auto · workspace-write")
        status.replace("")
        assert "config 0123456" in str(status.visual)


async def test_facts_that_change_while_words_stream_in_lay_nothing_out_anew():
    async with Desk().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        app.query_one(WorkLine).show(DeskState(working=True, since=10.0))
        await pilot.pause()
        layouts = []
        app.screen.screen_layout_refresh_signal.subscribe(app, layouts.append, immediate=True)
        for since in (9.0, 8.0, 7.0):
            state = structs.replace(FULL, working=True, since=since, context_tokens=int(since))
            app.query_one(WorkLine).show(state)
            app.query_one(StatusLine).show(state)
            await pilot.pause()
        assert "working 10s" in str(app.query_one(WorkLine).visual)
        assert layouts == []


def test_an_empty_prompt_says_what_a_command_of_ones_own_does():
    assert "runs in your shell" in invitation(DeskState(), KeyTable(), mode="shell")
    assert "runs in your shell" not in invitation(DeskState(), KeyTable())

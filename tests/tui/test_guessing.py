"""A person who knows other agents finds everything by guessing, and nothing runs that they did not
name."""

import json
from pathlib import Path

import pytest
from tui.seen_app import HELLO, Part, Script, Seen, Stage, bash, text

from kedge.cli.tui.asking.panel import AskPanel
from kedge.cli.tui.asking.plan import PlanScreen
from kedge.cli.tui.composer.completion import Completion
from kedge.cli.tui.composer.sources import Candidate, Commands
from kedge.cli.tui.screens.page import PageScreen
from kedge.cli.tui.screens.pickers import EffortPicker
from kedge.cli.tui.screens.sessions import SessionPicker
from kedge.cli.tui.slash.appearance import APPEARANCE
from kedge.cli.tui.slash.registry import COMMANDS
from kedge.cli.tui.view.blocks import Answer, Said

ENTRIES = [one.entry for one in (*COMMANDS, *APPEARANCE)]
MEANT = {
    "approvals": "rules", "approve": "rules", "permissions": "rules", "reasoning": "effort",
    "models": "model", "themes": "theme", "expand": "details", "ps": "tasks", "shells": "tasks",
    "bg": "tasks", "bashes": "tasks", "todos": "todo", "hotkeys": "keys", "shortcuts": "keys",
    "keymap": "keys", "summarize": "compact", "compress": "compact", "condense": "compact",
    "tokens": "context", "session": "resume", "history": "resume", "name": "rename",
    "title": "rename", "add": "mention", "login": "key", "connect": "key", "provider": "key",
    "restore": "rewind", "tree": "rewind", "bug": "feedback", "share": "export", "debug": "log",
    "exit": "quit", "usage": "cost",
}  # fmt: skip
ITSELF = (
    *("status", "effort", "review", "yolo", "version", "statusline", "add-dir", "agents"),
    *("skills", "logout", "log", "feedback", "mention", "todo", "details", "editor"),
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def offered(word: str) -> list[Candidate]:
    return list(await Commands(lambda: ENTRIES).offer(word))


@pytest.mark.parametrize(("typed", "meant"), [*MEANT.items(), *((one, one) for one in ITSELF)])
async def test_a_name_from_elsewhere_comes_first_and_runs(typed: str, meant: str) -> None:
    first = (await offered(f"/{typed}"))[0]
    assert first.text == f"/{meant}"
    assert first.runs or meant in ("rename",)


@pytest.mark.parametrize(
    ("typed", "meant", "shows"),
    [
        ("/exi", "/quit", "(exit)"),
        ("/perm", "/rules", "(permissions)"),
        ("/sess", "/resume", "(session)"),
        ("/us", "/cost", "(usage)"),
        ("/cont", "/continue", ""),
        ("/res", "/resume", ""),
        ("/h", "/help", ""),
    ],
)
async def test_a_beginning_means_a_name_and_then_an_alias(
    typed: str, meant: str, shows: str
) -> None:
    found = await offered(typed)
    assert found[0].text == meant
    assert found[0].label.endswith(shows)
    assert found[0].runs


async def test_what_was_not_named_is_only_filled_in() -> None:
    for typed in ("/xpt", "/window", "/xperiment", "/ag"):
        assert not any(one.runs for one in await offered(typed))


async def test_what_is_not_listed_is_proposed_only_to_who_asks_for_it() -> None:
    everything = {one.text for one in await offered("/")}
    unlisted = {f"/{one.name}" for one in ENTRIES if not one.listed}
    assert unlisted
    assert not everything & unlisted
    assert (await offered("/agen"))[0].text == "/agents"


async def chosen(seen: Seen) -> Candidate | None:
    await seen.pilot.pause()
    completion = seen.app.query_one(Completion)
    await completion.settled()
    return completion.chosen


async def test_enter_fills_in_what_was_only_like_it_and_runs_it_the_second_time(
    stage: Stage,
) -> None:
    async with stage.app(HELLO, "hi") as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        await seen.write("/ntext")
        assert (found := await chosen(seen)) and found.text == "/context"
        await seen.pilot.press("enter")
        assert seen.app.composer.text == "/context "
        await seen.pilot.press("enter")
        await seen.on(PageScreen)


async def test_exit_leaves_however_fast_it_is_typed(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("slash", *"exit", "enter")
        await seen.until(lambda: seen.app.return_value == 0)


async def test_agents_says_that_there_are_none_and_asks_nobody_anything(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("slash", *"agents", "enter")
        await seen.said("no other agents")
        assert seen.texts(Said) == []


async def test_an_unknown_command_runs_nothing_and_names_what_begins_so(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/perm")
        await seen.said("there is no command /perm; /permissions?")
        await seen.send("/zzz")
        await seen.said("there is no command /zzz; /help lists all")


async def test_a_question_mark_is_help_only_where_nothing_is_written(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        assert "? for help" in str(seen.app.composer.placeholder)
        await seen.pilot.press("question_mark")
        await seen.on(PageScreen)
        await seen.pilot.press("escape")
        await seen.pilot.press("a", "question_mark")
        assert seen.app.composer.text == "a?"


async def test_status_says_what_a_session_runs_with(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/status")
        await seen.on(PageScreen)
        shown = "\n".join(seen.rows)
        for words in (seen.app.state.session, "scripted:", "full: never asks", "off", "work"):
            assert words in shown
        assert f"{seen.app.state.session}.jsonl" in shown.replace("\n", "").replace(" ", "")


async def test_an_effort_is_named(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/effort high")
        await seen.until(lambda: seen.app.look().effort == "high")
        await seen.said("the effort is high")
        await seen.send("/effort much")
        await seen.said("'much' is no effort")
        await seen.send("/reasoning")
        await seen.on(EffortPicker)
        picker = seen.app.screen
        assert isinstance(picker, EffortPicker)
        assert picker.chosen is not None
        assert picker.chosen.value == "high"
        await seen.pilot.press("up", "enter")
        await seen.said("the effort is medium")
        assert seen.app.look().effort == "medium"


async def test_review_is_a_prompt_that_wants_nothing_changed(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/review the tests")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        said = seen.texts(Said)[0]
        assert "Change nothing" in said
        assert said.endswith("the tests")


async def test_a_file_of_one_s_own_comes_before_review_and_aliases_and_never_before_quit(
    stage: Stage,
) -> None:
    folder = stage.home.config_dir / "commands"
    folder.mkdir(parents=True)
    for name in ("review", "tree", "mode"):
        (folder / f"{name}.md").write_text(f"My own {name}.")
    async with stage.app([*HELLO, *HELLO]) as seen:
        await seen.ready()
        await seen.said("/mode is a command of kedge's own")
        for count, name in enumerate(("review", "tree"), 1):
            await seen.send(f"/{name}")
            await seen.until(lambda count=count: len(seen.texts(Answer)) == count)
            await seen.until(lambda: seen.rests)
        assert seen.texts(Said) == ["My own review.", "My own tree."]
        entries = seen.app.entries()
        assert [one.name for one in entries].count("review") == 1
        assert not any("tree" in one.aliases for one in entries)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("/version", "kedge 0."),
        ("/yolo", "never asks"),
        ("/add-dir", "kedge --add-dir DIR"),
        ("/statusline", "status_command"),
        ("/bug", "crashes"),
        ("/debug", ".jsonl"),
        ("/skills", "no skills yet"),
    ],
)
async def test_what_is_done_otherwise_here_says_so(stage: Stage, typed: str, says: str) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send(typed)
        await seen.said(says)


async def test_mention_begins_one(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/mention")
        await seen.until(lambda: seen.app.composer.text == "@")


async def test_the_list_of_tasks_is_shown_by_name_and_missed_in_words(stage: Stage) -> None:
    items = {"items": [{"content": "Build a boat", "status": "in_progress"}]}
    call: Part = {"type": "tool_call", "id": "1", "name": "todo", "arguments": json.dumps(items)}
    script: Script = [(["user"], [call]), (["tool"], [text("Listed.")])]
    async with stage.app(script) as seen:
        await seen.ready()
        await seen.pilot.press("ctrl+t")
        await seen.said("there is no list")
        await seen.send("go")
        await seen.until(lambda: seen.texts(Answer) == ["Listed."])
        await seen.send("/todos")
        await seen.on(PageScreen)
        assert any("Build a boat" in row for row in seen.rows)


async def test_words_that_name_no_session_look_for_it_in_the_list(stage: Stage) -> None:
    async with stage.app(HELLO, "about whales") as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."] and seen.rests)
    async with stage.app(HELLO, "about boats") as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."] and seen.rests)
        await seen.send("/resume whales")
        await seen.on(SessionPicker)
        await seen.until(lambda: len(seen.rows) == 1)
        assert "about whales" in seen.rows[0]


async def test_sessions_of_this_folder_come_first_and_empty_ones_not_at_all(stage: Stage) -> None:
    async def said(words: str) -> None:
        async with stage.app(HELLO, words) as seen:
            await seen.until(lambda: seen.texts(Answer) == ["Hello."])
            await seen.until(lambda: seen.rests)

    await said("in this folder")
    here, stage.work = stage.work, stage.folder / "elsewhere"
    stage.work.mkdir()
    await said("somewhere else")
    stage.work = here
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/resume")
        await seen.on(SessionPicker)
        assert len(seen.rows) == 2
        assert "in this folder" in seen.rows[0]


async def test_a_command_of_one_s_own_says_what_stops_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("exclamation_mark")
        await seen.write("sleep 100")
        await seen.pilot.press("enter")
        await seen.until(lambda: "running your command" in seen.shown)
        assert "esc interrupts" in seen.shown
        await seen.pilot.press("ctrl+b")
        await seen.said("escape stops it")
        await seen.pilot.press("escape")
        await seen.until(lambda: not seen.app.look().runs_own)


async def test_up_takes_back_what_waits(stage: Stage) -> None:
    script: Script = [(["user"], [bash("sleep 100")]), (["tool"], [text("Done.")])]
    async with stage.app(script, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.state.tasks))
        await seen.write("and then")
        await seen.pilot.press("tab")
        await seen.until(lambda: seen.app.state.queue)
        assert seen.app.state.queue[0].words == "and then"
        await seen.pilot.press("up")
        assert seen.app.composer.text == "and then"
        await seen.until(lambda: not seen.app.state.queue)
        await seen.pilot.press("ctrl+b")


async def test_escape_twice_clears_the_draft_into_the_history(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.write("half a thought")
        await seen.pilot.press("escape")
        await seen.said("again to clear the prompt")
        await seen.pilot.press("escape")
        await seen.until(lambda: not seen.app.composer.text)
        await seen.pilot.press("up")
        assert seen.app.composer.text == "half a thought"


async def test_ctrl_c_clears_what_was_written_since_the_first_one(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.write("draft")
        await seen.pilot.press("ctrl+c", "up")
        assert seen.app.composer.text == "draft"
        await seen.pilot.press("ctrl+c")
        assert seen.app.is_running and not seen.app.composer.text
        await seen.pilot.press("ctrl+c")
        await seen.until(lambda: seen.app.return_value == 0)


async def test_only_keys_of_the_table_leave(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.write("draft")
        await seen.pilot.press("ctrl+q")
        assert seen.app.is_running
        assert seen.app.composer.text == "draft"


async def test_shift_tab_at_a_question_about_an_edit_ends_such_questions(stage: Stage) -> None:
    def write(name: str) -> dict[str, object]:
        arguments = json.dumps({"file_path": name, "content": "x\n"})
        return {"type": "tool_call", "id": name, "name": "write", "arguments": arguments}

    script: Script = [
        (["user"], [write("one.txt")]),
        (["tool"], [write("two.txt")]),
        (["tool"], [text("Written.")]),
    ]
    async with stage.app(script, mode="ask") as seen:
        await seen.ready()
        await seen.send("go")
        await seen.until(lambda: seen.app.state.questions)
        await seen.until(lambda: isinstance(seen.app.focused, AskPanel))
        await seen.pilot.press("shift+tab")
        await seen.until(lambda: seen.texts(Answer) == ["Written."])
        assert seen.app.state.mode == "auto"
        assert {one.name for one in stage.work.glob("*.txt")} == {"one.txt", "two.txt"}


async def test_enter_with_nothing_written_opens_the_plan_that_waits(stage: Stage) -> None:
    script: Script = [(["user"], [text("First this, then that.")])]
    async with stage.app(script, mode="plan") as seen:
        await seen.ready()
        await seen.send("a boat")
        await seen.until(lambda: seen.texts(Answer) and seen.rests)
        await seen.until(lambda: "a plan: enter or f3" in seen.shown)
        await seen.pilot.press("enter")
        await seen.on(PlanScreen)

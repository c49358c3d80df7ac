"""What a person meets who starts kedge for the first time."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from textual.app import App
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList
from tui.seen_app import HELLO, Stage

from kedge.cli.options import Value
from kedge.cli.tui.screens.dialog import Dialog
from kedge.cli.tui.screens.line import LineScreen
from kedge.cli.tui.screens.offers import SetupScreen
from kedge.cli.tui.screens.tour import TourScreen
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.exit_codes import EXIT_CODES
from kedge.config.following import FOLLOWED
from kedge.config.trust import FILE, Trust, Trusted
from kedge.config.tui import TuiSettings


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_the_tour_has_two_screens_and_comes_once(stage: Stage) -> None:
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(TourScreen)
        assert "esc skips" in seen.shown.lower()
        await seen.pilot.press("enter")
        assert "shift+tab" in seen.shown.lower()
        await seen.pilot.press("enter")
        await seen.until(lambda: not isinstance(seen.app.screen, TourScreen))
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.ready()
        await seen.pilot.pause()
        assert not isinstance(seen.app.screen, TourScreen)


async def test_who_types_instead_of_reading_has_typed_a_prompt(stage: Stage) -> None:
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(TourScreen)
        await seen.pilot.press("h", "i", "enter")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])


async def test_who_comes_with_a_prompt_gets_an_answer(stage: Stage) -> None:
    async with stage.app(HELLO, "hi", welcomes=True) as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])


async def test_a_folder_with_instructions_is_asked_about_before_anything(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(Dialog)
        assert "AGENTS.md" in seen.shown
        assert not seen.app.state.session
        await seen.pilot.press("2")
        await seen.ready()
    standing = Trust(stage.home.data_dir / FILE).state(stage.work, FOLLOWED)
    assert isinstance(standing, Trusted)


async def test_what_was_declined_is_not_asked_again_but_can_be(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(Dialog)
        await seen.pilot.press("enter")
        await seen.on(TourScreen)
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.ready()
        assert not isinstance(seen.app.screen, Dialog)
        await seen.send("/trust")
        await seen.on(Dialog)
    assert Trust(stage.home.data_dir / FILE).all() == {}


async def test_a_sentence_that_was_begun_neither_trusts_a_folder_nor_leaves() -> None:
    now, typed = 0.0, ""
    given: list[str | None] = []
    answers = (("no", "Not now"), ("yes", "Trust it"), ("leave", "Leave"))

    def type_in(letter: str) -> None:
        nonlocal typed
        typed += letter

    dialog = Dialog(
        "trust?", Content("words"), answers, grace=0.5, clock=lambda: now, typed=type_in
    )
    async with App[None]().run_test() as pilot:
        pilot.app.push_screen(dialog, given.append)
        await pilot.press(*"let us", "enter")
        now = 10.0
        await pilot.press(*"tell me 2", "enter")
        assert pilot.app.screen is dialog
        assert typed == "let us"
        now = 20.0
        await pilot.press("2")
        assert given == ["yes"]


async def test_letters_that_were_meant_for_a_dialog_are_no_prompt_behind_it(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    async with stage.app(HELLO, welcomes=True, settings=TuiSettings()) as seen:
        await seen.on(Dialog)
        await seen.pilot.press("y", "e", "s", "escape")
        await seen.ready()
        assert seen.app.composer.text == ""


async def test_ctrl_c_twice_leaves_from_a_dialog_and_declines_nothing_for_good(
    stage: Stage,
) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    for _ in range(2):
        async with stage.app(HELLO, welcomes=True) as seen:
            await seen.on(Dialog)
            await seen.pilot.press("ctrl+c")
            assert not isinstance(seen.app.screen, Dialog)
            await seen.pilot.press("ctrl+c")
            await seen.until(lambda: not seen.app.is_running)


async def test_ctrl_c_once_closes_a_dialog_and_says_what_a_second_one_does(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.pilot.press("ctrl+c")
        await seen.said("press ctrl+c again to leave")
        assert seen.app.is_running
        assert not isinstance(seen.app.screen, SetupScreen)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"resume": "nosuch"}, EXIT_CODES["usage"]),
        ({"model": "foo/bar"}, EXIT_CODES["config"]),
        ({"image": ("nosuch.png",)}, EXIT_CODES["usage"]),
    ],
)
async def test_what_cannot_be_had_ends_the_start_and_its_prompt_waits_for_no_other(
    stage: Stage, values: dict[str, Value], code: int
) -> None:
    script = None if "model" in values else HELLO
    async with stage.app(script, "hello", welcomes=True, **values) as seen:
        await seen.until(lambda: not seen.app.is_running)
        assert seen.app.refused is not None
        assert seen.app.refused.exit_code == code
        assert seen.app.return_value == code
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.ready()
        assert seen.app.composer.text == ""


@pytest.mark.parametrize("word", ["exit", "quit"])
async def test_the_word_that_leaves_a_shell_leaves(stage: Stage, word: str) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send(f"{word} now")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        await seen.send(word)
        await seen.until(lambda: not seen.app.is_running)
        assert seen.texts(Said) == [f"{word} now"]


async def test_what_a_project_configures_is_shown_line_by_line(stage: Stage) -> None:
    (stage.work / ".kedge").mkdir()
    (stage.work / ".kedge" / "config.toml").write_text('[rules]\nallow = ["bash(npm test)"]\n')
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(Dialog)
        assert 'rules.allow = ["bash(npm test)"]' in seen.shown
        assert "outside the sandbox" in seen.shown
        await seen.pilot.press("3")
        await seen.until(lambda: not seen.app.is_running)


async def test_all_that_trust_grants_is_listed_with_the_commands_that_run_by_themselves(
    stage: Stage,
) -> None:
    for name, words in {
        ".kedge/config.toml": '[rules]\nallow = ["bash(npm test)"]\n',
        ".kedge/commands/plain.md": "Say hello.",
        ".claude/commands/sayit.md": "Say: !`echo injected $1`",
        "CLAUDE.md": "Be brief.",
        "deep/AGENTS.md": "Be briefer.",
    }.items():
        (stage.work / name).parent.mkdir(parents=True, exist_ok=True)
        (stage.work / name).write_text(words)
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(Dialog)
        for words in (
            'rules.allow = ["bash(npm test)"]',
            "CLAUDE.md: instructions",
            "deep/AGENTS.md: instructions, once it works there",
            "/plain: a command\n",
            "/sayit: a command; runs `echo injected $1`",
        ):
            assert words in seen.shown


async def test_trust_given_before_anything_was_said_holds_at_once(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    (stage.work / ".kedge" / "commands").mkdir(parents=True)
    (stage.work / ".kedge" / "commands" / "greet.md").write_text("Say hello.")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        first = seen.app.state.session
        await seen.send("/trust")
        await seen.on(Dialog)
        await seen.pilot.press("2")
        await seen.said("trusted")
        assert seen.app.state.session not in ("", first)
        await seen.send("/greet")
        await seen.until(lambda: seen.texts(Said) == ["Say hello."])


async def test_trust_given_later_holds_for_the_session_after_this_one(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Be brief.")
    async with stage.app(HELLO, "hi") as seen:
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        first = seen.app.state.session
        await seen.send("/trust")
        await seen.on(Dialog)
        await seen.pilot.press("2")
        await seen.said("trusted; /new begins a session that follows it")
        assert seen.app.state.session == first


async def test_without_a_key_the_variable_and_where_to_get_one_are_said(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.write("anthropic")
        assert "ANTHROPIC_API_KEY" in seen.shown
        assert "https://" in seen.shown
        await seen.pilot.press("escape")
        await seen.said("no model yet")


async def test_a_key_for_now_is_used_and_written_nowhere(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.write("anthropic")
        await seen.pilot.press("enter")
        await seen.on(LineScreen)
        await seen.write("sk-ant-pasted0123456789")
        assert "pasted" not in seen.shown
        await seen.pilot.press("enter")
        await seen.on(Dialog)
        await seen.pilot.press("2")
        await seen.ready()
        assert seen.app.state.model.startswith("anthropic/")
        await seen.on(TourScreen)
    kept = (file.read_bytes() for file in stage.folder.rglob("*") if file.is_file())
    assert not any(b"pasted0123456789" in data for data in kept)


class LocalServer(BaseHTTPRequestHandler):
    """Offers one model, which says hello."""

    def do_GET(self) -> None:
        self._say("application/json", json.dumps({"data": [{"id": "tiny"}]}))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        words = {"role": "assistant", "content": "Local hello."}
        chunks = (
            json.dumps({"choices": [{"index": 0, "delta": words}]}),
            json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        )
        said = "".join(f"data: {chunk}\n\n" for chunk in chunks)
        self._say("text/event-stream", said + "data: [DONE]\n\n")

    def _say(self, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def local() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), LocalServer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def test_a_local_server_answers_the_first_prompt(tmp_path: Path, local: str) -> None:
    stage = Stage(tmp_path, OLLAMA_HOST=local)
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        assert "tiny" in seen.rows[0]
        await seen.pilot.press("enter")
        await seen.on(TourScreen)
        await seen.pilot.press("h", "i", "enter")
        await seen.until(lambda: seen.texts(Answer) == ["Local hello."])
    async with stage.app(welcomes=True) as seen:
        await seen.ready()
        assert seen.app.state.model == "ollama/tiny"


async def test_local_servers_are_in_sight_and_found_by_what_they_are(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.pilot.resize_terminal(80, 24)
        await seen.on(SetupScreen)
        shown = seen.app.screen.query_one(OptionList)
        in_sight = "\n".join(seen.rows[: shown.size.height])
        assert shown.scroll_offset.y == 0
        for title in ("Ollama", "LM Studio", "llama.cpp", "vLLM"):
            assert title in in_sight
        chosen = seen.app.screen
        assert isinstance(chosen, SetupScreen)
        assert chosen.chosen is not None
        assert not chosen.chosen.value.silent
        for words in ("local", "no key"):
            await seen.pilot.press("ctrl+a", "ctrl+k")
            await seen.write(words)
            assert len(seen.rows) == 4
            assert all("not running here" in row for row in seen.rows)


async def test_who_leaves_the_question_for_a_key_is_back_at_the_list(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.write("anthropic")
        await seen.pilot.press("enter")
        await seen.on(LineScreen)
        await seen.pilot.press("escape")
        await seen.on(SetupScreen)


@pytest.mark.parametrize("wants_a_key", [False, True])
async def test_any_server_is_a_provider_by_its_url(
    stage: Stage, local: str, *, wants_a_key: bool
) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.write("url")
        await seen.pilot.press("enter")
        await seen.on(LineScreen)
        seen.app.screen.query_one(Input).value = "no url"
        await seen.pilot.press("enter")
        await seen.until(lambda: "is no http(s) URL" in seen.shown)
        seen.app.screen.query_one(Input).value = f"http://{local}/v1/"
        await seen.pilot.press("enter")
        await seen.on(Dialog)
        await seen.pilot.press("2" if wants_a_key else "1")
        if wants_a_key:
            await seen.on(LineScreen)
            await seen.write("sk-own-pasted0123456789")
            await seen.pilot.press("enter")
            await seen.on(Dialog)
            await seen.pilot.press("2")
        await seen.on(TourScreen)
        await seen.pilot.press("h", "i", "enter")
        await seen.until(lambda: seen.texts(Answer) == ["Local hello."])
        chosen = seen.app.state.model
        assert chosen == f"{local.replace('.', '-').replace(':', '-')}/tiny"
    if not wants_a_key:
        async with stage.app(welcomes=True) as seen:
            await seen.ready()
            assert seen.app.state.model == chosen


async def test_who_takes_no_model_is_told_so_once(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.pilot.press("escape")
        await seen.said("no model yet (/model asks again")
        assert len(seen.app.told) == 1


async def test_what_is_said_without_a_model_waits_and_asks_for_one_again(
    tmp_path: Path, local: str
) -> None:
    stage = Stage(tmp_path, OLLAMA_HOST=local)
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.pilot.press("escape")
        await seen.said("no model yet")
        await seen.send("hello")
        await seen.on(SetupScreen)
        await seen.pilot.press("escape")
        await seen.until(lambda: seen.app.state.queue)
        await seen.until(lambda: "enter tries again" in str(seen.app.composer.placeholder))
        await seen.pilot.press("enter")
        await seen.on(SetupScreen)
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.texts(Answer) == ["Local hello."])
        assert seen.texts(Said) == ["hello"]


async def test_keys_that_come_all_at_once_are_a_prompt_and_leave_the_tour_once(
    stage: Stage,
) -> None:
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(TourScreen)
        for key in "hello":
            seen.app.screen.post_message(Key(key, key))
        await seen.until(lambda: seen.app.composer.text == "hello")


async def test_a_key_too_many_closes_nothing_else(stage: Stage) -> None:
    async with stage.app(welcomes=True) as seen:
        await seen.on(SetupScreen)
        await seen.write("anthropic")
        line = seen.app.screen.query_one(Input)
        for _ in range(3):
            line.post_message(Input.Submitted(line, line.value))
        await seen.on(LineScreen)
        assert seen.app.is_running

"""What a model needs, a key or its server's address, is asked for where a person sits."""

import json
import stat
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tui.seen_app import HELLO, Seen, Stage

from kedge.cli.provider_keys import keep_key, key_file
from kedge.cli.tui.screens.dialog import Dialog
from kedge.cli.tui.screens.line import LineScreen
from kedge.cli.tui.screens.models import ModelPicker
from kedge.cli.tui.screens.offers import SetupScreen
from kedge.cli.tui.screens.page import PageScreen
from kedge.cli.tui.view.blocks import Answer, Told
from kedge.config.secrets import Key

GOOD = "good-key-0123456789"


class Endpoint(BaseHTTPRequestHandler):
    """Offers two models; answers who has the good key, or needs none."""

    def do_GET(self) -> None:
        self._say(200, "application/json", json.dumps({"data": [{"id": "tiny"}, {"id": "big"}]}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "keyed" and self.headers["authorization"] != f"Bearer {GOOD}":
            self._say(401, "application/json", json.dumps({"error": {"message": "Wrong key"}}))
            return
        words = {"role": "assistant", "content": f"{asked['model']} says hello."}
        chunks = (
            json.dumps({"choices": [{"index": 0, "delta": words}]}),
            json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        )
        said = "".join(f"data: {chunk}\n\n" for chunk in chunks)
        self._say(200, "text/event-stream", said + "data: [DONE]\n\n")

    def _say(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def stage(tmp_path: Path, port: int) -> Stage:
    stage = Stage(tmp_path)
    stage.home.config_dir.mkdir(parents=True)
    (stage.home.config_dir / "config.toml").write_text(
        '# mine\n[providers.house]\ntitle = "The house"\nwire = "openai-chat"\n'
        f'base_url = "http://127.0.0.1:{port}/v1"\nkey_env = ["HOUSE_API_KEY"]\n'
        '[providers.vllm]\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    return stage


async def give(seen: Seen, words: str) -> None:
    await seen.on(LineScreen)
    line = seen.app.screen
    assert isinstance(line, LineScreen)
    await seen.pilot.press("ctrl+a", "ctrl+k")
    await seen.write(words)
    await seen.pilot.press("enter")
    await seen.until(lambda: seen.app.screen is not line)


async def answer(seen: Seen, place: str) -> None:
    await seen.on(Dialog)
    await seen.pilot.press(place, "enter")
    await seen.until(lambda: not isinstance(seen.app.screen, Dialog))


KEEP = "1"
UNTIL_I_LEAVE = "2"


def written(stage: Stage) -> bytes:
    files = (file for file in stage.folder.rglob("*") if file.is_file())
    return b"".join(file.read_bytes() for file in files)


async def test_a_model_without_its_key_asks_for_it_and_goes_on(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/model house/keyed")
        await seen.on(LineScreen)
        await seen.write("pasted")
        assert "pasted" not in seen.shown
        assert "HOUSE_API_KEY" in seen.shown
        await give(seen, GOOD)
        await answer(seen, UNTIL_I_LEAVE)
        await seen.said("using house/keyed; the key is tried with your next prompt")
        await seen.send(f"my key is {GOOD}")
        await seen.until(lambda: seen.texts(Answer) == ["keyed says hello."])
        await seen.send("/new")
        await seen.until(lambda: not seen.texts(Answer))
        assert seen.app.state.model == "house/keyed"
    assert GOOD.encode() not in written(stage)


async def test_who_gives_no_key_keeps_the_model_they_had(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        before = seen.app.state.model
        await seen.send("/model house/keyed")
        await seen.on(LineScreen)
        await seen.pilot.press("escape")
        await seen.send("hi")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
        assert seen.app.state.model == before


async def test_a_refused_key_is_answered_with_the_command_that_gives_another(
    tmp_path: Path, stage: Stage
) -> None:
    stage.env["HOUSE_API_KEY"] = "bad-key-0123456789"
    async with stage.app(model="house/keyed") as seen:
        await seen.ready()
        await seen.send("hi")

        def refused() -> list[Told]:
            blocks = seen.app.transcript.view.blocks
            return [one for one in blocks if isinstance(one, Told) and one.level == "error"]

        await seen.until(refused)
        assert "/key" in refused()[0].detail
        await seen.send("/key")
        await seen.on(LineScreen)
        await seen.pilot.press("enter")
        assert isinstance(seen.app.screen, LineScreen)
        await give(seen, GOOD)
        await seen.until(lambda: "The house is called with that key" in seen.told)
        await seen.until(lambda: "keyed says hello." in seen.texts(Answer))
        assert "then HOUSE_API_KEY of your environment is" in seen.told
    assert not key_file(stage.where).file.exists()


async def test_a_local_server_is_asked_for_where_it_listens_and_that_is_kept(
    stage: Stage, port: int
) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/model")
        await seen.on(ModelPicker)
        await seen.until(lambda: any("vllm/" in row for row in seen.rows))
        await seen.write("vllm")
        assert "not running here" in seen.rows[0]
        await seen.pilot.press("enter")
        await give(seen, "127.0.0.1:9")
        await seen.on(LineScreen)
        assert "does not answer at http://127.0.0.1:9/v1" in seen.shown
        await give(seen, f"127.0.0.1:{port}")
        await seen.on(SetupScreen)
        await seen.write("big")
        await seen.pilot.press("enter")
        await seen.said("vllm/big answers")
        await seen.send("hi")
        await seen.until(lambda: seen.texts(Answer) == ["big says hello."])
    text = (stage.home.config_dir / "config.toml").read_text()
    assert text.startswith("# mine\n")
    kept = tomllib.loads(text)["providers"]["vllm"]["base_url"]
    assert kept == f"http://127.0.0.1:{port}/v1"
    async with stage.app(welcomes=True) as seen:
        await seen.ready()
        assert seen.app.state.model == "vllm/big"


async def test_a_model_that_is_taken_is_kept_unless_it_is_only_for_now(
    stage: Stage, port: int
) -> None:
    stage.env["HOUSE_API_KEY"] = GOOD
    file = stage.home.config_dir / "config.toml"
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/model house/keyed --now")
        await seen.said("house/keyed answers, until you leave")
        assert "model" not in tomllib.loads(file.read_text())
        await seen.send("/model house/other")
        await seen.until(
            lambda: f"house/other answers; kept in {file}" in seen.told.replace("\n", " ")
        )
        await seen.send("/model")
        await seen.on(ModelPicker)
        await seen.pilot.press("ctrl+g")
        await seen.said("house/other answers, until you leave")
    assert tomllib.loads(file.read_text())["model"] == {"name": "house/other"}


async def test_the_models_open_on_the_one_in_use_and_say_the_same_window_as_the_status(
    stage: Stage, port: int
) -> None:
    stage.env["ANTHROPIC_API_KEY"] = "sk-nothing"
    config = stage.home.config_dir / "config.toml"
    config.write_text(config.read_text().replace("127.0.0.1:9/", f"127.0.0.1:{port}/"))
    async with stage.app(model="vllm/tiny") as seen:
        await seen.ready()
        assert seen.app.state.context_window == 32_768
        await seen.send("/model")
        await seen.on(ModelPicker)
        picker = seen.app.screen
        assert isinstance(picker, ModelPicker)
        assert picker.chosen is not None
        assert picker.chosen.value == "vllm/tiny"
        await seen.until(lambda: any("vllm/big" in row for row in seen.rows))
        assert picker.chosen.value == "vllm/tiny"
        assert "32k" in picker.chosen.note
        assert "$0 / $0" in picker.chosen.note
        await seen.write("local")
        assert any("vllm/tiny" in row for row in seen.rows)
        assert not any("anthropic" in row for row in seen.rows)


async def test_who_has_no_key_for_the_named_model_can_take_another(stage: Stage) -> None:
    async with stage.app(model="house/keyed", welcomes=True) as seen:
        await seen.on(LineScreen)
        await seen.pilot.press("escape")
        await seen.on(SetupScreen)
        await seen.write("anthropic")
        await seen.pilot.press("enter")
        await give(seen, "sk-ant-pasted0123456789")
        await answer(seen, UNTIL_I_LEAVE)
        await seen.ready()
        assert seen.app.state.model.startswith("anthropic/")


async def test_a_model_that_takes_no_key_says_so(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/key")
        await seen.until(lambda: "takes no key (/key anthropic" in seen.told)


async def test_a_named_model_that_has_no_key_asks_for_that_key_at_the_start(stage: Stage) -> None:
    async with stage.app(model="house/keyed", welcomes=True) as seen:
        await seen.on(LineScreen)
        assert "HOUSE_API_KEY" in seen.shown
        await give(seen, GOOD)
        await answer(seen, UNTIL_I_LEAVE)
        await seen.ready()
        assert seen.app.state.model == "house/keyed"


async def test_a_key_that_is_kept_is_asked_for_once_and_used_by_later_starts(stage: Stage) -> None:
    async with stage.app(model="house/keyed", welcomes=True) as seen:
        await give(seen, GOOD)
        await seen.on(Dialog)
        assert str(key_file(stage.where).file) in seen.shown.replace("\n", "")
        assert "/logout house" in seen.shown
        await answer(seen, KEEP)
        await seen.ready()
        await seen.said(f"the key is kept in {key_file(stage.where).file}")
    async with stage.app(None, "hi", model="house/keyed", welcomes=True) as seen:
        await seen.until(lambda: seen.texts(Answer) == ["keyed says hello."])


@pytest.mark.parametrize("closed", [True, False])
async def test_a_key_that_nobody_said_to_keep_is_written_nowhere(
    stage: Stage, closed: bool
) -> None:
    async with stage.app(model="house/keyed", welcomes=True) as seen:
        await give(seen, GOOD)
        await seen.on(Dialog)
        await (seen.pilot.press("escape") if closed else answer(seen, UNTIL_I_LEAVE))
        await seen.ready()
        await seen.said("the key is used until you leave, and written nowhere")
    assert GOOD.encode() not in written(stage)


async def test_a_kept_key_is_in_one_private_file_and_no_command_gets_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/login house")
        await give(seen, GOOD)
        await answer(seen, KEEP)
        await seen.said("The house is called with that key")
        await seen.pilot.press("exclamation_mark")
        await seen.write("env")
        await seen.pilot.press("enter")
        await seen.until(lambda: "HOME=" in str(seen.app.transcript.view.blocks))
        assert GOOD not in str(seen.app.transcript.view.blocks)
        toolbox = seen.app.desk.seat.composed.toolbox
        assert GOOD not in str(toolbox.env)
        assert GOOD not in toolbox.finder.redact(f"it is {GOOD}")
    holding = [one for one in stage.folder.rglob("*") if one.is_file() and GOOD in one.read_text()]
    assert holding == [key_file(stage.where).file]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600


async def test_the_command_for_keys_offers_to_replace_or_forget_one_that_is_kept(
    stage: Stage,
) -> None:
    keep_key(stage.where, Key("wrong-key-0123456789", "HOUSE_API_KEY"))
    async with stage.app(model="house/keyed") as seen:
        await seen.ready()
        await seen.send("/key")
        await answer(seen, "1")
        await give(seen, GOOD)
        await answer(seen, KEEP)
        await seen.said("The house is called with that key")
        await seen.send("hi")
        await seen.until(lambda: seen.texts(Answer) == ["keyed says hello."])
        assert key_file(stage.where).all()["HOUSE_API_KEY"].reveal() == GOOD
        await seen.send("/key")
        await answer(seen, "2")
        await seen.said("the key of The house is no longer kept; until you leave it is still used")
        await seen.send("again")
        await seen.until(lambda: len(seen.texts(Answer)) == 2)
    assert not key_file(stage.where).all()
    assert GOOD.encode() not in written(stage)


async def test_logging_out_forgets_what_is_kept_and_says_where_nothing_is(stage: Stage) -> None:
    keep_key(stage.where, Key(GOOD, "HOUSE_API_KEY"))
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/logout house")
        await seen.said("the key of The house is no longer kept")
        await seen.send("/logout house")
        await seen.said("no key of The house is kept (the one that is used was given until you")
        await seen.send("/logout anthropic")
        await seen.said("no key of Anthropic is kept")
    assert not key_file(stage.where).all()


async def test_a_key_that_cannot_be_kept_is_used_and_that_is_said(stage: Stage) -> None:
    stage.home.data_dir.parent.mkdir(exist_ok=True)
    stage.home.data_dir.write_text("not a folder")
    async with stage.app(model="house/keyed", welcomes=True) as seen:
        await give(seen, GOOD)
        await answer(seen, KEEP)
        await seen.ready()
        await seen.said("the key is used until you leave: ")


async def test_the_doctor_and_the_models_say_where_a_key_is_from(stage: Stage) -> None:
    stage.env["OPENAI_API_KEY"] = "sk-nothing"
    keep_key(stage.where, Key(GOOD, "HOUSE_API_KEY"))
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/doctor")
        await seen.on(PageScreen)
        await seen.until(lambda: any("keys and sign-ins" in row for row in seen.rows))
        said = " ".join(seen.rows)
        assert "OpenAI (from the environment)" in said
        assert "The house (kept by kedge)" in said

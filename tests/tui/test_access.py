"""What a model needs, a key or its server's address, is asked for where a person sits."""

import json
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tui.seen_app import HELLO, Seen, Stage

from kedge.cli.tui.screens.line import LineScreen
from kedge.cli.tui.screens.models import ModelPicker
from kedge.cli.tui.screens.offers import SetupScreen
from kedge.cli.tui.view.blocks import Answer, Told

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
        await seen.said("house/keyed answers")
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
        await seen.ready()
        assert seen.app.state.model == "house/keyed"

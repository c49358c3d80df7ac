"""A key that was given once: used by every surface, seen by no command and no file but its own."""

import shutil
from pathlib import Path

import pytest

from e2e.gated import Model, bash
from e2e.person import Person
from e2e.process import Kedge, Ran
from e2e.remotes import Served
from e2e.screen import Screen
from e2e.test_tool_exec import executed
from loopback.script import turn

SECRET = "house-words-0123456789"
UNSET = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": "", "DEEPSEEK_API_KEY": ""}
TERMINAL = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


@pytest.fixture(autouse=True)
def no_variable(kedge: Kedge) -> None:
    """No key is in the environment, and no login shell of somebody's sets one."""
    kedge.env.update(UNSET)


def file(kedge: Kedge) -> Path:
    return kedge.home / "data" / "keys.json"


def login(kedge: Kedge, provider: str = "anthropic", key: str = SECRET) -> Ran:
    ran = kedge("login", provider, stdin=f"{key}\n".encode())
    assert ran.code == 0, ran.complaint
    return ran


def holding(folder: Path) -> list[Path]:
    """The files that hold the key."""
    files = (one for one in folder.rglob("*") if one.is_file())
    return [one for one in files if SECRET.encode() in one.read_bytes()]


def test_a_key_that_was_piped_in_is_kept_and_a_run_uses_it(kedge: Kedge, served: Served) -> None:
    options = served(turn("Hello."))
    assert kedge(*options, "-p", "hi").code == 4
    ran = login(kedge)
    assert str(file(kedge)) in ran.answer
    assert SECRET not in ran.answer + ran.complaint
    assert kedge(*options, "-p", "hi").answer == "Hello.\n"
    assert holding(kedge.home) == [file(kedge)]


def test_the_environment_counts_more_and_that_is_said(kedge: Kedge, model: Model) -> None:
    kedge.env["ANTHROPIC_API_KEY"] = "sk-of-the-environment"
    assert "ANTHROPIC_API_KEY of your environment counts more" in login(kedge).answer
    assert model.run().code == 0
    (request,) = model.server.requests
    assert request.headers["authorization"] == "Bearer sk-of-the-environment"
    assert "from the environment (ANTHROPIC_API_KEY); another one is kept" in kedge("login").answer


def test_what_is_forgotten_is_used_no_more(kedge: Kedge, model: Model) -> None:
    login(kedge)
    assert "kept by kedge (ANTHROPIC_API_KEY)" in kedge("login").answer
    assert "key kept by kedge" in kedge("models", "anthropic").answer
    assert kedge("logout", "anthropic").code == 0
    assert "no key (ANTHROPIC_API_KEY)" in kedge("login").answer
    assert holding(kedge.home) == []
    again = kedge("logout", "anthropic")
    assert (again.code, "no key of 'anthropic' is kept" in again.complaint) == (1, True)
    assert model.stopped().code == 4


@pytest.mark.parametrize("command", ["login", "logout"])
def test_an_unknown_provider_is_answered_with_the_nearest(kedge: Kedge, command: str) -> None:
    ran = kedge(command, "antropic", stdin=b"x\n")
    assert ran.code == 2
    assert "did you mean 'anthropic'?" in ran.complaint


@pytest.mark.parametrize(("provider", "given"), [("ollama", "x"), ("bedrock", "x")])
def test_who_takes_no_key_is_given_none(kedge: Kedge, provider: str, given: str) -> None:
    assert kedge("login", provider, stdin=given.encode()).code == 2
    assert not file(kedge).exists()


@pytest.mark.parametrize("given", [b"", b"\n", b"a\tb\n", b"schl\xc3\xbcssel\n", b"\xff\n"])
def test_what_is_no_key_is_not_kept(kedge: Kedge, given: bytes) -> None:
    assert kedge("login", "openai", stdin=given).code == 2
    assert not file(kedge).exists()


def test_a_file_that_others_can_read_stops_every_run_with_what_to_do(kedge: Kedge) -> None:
    login(kedge)
    file(kedge).chmod(0o644)
    for arguments in (("login",), ("-p", "hi"), ("models",)):
        ran = kedge(*arguments)
        assert ran.code == 3
        assert str(file(kedge)) in ran.complaint and "chmod 600" in ran.complaint


def test_a_key_of_a_provider_that_is_gone_is_listed_hidden_and_forgotten(kedge: Kedge) -> None:
    config = kedge.home / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        '[providers.house]\nwire = "openai-chat"\nbase_url = "http://h/v1"\nkey_env = ["HOUSE"]\n'
    )
    login(kedge, "house")
    config.write_text("")
    assert "HOUSE: kept, and of no provider" in kedge("login").answer
    kedge.env["KEDGE_SANDBOX_LEVEL"] = "off"
    shown = executed(kedge, ("bash", {"command": f"env; echo {SECRET}"}))
    assert SECRET not in shown.answer
    assert "[redacted: value of HOUSE]" in shown.answer
    assert kedge("logout", "HOUSE").code == 0
    assert holding(kedge.home) == []


READERS = {
    "cat": "cat {file}",
    "a folder": "grep -r . {folder}",
    "a pattern": "cat {folder}/*",
    "a redirect": "wc -c < {file}",
    "a copy": "cp {file} stolen",
}


@pytest.mark.parametrize("level", ["workspace-write", "off"])
@pytest.mark.parametrize("command", READERS.values(), ids=READERS)
def test_no_mode_reads_the_file_with_or_without_a_sandbox(
    kedge: Kedge, command: str, level: str
) -> None:
    login(kedge)
    kedge.env["KEDGE_SANDBOX_LEVEL"] = level
    line = command.format(file=file(kedge), folder=file(kedge).parent)
    ran = executed(kedge, ("bash", {"command": line}))
    assert [one["error_kind"] for one in ran.records] == ["denied"]
    assert holding(kedge.cwd) == []


@pytest.mark.parametrize("level", ["workspace-write", "off"])
def test_no_mode_changes_the_file_with_or_without_a_sandbox(kedge: Kedge, level: str) -> None:
    login(kedge)
    kedge.env["KEDGE_SANDBOX_LEVEL"] = level
    for line in (f"rm {file(kedge)}", f"echo {{}} > {file(kedge)}", f"chmod 644 {file(kedge)}"):
        ran = executed(kedge, ("bash", {"command": line}))
        assert [one["error_kind"] for one in ran.records] == ["denied"], line
    ran = executed(kedge, ("write", {"file_path": str(file(kedge)), "content": "{}"}))
    assert not ran.records[0]["ok"]
    assert holding(kedge.home) == [file(kedge)]


def test_a_program_that_no_gate_sees_through_finds_no_file_in_the_sandbox(
    kedge: Kedge, model: Model
) -> None:
    login(kedge)
    line = f"python3 -c 'print(open(\"{file(kedge)}\").read())'; env"
    assert model.run(bash(line), options=("--mode", "full")).code == 0
    (ended,) = model.of("action.ended")
    assert "FileNotFoundError" in str(ended["content"])
    assert SECRET.encode() not in model.sent


@pytest.fixture
def screen(person: Person) -> Screen:
    return person.screen


@TERMINAL
def test_a_key_that_is_typed_is_not_shown(person: Person, screen: Screen) -> None:
    person.starts("login", "anthropic")
    screen.sees("The key of Anthropic (not shown):")
    screen.type(SECRET)
    person.ends(0)
    assert SECRET not in screen.text
    person.starts("login")
    screen.sees("kept by kedge (ANTHROPIC_API_KEY)")


@TERMINAL
def test_leaving_the_question_keeps_nothing(person: Person, screen: Screen, kedge: Kedge) -> None:
    person.starts("login", "anthropic")
    screen.sees("(not shown):")
    screen.press("C-c")
    person.ends(130)
    assert not file(kedge).exists()

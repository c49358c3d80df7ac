"""Runs that cannot begin: what is wrong, where, and the exit code that says so."""

import msgspec
import pytest

from e2e.process import Json, Kedge
from e2e.remotes import REMOTES

REMOTE = REMOTES["anthropic"]


def result_of(line: bytes) -> Json:
    """The only line."""
    assert line.count(b"\n") == 1
    return msgspec.json.decode(line, type=Json)


STARTUP: dict[str, tuple[tuple[str, ...], dict[str, str], int, str]] = {
    "no key": ((), {REMOTE.key: ""}, 4, "ANTHROPIC_API_KEY"),
    "unknown provider": (("-m", "antropic/x"), {}, 3, "anthropic"),
    "no provider": (("-m", "x"), {}, 3, "provider/model"),
    "bad --set": (("--set", "nonsense"), {}, 2, "nonsense"),
    "unknown key": (("--set", "limits.max_turn=1"), {}, 3, "limits.max_turns"),
    "wrong type": (("--set", "limits.max_turns=many"), {}, 3, "many"),
    "missing directory": (("-C", "nowhere"), {}, 2, "nowhere"),
    "missing added directory": (("--add-dir", "nowhere"), {}, 2, "nowhere"),
    "missing profile": (("--profile", "none"), {}, 3, "none"),
    "missing schema": (("--json-schema", "none.json"), {}, 2, "none.json"),
    "broken schema": (("--json-schema", '{"type": "nonsense"}'), {}, 2, "nonsense"),
    "missing script": (("-m", "scripted:none.jsonl"), {}, 3, "none.jsonl"),
    "unknown session": (("-r", "none"), {}, 2, "none"),
    "no session yet": (("-c",), {}, 2, "no session"),
    "unknown variable": ((), {"KEDGE_NONSENSE": "1"}, 3, "KEDGE_NONSENSE"),
    "relative home": ((), {"KEDGE_HOME": "here"}, 3, "KEDGE_HOME"),
}


@pytest.mark.parametrize("case", STARTUP)
@pytest.mark.parametrize("output", ["json", "stream-json"])
def test_a_run_that_cannot_begin_says_so_in_a_result(kedge: Kedge, case: str, output: str) -> None:
    arguments, env, code, words = STARTUP[case]
    ran = kedge(
        "-m", REMOTE.model, "-p", "x", "--output-format", output, *arguments, env=env
    )  # fmt: skip
    result = result_of(ran.out)
    assert (ran.code, result["kind"], result["exit_code"]) == (code, "result", code)
    assert words in msgspec.json.encode(result["error"]).decode()
    assert ran.complaint.startswith("kedge: ") and words in ran.complaint
    assert "Traceback" not in ran.complaint


@pytest.mark.parametrize("case", STARTUP)
def test_a_run_that_cannot_begin_prints_no_answer(kedge: Kedge, case: str) -> None:
    arguments, env, code, _ = STARTUP[case]
    ran = kedge("-m", REMOTE.model, "-p", "x", *arguments, env=env)
    assert (ran.code, ran.out) == (code, b"")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'mode = "full"\n\n[limits]\nmax_turn = 3\n', ":4: limits.max_turn: unknown key"),
        (b"[limits\n", ":1: not TOML"),
        (b'mode = "anything"\n', ":1: mode:"),
        (b"\xff\xfe", ": not UTF-8"),
    ],
)
def test_a_mistake_in_the_configuration_is_shown_with_its_line(
    kedge: Kedge, text: bytes, place: str
) -> None:
    (kedge.home / "config").mkdir(parents=True)
    file = kedge.home / "config" / "config.toml"
    file.write_bytes(text)
    ran = kedge("-m", REMOTE.model, "-p", "x")
    assert ran.code == 3
    assert f"{file}{place}" in ran.complaint


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nope",), ("--output-format", "xml"), ("--max-turns", "0"), ("--max-turns", "1.5"),
        ("--max-cost", "-1"), ("--max-seconds", "nan"), ("second prompt",), ("--mode",),
        ("--print=yes",), ("-m",),
    ],
)  # fmt: skip
def test_a_wrong_command_line_ends_with_2(kedge: Kedge, arguments: tuple[str, ...]) -> None:
    ran = kedge("-m", REMOTE.model, "-p", "x", *arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert "Error: " in ran.complaint and "Traceback" not in ran.complaint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-phi",), "No such option: -i"),
        (("-p=hi",), "No such option: -="),
        (("-vpx", "hi"), "No such option: -x"),
        (("-c",), 'add -p "PROMPT"'),
        (("-r", "20261121"), 'add -p "PROMPT"'),
        (("-r20261121",), 'add -p "PROMPT"'),
        (("--model=x", "hi"), 'add -p "PROMPT"'),
    ],
)
def test_a_slip_with_the_option_for_one_prompt_is_understood(
    kedge: Kedge, arguments: tuple[str, ...], words: str
) -> None:
    ran = kedge(*arguments, "--output-format", "json")
    assert (ran.code, result_of(ran.out)["status"]) == (2, "usage")
    assert words in ran.complaint and '-p "PROMPT"' in ran.complaint
    assert "COMMAND" not in ran.complaint


def test_options_in_one_cluster_are_understood(kedge: Kedge) -> None:
    ran = kedge("-m", "scripted:none.jsonl", "-vp", "x")
    assert (ran.code, "none.jsonl" in ran.complaint) == (3, True)


@pytest.mark.parametrize("arguments", [("--mode", "wild"), ("--max-turns", "many")])
def test_a_wrong_value_is_told_in_words_of_ours(kedge: Kedge, arguments: tuple[str, ...]) -> None:
    ran = kedge("-p", "x", *arguments)
    assert f"Invalid value for '{arguments[0]}': " in ran.complaint
    assert "Value error" not in ran.complaint and "Input should" not in ran.complaint

"""The gate without a model: `kedge tool exec` and `kedge rules test`."""

from pathlib import Path

import msgspec
import pytest

from e2e.process import Json, Kedge


def executed(kedge: Kedge, *calls: Json, options: tuple[str, ...] = ()) -> list[Json]:
    stdin = b"".join(msgspec.json.encode(call) + b"\n" for call in calls)
    return kedge("tool", "exec", "--json", *options, stdin=stdin).records


def bash(command: str) -> Json:
    return {"tool": "bash", "args": {"command": command}}


WRITE: Json = {"tool": "write", "args": {"file_path": "made", "content": "x"}}


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("plan", [None, "denied", "denied", "denied"]),
        ("ask", [None, "denied", "denied", "denied"]),
        ("auto", [None, None, None, "denied"]),
        ("full", [None, None, None, "denied"]),
    ],
)
def test_a_call_by_hand_goes_through_the_same_gate(
    kedge: Kedge, mode: str, kinds: list[str | None]
) -> None:
    (kedge.cwd / "t.sh").write_text("exit 0\n")
    calls = (bash("ls"), WRITE, bash("sh t.sh"), bash("rm -rf ~"))
    answers = executed(kedge, *calls, options=("--mode", mode))
    assert [answer["error_kind"] for answer in answers] == kinds
    refused = [str(answer["text"]) for answer in answers if answer["error_kind"]]
    assert all(text.startswith("Not allowed: ") for text in refused)
    assert (kedge.cwd / "made").exists() == (mode in ("auto", "full"))


def test_the_loop_guard_watches_by_hand_too(kedge: Kedge) -> None:
    answers = executed(kedge, *[bash("ls")] * 6)
    assert [answer["error_kind"] for answer in answers][:4] == [None] * 4
    assert answers[4]["error_kind"] == "denied"


def test_a_hook_of_the_user_is_heard_by_hand_too(kedge: Kedge) -> None:
    config = kedge.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('[[hooks]]\nevent = "before_tool"\ncommand = "echo no >&2; exit 2"\n')
    (answer,) = executed(kedge, bash("ls"))
    assert (answer["error_kind"], "no" in str(answer["text"])) == ("denied", True)


def test_a_key_is_not_shown_by_hand(kedge: Kedge) -> None:
    (kedge.cwd / "p.py").write_text("print('gh' + 'p_' + '0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX')\n")
    (answer,) = executed(kedge, bash("python3 p.py"), options=("--mode", "auto"))
    assert "0aB1cD2eF3gH4" not in str(answer["text"])


def answers_to(kedge: Kedge, *asked: Json | bytes, options: tuple[str, ...] = ()) -> list[Json]:
    """The answers to these lines, in their order."""
    sent = (one if isinstance(one, bytes) else msgspec.json.encode(one) for one in asked)
    ran = kedge("rules", "test", "--json", *options, stdin=b"".join(it + b"\n" for it in sent))
    assert ran.code == 0, ran.complaint
    return ran.records


def test_each_line_is_answered_in_its_place_also_a_bad_one(kedge: Kedge) -> None:
    (kedge.cwd / "sub").mkdir()
    answers = answers_to(
        kedge,
        {"command": "ls"},
        b"nonsense",
        b"",
        b"[1]",
        {"command": "make x", "rules": {"allow": ["bash(make *)"]}},
        {"command": "make x", "rules": {"allow": ["bash(make"]}},
        {"command": "make x", "rules": {"deny": ["bash(make *)"], "allow": ["bash(make *)"]}},
        {"command": 5},
        {"command": "ls", "tool": "bash"},
        {},
        {"tool": "read", "args": {"file_path": "a"}},
        {"tool": "read", "args": {}},
        {"tool": "nobody", "args": {}},
        {"command": "ls ..", "cwd": "sub"},
        {"command": "ls", "cwd": "nowhere"},
        {"command": "ls\u0000"},
        b'{"command": "\xff"}',
        b'{"command": "\\ud800"}',
        {"command": "rm -rf /"},
        {"tool": "write", "args": {"file_path": "../x", "content": ""}},
        {"command": "ls"},
    )
    said = [answer.get("verdict", "error") for answer in answers]
    assert said == [
        "allow", "error", "error", "allow", "error", "deny", "error", "error", "error",
        "allow", "error", "error", "ask", "error", "ask", "error", "error", "deny", said[18],
        "allow",
    ]  # fmt: skip
    assert said[18] in ("ask", "deny")
    assert all(answer["error"] for answer in answers if "error" in answer)


def test_an_answer_says_who_decided_by_which_rule_and_what_of_each_part(kedge: Kedge) -> None:
    (answer,) = answers_to(
        kedge, {"command": "ls && make x; curl example.com", "rules": {"allow": ["bash(make x)"]}}
    )
    assert (answer["verdict"], answer["by"]) == ("ask", "gate")
    parts = msgspec.convert(answer["parts"], list[Json])
    assert [part["verdict"] for part in parts] == ["allow", "allow", "ask"]
    (denied,) = answers_to(kedge, {"command": "ls", "rules": {"deny": ["bash(ls)"]}})
    assert denied["by"] == "rules" and "bash(ls)" in str(denied["rule"])


def test_grants_and_the_sandbox_do_not_count(kedge: Kedge) -> None:
    assert [one["verdict"] for one in answers_to(kedge, {"command": "sh x"})] == ["ask"]
    (one,) = answers_to(kedge, {"command": "sh x"}, options=("--mode", "auto"))
    assert one["verdict"] == "ask"


def test_a_thousand_lines_are_answered_in_order(kedge: Kedge) -> None:
    asked: list[Json] = [
        {"command": f"cat file{n}.txt | grep -n x{n} && make t{n}",
         "rules": {"allow": [f"bash(make t{n})"] if n % 2 else []}}
        for n in range(1000)
    ]  # fmt: skip
    answers = answers_to(kedge, *asked)
    assert [one["verdict"] for one in answers] == ["ask", "allow"] * 500


def test_a_command_is_explained_in_words(kedge: Kedge) -> None:
    ran = kedge("rules", "test", "ls && make x")
    assert ran.code == 0
    assert ran.answer.startswith("ask: ") and "^^^^^^" in ran.answer and "considered" in ran.answer
    assert kedge("rules", "test").code == 2


def test_wrong_rules_are_found_before_they_are_needed(kedge: Kedge, tmp_path: Path) -> None:
    config = kedge.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('[rules]\nallow = ["bash(make *)", "bash(make x)"]\ndeny = ["bash(rm"]\n')
    ran = kedge("rules", "lint")
    assert ran.code == 3 and "bash(rm" in ran.answer and "config.toml:3" in ran.answer
    assert kedge("rules", "test", "ls").code == 3

"""`kedge rules test` and `kedge rules lint`: functions of a directory and what is written there."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kedge.cli.commands.rules import lint_rules, try_rules
from kedge.config.errors import ConfigError, UsageError

Answers = Callable[..., list[dict[str, object]]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with its own user's home, whose configuration is empty."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KEDGE_HOME", str(tmp_path / "kedge"))
    (tmp_path / "kedge" / "config").mkdir(parents=True)
    ours = tmp_path / "project"
    (ours / "src").mkdir(parents=True)
    (ours / ".env").write_text("KEY=1")
    return ours.resolve()


@pytest.fixture
def config(workspace: Path) -> Path:
    """The user's configuration file."""
    from kedge.config.paths import home

    file = home(os.environ).config_dir / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


@pytest.fixture
def answers(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Answers:
    """The answers to lines of input; what is no text is written as JSON."""

    def answer(*lines: object, mode: str = "ask") -> list[dict[str, object]]:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        try_rules((), mode, str(workspace), as_json=True)
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return answer


@pytest.mark.parametrize(
    ("call", "verdict", "by"),
    [
        ({"command": "cat src/a | head"}, "allow", "mode"),
        ({"command": "npm test"}, "ask", "gate"),
        (
            {"command": "npm test && ls", "rules": {"allow": ["Bash(npm *)"]}},
            "allow",
            "rules, mode",
        ),
        ({"command": "echo x > a", "rules": {"allow": ["bash(echo *)"]}}, "ask", "gate"),
        ({"command": "sudo rm x", "rules": {"deny": ["bash(rm *)"]}}, "deny", "rules"),
        ({"command": "ls", "rules": {"ask": ["bash(ls)"]}}, "ask", "rules"),
        ({"command": "rm -rf ~"}, "deny", "hard gates"),
        ({"command": "rm -rf ."}, "deny", "hard gates"),
        ({"command": "cat .env"}, "deny", "protected files"),
        ({"command": "echo x > .vscode/tasks.json"}, "ask", "protected files"),
        ({"command": "cat /etc/passwd"}, "ask", "gate"),
        ({"command": "echo 'not closed"}, "ask", "gate"),
        ({"command": ""}, "allow", "gate"),
        ({"tool": "read", "args": {"file_path": "src/a"}}, "allow", "mode"),
        ({"tool": "write", "args": {"file_path": "a", "content": ""}}, "ask", "gate"),
        ({"tool": "write", "args": {"file_path": "/etc/a", "content": ""}}, "deny", "tool"),
        ({"tool": "bash", "args": {"command": "ls"}}, "allow", "mode"),
        ({"tool": "mcp__a__b"}, "ask", "gate"),
    ],
)
def test_a_line_is_answered_with_the_verdict_and_who_gave_it(
    call: dict[str, object], verdict: str, by: str, answers: Answers
) -> None:
    (answer,) = answers(call)
    assert (answer["verdict"], answer["by"]) == (verdict, by)


def test_every_part_has_its_own_verdict(answers: Answers) -> None:
    rules = {"deny": ["bash(git push *)"], "allow": ["bash(make *)"]}
    (answer,) = answers({"command": "ls; make a && git push; npm test", "rules": rules})
    assert answer["rule"] == "bash(git push *)"
    parts = answer["parts"]
    assert isinstance(parts, list)
    assert [(part["text"], part["verdict"]) for part in parts] == [
        ("ls", "allow"),
        ("make a", "allow"),
        ("git push", "deny"),
        ("npm test", "ask"),
    ]
    assert all(part["risk"] and part["why"] for part in parts)


def test_what_is_doubtful_about_the_whole_is_a_part_too(answers: Answers) -> None:
    (answer,) = answers({"command": "echo a\u200bb", "rules": {"allow": ["bash"]}})
    assert answer["verdict"] == "ask"


def test_a_directory_of_its_own_is_the_workspace(answers: Answers, workspace: Path) -> None:
    found = answers(
        {"command": "cat ../a"}, {"command": "cat ../a", "cwd": str(workspace / "src")},
        {"command": "cat a", "cwd": "src"},
    )  # fmt: skip
    assert [answer["verdict"] for answer in found] == ["ask", "ask", "allow"]


def test_a_bad_line_is_answered_with_an_error_and_the_next_one_counts(answers: Answers) -> None:
    found = answers(
        "no JSON",
        {"neither": 1},
        {"command": "ls", "tool": "bash"},
        {"command": "ls", "rules": {"allow": ["bsh"]}},
        {"command": "ls", "cwd": "nowhere"},
        {"tool": "nothing"},
        {"tool": "read", "args": {"file": 1}},
        {"tool": "bash", "args": {}},
        "",
        {"command": "ls"},
    )
    assert ["error" in answer for answer in found] == [True] * 8 + [False]


def test_the_mode_counts(answers: Answers) -> None:
    call = {"tool": "write", "args": {"file_path": "a", "content": ""}}
    modes = ("plan", "ask", "auto", "full")
    verdicts = [answers(call, mode=mode)[0]["verdict"] for mode in modes]
    assert verdicts == ["deny", "ask", "allow", "allow"]
    assert answers({"command": "npm test"}, mode="auto")[0]["verdict"] == "ask"


def test_configured_rules_count_where_a_line_has_none(config: Path, answers: Answers) -> None:
    config.write_text('[rules]\ndeny = ["bash(ls *)"]\n')
    with_own = {"command": "ls", "rules": {}}
    first, second = answers({"command": "ls"}, with_own)
    assert (first["verdict"], first["rule"]) == ("deny", f"bash(ls *) ({config}:2)")
    assert second["verdict"] == "allow"


def test_words_say_what_was_decided_and_where(
    workspace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    try_rules(("ls && npm test",), "ask", str(workspace), as_json=False)
    said = capfd.readouterr().out
    assert said.startswith("ask: ")
    assert "  ls && npm test\n        ^^^^^^^^\n" in said
    assert "mode ask allows it" in said


def test_several_words_are_one_command(workspace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    try_rules(("echo", "a && b"), "ask", str(workspace), as_json=True)
    (part,) = json.loads(capfd.readouterr().out)["parts"]
    assert part["text"] == "echo 'a && b'"


def test_without_a_command_there_is_nothing_to_say(workspace: Path) -> None:
    with pytest.raises(UsageError, match="no command"):
        try_rules((), "ask", str(workspace), as_json=False)


def test_a_wrong_configured_rule_is_an_error_with_its_line(config: Path, workspace: Path) -> None:
    config.write_text('[rules]\nallow = [\n"bsh"]\n')
    with pytest.raises(ConfigError) as raised:
        try_rules(("ls",), "ask", str(workspace), as_json=False)
    assert str(raised.value).startswith(f"{config}:3: ")


def test_lint_names_every_place_and_fails_for_errors(
    config: Path, workspace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config.write_text(
        '[rules]\nallow = [\n  "bash(git push x)",\n  "bsh",\n  "bash(python *)",\n]\n'
        'deny = ["bash(git push *)"]\n'
    )
    assert lint_rules(str(workspace), as_json=False) == 3
    said = capfd.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in said] == [
        [f"{config}:4", "error"],
        [f"{config}:3", "warning"],
        [f"{config}:5", "warning"],
    ]


def test_lint_is_content_with_warnings(
    config: Path, workspace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config.write_text('rules.allow = ["bash(python *)"]\n')
    assert lint_rules(str(workspace), as_json=True) == 0
    assert json.loads(capfd.readouterr().out)["what"] == "wide"
    config.write_text('rules.allow = ["bash(make)"]\n')
    assert lint_rules(str(workspace), as_json=False) == 0
    assert capfd.readouterr().out == "nothing is wrong with 1 rule\n"

"""Hooks and trust in real runs."""

import json
import sys
from pathlib import Path

import pytest

from e2e.gated import Model, bash, write
from e2e.person import Person
from e2e.process import Json, Kedge
from loopback.script import Call, Expect, turn

HOOK = """import json, sys
given = json.load(sys.stdin)
with open({seen!r}, "a") as file:
    file.write(json.dumps(given) + "\\n")
{body}
"""


class Hooked:
    """A kedge whose user, or project, has hooks."""

    def __init__(self, kedge: Kedge) -> None:
        self._kedge = kedge
        self._seen = kedge.home / "seen.jsonl"
        self._entries: list[str] = []

    def program(self, body: str, folder: Path | None = None) -> Path:
        """A hook's program, which keeps what it was told."""
        name = f"hook{len(self._entries)}.py"
        file = (folder or self._kedge.home) / name
        file.write_text(HOOK.format(seen=str(self._seen), body=body))
        return file

    def user(self, event: str, body: str, **more: object) -> None:
        """One more hook of the user's."""
        command = [sys.executable, str(self.program(body))]
        settings: Json = {"event": event, "command": command, "name": event, **more}
        self._entries.append(_toml(settings))
        file = self._kedge.home / "config" / "config.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(self._entries))

    def no_more(self) -> None:
        """Take back all of them."""
        self._entries.clear()

    @property
    def told(self) -> list[Json]:
        """What hooks were told so far."""
        if not self._seen.exists():
            return []
        return [json.loads(line) for line in self._seen.read_text().splitlines()]


def _toml(settings: Json) -> str:
    # An inline table differs from a JSON object by its `=` alone.
    return "[[hooks]]\n" + "".join(
        f"{key} = {json.dumps(it, separators=(', ', ' = '))}\n" for key, it in settings.items()
    )


@pytest.fixture
def hooked(kedge: Kedge) -> Hooked:
    return Hooked(kedge)


DENY = 'sys.stderr.write("not on my watch")\nsys.exit(2)'


def answer(**specific: object) -> str:
    """A program's last lines: this answer in Claude Code's form."""
    return f"print(json.dumps({{'hookSpecificOutput': {specific!r}}}))"


def test_a_hook_of_claude_codes_kind_denies_with_exit_code_2(model: Model, hooked: Hooked) -> None:
    hooked.user("before_tool", DENY, match="Bash")
    ran = model.run(bash("ls"), Call("glob", {"pattern": "*"}), options=("--mode", "full"))
    assert [outcome for outcome, _ in model.decisions] == ["deny", "allow"]
    assert "not on my watch" in str(model.of("decision")[0])
    assert b"not on my watch" in model.sent
    assert ran.code == 6
    (told,) = hooked.told
    assert (told["hook_event_name"], told["tool_name"]) == ("PreToolUse", "Bash")
    assert told["tool_input"] == {"command": "ls"} or "ls" in str(told["tool_input"])
    assert "hook before_tool" in model.kedge("why").answer


def test_changed_arguments_are_judged_again_and_recorded(model: Model, hooked: Hooked) -> None:
    command = "given['tool_input']['command']"
    hooked.user(
        "before_tool",
        f"new = {{'rm a': 'rm -rf /', 'echo a': 'echo b'}}.get({command}, {command})\n"
        "given['tool_input']['command'] = new\n"
        "print(json.dumps({'hookSpecificOutput': {'permissionDecision': 'allow',"
        " 'updatedInput': given['tool_input']}}))",
        match="Bash",
    )
    model.run(bash("echo a"), bash("rm a"), options=("--mode", "full"))
    first, second = model.of("decision")
    assert (first["outcome"], second["outcome"]) == ("allow", "deny")
    assert "echo b" in str(first["modified"]) and "rm -rf /" in str(second["modified"])
    assert "hard gates" in str(second["by"])
    assert "b" in str(model.of("action.ended")[0]["content"])
    assert "with other arguments: " in model.kedge("why").answer


def test_a_hooks_yes_answers_no_question_unless_the_user_says_it_may(
    model: Model, hooked: Hooked
) -> None:
    hooked.user("permission", answer(decision={"behavior": "allow"}))
    model.run(write("a"))
    assert [outcome for outcome, _ in model.decisions] == ["deny"]
    hooked.no_more()
    hooked.user("permission", answer(decision={"behavior": "allow"}), may_allow=True)
    model.run(write("a"), bash("rm -rf /"))
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny"]


def test_a_prompt_that_a_hook_blocks_begins_no_turn(model: Model, hooked: Hooked) -> None:
    hooked.user("prompt", DENY)
    ran = model.kedge(*model.options(allow_unused=True), "-p", "Go.", "--output-format", "json")
    assert (ran.code, ran.result["status"]) == (6, "blocked")
    assert "not on my watch" in str(ran.result["error"])
    assert model.of("turn.started") == [] and not model.server.requests
    hooked.no_more()
    hooked.user("prompt", "print('The tests are slow.')")
    options = model.options(turn("Ok.", expect=Expect(contains="The tests are slow.")),
                            allow_unused=True)  # fmt: skip
    assert model.kedge(*options, "-c", "-p", "Again.").code == 0


def test_a_stop_hook_makes_the_model_go_on_three_times_at_most(
    model: Model, hooked: Hooked
) -> None:
    hooked.user("stop", DENY)
    ran = model.run(*[turn(f"Done {n}.") for n in range(3)])
    assert (ran.code, ran.answer) == (0, "Ok.\n")
    assert len(model.server.requests) == 4
    assert [one["stop_hook_active"] for one in hooked.told] == [False, True, True]


def test_a_hook_that_fails_means_what_its_policy_says(model: Model, hooked: Hooked) -> None:
    hooked.user("before_tool", "sys.exit(1)", on_failure={"read": "allow", "run": "block"})
    model.run(Call("glob", {"pattern": "*"}), bash("sh a.sh"), write("b"),
              options=("--mode", "auto"))  # fmt: skip
    outcomes = [(one["outcome"], one["by"]) for one in model.of("decision")]
    assert outcomes == [
        ("allow", "mode"), ("deny", "hook before_tool"), ("deny", "unattended"),
    ]  # fmt: skip
    assert all("unavailable" in str(one["considered"]) for one in model.of("decision"))


@pytest.mark.parametrize(
    "body", ["print('{')", "print('x' * 2_000_000)", "sys.stdout.buffer.write(b'\\xff')",
             "import os; os.kill(os.getpid(), 9)", "import time; time.sleep(60)"],
)  # fmt: skip
def test_a_hook_that_answers_garbage_or_nothing_lets_nothing_through(
    model: Model, hooked: Hooked, body: str
) -> None:
    hooked.user("before_tool", body, timeout_seconds=0.5)
    model.run(bash("touch a"), options=("--mode", "auto"))
    assert model.decisions == [("deny", "unattended")]
    assert not (model.kedge.cwd / "a").exists()


def test_a_result_is_changed_and_withheld_by_hooks(model: Model, hooked: Hooked) -> None:
    hooked.user("after_tool", answer(updatedToolOutput="nothing to see"), match="Bash")
    model.run(bash("echo original"), options=("--mode", "auto"))
    assert b"nothing to see" in model.sent
    assert "original" not in str(model.of("action.ended"))


@pytest.fixture
def project(kedge: Kedge, hooked: Hooked) -> Path:
    """A project that brings a hook, an allow rule and a host; the hook's program."""
    folder = kedge.cwd / ".kedge"
    folder.mkdir()
    program = hooked.program("sys.exit(0)", folder)
    (folder / "config.toml").write_text(
        'rules = { allow = ["bash(make install)"], deny = ["bash(make clean)"] }\n'
        'sandbox = { allow_hosts = ["example.com"] }\n'
        f'[[hooks]]\nevent = "before_tool"\ncommand = [{sys.executable!r}, ".kedge/{program.name}"]'
        .replace("'", '"') + "\n"
    )  # fmt: skip
    return program


def test_what_a_project_brings_counts_only_when_it_is_trusted(
    model: Model, hooked: Hooked, project: Path
) -> None:
    calls = [bash("make install"), bash("make clean")]
    ran = model.run(*calls, options=("-v",))
    assert ran.code == 6 and "ignored until this folder is trusted: kedge trust" in ran.complaint
    # What narrows holds at once.
    assert model.decisions[1][1] == "rules" and model.decisions[0][1] == "unattended"
    assert hooked.told == []
    (started,) = model.of("session.started")
    problems = str(started["config_problems"])
    assert all(part in problems for part in ("rules.allow", "hooks", "allow_hosts", "trusted"))

    refused = model.kedge("-p", "Go.", *model.options(allow_unused=True), "--require-trust")
    assert refused.code == 3 and "trust" in refused.complaint
    assert model.kedge("trust").code != 0

    shown = model.kedge("trust", "--yes")
    assert shown.code == 0
    assert "make install" in shown.answer and "json.load(sys.stdin)" in shown.answer
    assert model.kedge("trust", "list").answer.count("\n") == 1
    ran = model.run(*calls, options=("--require-trust",))
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny"]
    assert model.of("session.started")[0]["config_problems"] == []
    assert len(hooked.told) >= 1

    # Whatever changes of it, the program included, takes the trust away.
    project.write_text(project.read_text() + "# one more line\n")
    ran = model.run(*calls)
    assert model.decisions[0] == ("deny", "unattended")
    assert "changed since" in str(model.of("session.started")[0]["config_problems"])
    assert model.kedge(*model.options(allow_unused=True), "-p", "x", "--require-trust").code == 3
    again = model.kedge("trust", "--yes")
    assert "changed since you trusted it" in again.answer and "+  | # one more line" in again.answer
    assert model.kedge("trust", "revoke").code == 0
    assert model.kedge("trust", "list").out == b""


def test_a_hook_whose_program_changes_while_it_runs_is_asked_about(
    model: Model, hooked: Hooked, project: Path
) -> None:
    assert model.kedge("trust", "--yes").code == 0
    # What a script does nobody can tell; without a sandbox nothing keeps it from doing it.
    (model.kedge.cwd / "evil.sh").write_text(f"echo '# evil' >> .kedge/{project.name}\n")
    model.run(bash("sh evil.sh"), bash("ls"), options=("--mode", "full", "--sandbox", "off"))
    assert model.decisions == [("allow", "mode"), ("deny", "unattended")]
    assert "changed since the session began" in str(model.of("decision")[1])
    assert len(hooked.told) == 1


def test_a_person_can_be_asked_by_a_hook(model: Model, hooked: Hooked, person: Person) -> None:
    hooked.user("before_tool", answer(permissionDecision="ask", permissionDecisionReason="sure?"))
    person.starts(*model.options(bash("ls")), "-p", "Go.", "--mode", "auto")
    question = person.presses("1")
    assert "sure?" in question and "asked by hook before_tool" in question
    assert "2 this session" not in question
    person.ends(0)
    assert model.decisions == [("allow", "person")]


def test_hooks_can_be_tried_by_hand(model: Model, hooked: Hooked) -> None:
    hooked.user("before_tool", DENY)
    ran = model.kedge("hooks", "test", "before_tool")
    assert ran.code == 0 and "the action is refused" in ran.answer
    assert "before_tool" in model.kedge("hooks", "list").answer

"""What a hook's exit code and output mean, Claude Code's contract included."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.reviewers.replies import LARGEST, HookFailed, Reply, Said, understood
from kedge.config.hooks import HookEvent
from kedge.sandbox.ports import Exit


def reply(stdout: str | bytes = b"", *, code: int | None = 0, stderr: str = "", **how: object):
    data = stdout.encode() if isinstance(stdout, str) else stdout
    exit = Exit(code, how.get("signal"), bool(how.get("timed_out")), 0.1)
    return Reply(exit, data, stderr)


def specific(name: str, **fields: object) -> str:
    return msgspec.json.encode({"hookSpecificOutput": {"hookEventName": name, **fields}}).decode()


ANSWERS: list[tuple[HookEvent, str, Said]] = [
    ("before_tool", "", Said()),
    ("before_tool", "{}", Said()),
    ("before_tool", '{"suppressOutput": true, "later": [1]}', Said()),
    ("before_tool", specific("PreToolUse", permissionDecision="allow"), Said("allow")),
    (
        "before_tool",
        specific("PreToolUse", permissionDecision="deny", permissionDecisionReason="no"),
        Said("deny", "no"),
    ),
    (
        "before_tool",
        specific("PreToolUse", permissionDecision="defer"),
        Said("ask", "the hook wants a person to decide"),
    ),
    (
        "before_tool",
        specific("before_tool", updatedInput={"command": "ls"}, additionalContext="slow disk"),
        Said(arguments={"command": "ls"}, context="slow disk"),
    ),
    ("before_tool", '{"decision": "block", "reason": "no"}', Said("deny", "no")),
    ("before_tool", '{"decision": "approve"}', Said("allow")),
    (
        "before_tool",
        '{"decision": "approve", "hookSpecificOutput": {"permissionDecision": "deny"}}',
        Said("deny", "the hook gave no reason"),
    ),
    (
        "before_tool",
        '{"continue": false, "stopReason": "enough", "decision": "approve"}',
        Said("deny", "enough", ends=True),
    ),
    (
        "permission",
        specific("PermissionRequest", decision={"behavior": "deny", "message": "not now"}),
        Said("deny", "not now"),
    ),
    (
        "permission",
        specific(
            "PermissionRequest", decision={"behavior": "allow", "updatedInput": {"command": "ls"}}
        ),
        Said("allow", arguments={"command": "ls"}),
    ),
    ("prompt", "remember the milk\n", Said(context="remember the milk")),
    (
        "session_start",
        specific("SessionStart", additionalContext="on call"),
        Said(context="on call"),
    ),
    ("after_tool", "formatted 3 files", Said()),
    ("after_tool", specific("PostToolUse", updatedToolOutput="cut"), Said(output="cut")),
    ("after_tool", specific("PostToolUse", updatedToolOutput={"a": 1}), Said(output='{"a":1}')),
    ("stop", '{"decision": "block", "reason": "tests fail"}', Said("deny", "tests fail")),
    ("stop", '{"systemMessage": "cost: 3"}', Said(message="cost: 3")),
]


@pytest.mark.parametrize(("event", "stdout", "said"), ANSWERS)
def test_a_valid_answer_is_understood(event: HookEvent, stdout: str, said: Said) -> None:
    assert understood(event, reply(stdout)) == said


@pytest.mark.parametrize(
    ("event", "stdout"),
    [
        ("before_tool", "fine"),
        ("permission", "null"),
        ("before_tool", "{"),
        ("before_tool", '{"decision": "maybe"}'),
        ("before_tool", '{"continue": "no"}'),
        ("before_tool", specific("PreToolUse", permissionDecision="Deny")),
        ("before_tool", specific("PreToolUse", updatedInput="ls")),
        ("before_tool", specific("PostToolUse", permissionDecision="allow")),
        ("before_tool", '{"decision": "approve"} {"decision": "block"}'),
        ("prompt", b"\xff\xfe"),
        ("after_tool", b"{\xff}"),
        ("prompt", b"x" * (LARGEST + 1)),
    ],
)
def test_garbage_is_a_failure(event: HookEvent, stdout: str | bytes) -> None:
    with pytest.raises(HookFailed):
        understood(event, reply(stdout))


def test_exit_code_2_says_no_with_the_reason_on_stderr() -> None:
    assert understood("before_tool", reply(code=2, stderr="not here\n")) == Said("deny", "not here")
    assert understood("stop", reply("{", code=2)).verdict == "deny"


@pytest.mark.parametrize("code", [1, 3, 126, 127, 255])
def test_any_other_exit_code_is_a_failure_with_its_words(code: int) -> None:
    with pytest.raises(HookFailed, match=f"exit code {code}: oops"):
        understood("before_tool", reply('{"decision": "approve"}', code=code, stderr="oops\n"))


def test_a_signal_and_a_timeout_are_failures_whatever_was_printed() -> None:
    approval = '{"decision": "approve"}'
    with pytest.raises(HookFailed, match="SIGSEGV"):
        understood("before_tool", reply(approval, code=None, signal="SIGSEGV"))
    with pytest.raises(HookFailed, match="not finished"):
        understood("before_tool", reply(approval, code=None, signal="SIGTERM", timed_out=True))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_noise_is_ever_an_allowance_or_a_change(noise: bytes) -> None:
    try:
        said = understood("before_tool", reply(noise))
    except HookFailed:
        return
    assert (said.verdict, said.arguments) in (("", None), ("deny", None))

"""Hooks as judges of actions: what they may do, and what their failures mean."""

import itertools
import os
import pathlib
import time
from collections.abc import Callable
from typing import Protocol

import pytest

from kedge.agent.effects import Effect
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.ports import Action, Allow, Ask, Deny, Modify, No, Question, Reviewer, Ruling
from kedge.agent.ports import Approval as Answer
from kedge.agent.reviewers.hooks import Hooks
from kedge.agent.reviewers.programs import HookChanged
from kedge.agent.reviewers.replies import HookFailed
from kedge.sandbox.errors import SandboxError


class Bench(Protocol):
    folder: pathlib.Path
    env: dict[str, str]
    heard: dict[str, object]

    def script(self, text: str, name: str = "hook.sh") -> str: ...
    def says(self, answer: object, name: str = "hook.sh") -> str: ...
    def add(self, event: str, command: str | tuple[str, ...], **settings: object) -> None: ...
    def hooks(self) -> Hooks: ...


MakeAction = Callable[..., Action]
MakeRuling = Callable[..., Ruling]


def decides(decision: str, **fields: object) -> dict[str, object]:
    return {"hookSpecificOutput": {"permissionDecision": decision, **fields}}


def only(bench: Bench) -> Reviewer:
    (reviewer,) = bench.hooks().reviewers
    return reviewer


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({}, None),
        (decides("allow"), Allow()),
        (decides("ask", permissionDecisionReason="sure?"), Ask("sure?")),
        (decides("deny", permissionDecisionReason="no"), Deny("no")),
        ({"continue": False, "stopReason": "enough"}, Deny("enough")),
        (
            decides("allow", updatedInput={"command": "ls"}),
            Modify({"command": "ls"}, "modified by the hook h"),
        ),
        (decides("allow", updatedInput={"command": "make"}), Allow()),
        (decides("deny", updatedInput={"command": "ls"}), Deny("the hook gave no reason")),
    ],
)  # fmt: skip
async def test_an_answer_is_a_verdict(
    bench: Bench, ruling: MakeRuling, answer: object, verdict: object
) -> None:
    bench.add("before_tool", bench.says(answer), name="h")
    assert await only(bench).review(ruling()) == verdict


async def test_exit_code_2_denies_with_stderr_as_the_reason(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add("before_tool", bench.script("echo not on fridays >&2; exit 2"))
    assert await only(bench).review(ruling()) == Deny("not on fridays")


async def test_a_hook_is_told_what_claude_code_tells_and_what_we_know(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add("before_tool", "cat > heard")
    await only(bench).review(ruling(outcome="ask"))
    heard = bench.heard
    assert heard == heard | {
        "hook_event_name": "PreToolUse",
        "event": "before_tool",
        "session_id": "s1",
        "transcript_path": "/log/s1.jsonl",
        "cwd": str(bench.folder),
        "permission_mode": "acceptEdits",
        "tool_name": "Bash",
        "tool": "bash",
        "tool_input": {"command": "make"},
        "tool_use_id": "c1",
        "risk": "run",
        "verdict": "ask",
    }
    assert heard["effects"] == [{"kind": "run", "target": "make"}]


@pytest.mark.parametrize(
    ("match", "tool", "heard"),
    [
        ("", "bash", True),
        ("*", "bash", True),
        ("Bash", "bash", True),
        ("bash", "bash", True),
        ("Edit|Write", "bash", False),
        ("Edit|Write", "write", True),
        ("Edit", "apply_patch", True),
        ("apply_patch", "apply_patch", True),
        ("Ed", "edit", False),
        ("mcp__.*", "mcp__github__search", True),
    ],
)
async def test_a_hook_hears_of_the_tools_that_it_matches(
    bench: Bench, ruling: MakeRuling, action: MakeAction, match: str, tool: str, heard: bool
) -> None:
    bench.add("before_tool", bench.says(decides("deny")), match=match)
    verdict = await only(bench).review(ruling(action(tool, {})))
    assert isinstance(verdict, Deny) is heard


async def test_every_file_of_a_patch_is_shown_to_hooks_for_files(
    bench: Bench, ruling: MakeRuling, action: MakeAction
) -> None:
    bench.add("before_tool", "grep -q secret && { echo hands off >&2; exit 2; }; exit 0")
    reviewer = only(bench)
    writes = [Effect("write", "/w/a"), Effect("write", "/w/secret")]
    patch = {"patch": "…"}
    assert await reviewer.review(ruling(action("apply_patch", patch, *writes))) == Deny("hands off")
    assert await reviewer.review(ruling(action("apply_patch", patch, writes[0]))) is None


async def test_what_a_hook_tells_besides_a_patch_is_no_argument_of_it(
    bench: Bench, ruling: MakeRuling, action: MakeAction
) -> None:
    updated = {"patch": "new", "file_path": "/w/a"}
    bench.add("before_tool", bench.says(decides("allow", updatedInput=updated)))
    about = action("apply_patch", {"patch": "old"}, Effect("write", "/w/a"))
    verdict = await only(bench).review(ruling(about))
    assert isinstance(verdict, Modify)
    assert verdict.arguments == {"patch": "new"}


async def test_a_hook_does_not_modify_its_own_work_again(
    bench: Bench, ruling: MakeRuling, action: MakeAction
) -> None:
    prepend = (
        "import json,sys; d=json.load(sys.stdin)['tool_input'];"
        "print(json.dumps({'hookSpecificOutput':{'permissionDecision':'ask',"
        "'permissionDecisionReason':'sure?','updatedInput':{'command':'nice '+d['command']}}}))"
    )
    bench.add("before_tool", ("python3", "-c", prepend))
    reviewer = only(bench)
    first = await reviewer.review(ruling())
    assert isinstance(first, Modify)
    assert first.arguments == {"command": "nice make"}
    filled_in = action("bash", {**first.arguments, "timeout": None})
    assert await reviewer.review(ruling(filled_in)) == Ask("sure?")
    assert isinstance(await reviewer.review(ruling(filled_in)), Modify)


async def test_a_hook_for_permission_is_heard_only_where_a_person_would_be_asked(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add("permission", bench.says(decides("deny")))
    reviewer = only(bench)
    assert await reviewer.review(ruling(outcome="allow")) is None
    assert isinstance(await reviewer.review(ruling(outcome="ask")), Deny)


async def test_judges_before_the_tool_are_heard_before_those_of_the_question(
    bench: Bench,
) -> None:
    bench.add("permission", "true", name="late")
    bench.add("before_tool", "true", name="early")
    bench.add("stop", "true", name="never")
    assert [one.name for one in bench.hooks().reviewers] == ["hook early", "hook late"]


async def test_only_a_hook_that_may_allow_lifts(bench: Bench) -> None:
    bench.add("before_tool", "true")
    bench.add("before_tool", "true", may_allow=True)
    assert [one.lifts for one in bench.hooks().reviewers] == [False, True]


async def test_a_program_that_was_exchanged_is_not_run_and_a_person_is_asked(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add("before_tool", bench.says(decides("allow")), on_failure="allow")
    reviewer = only(bench)
    assert await reviewer.review(ruling()) == Allow()
    bench.script("touch evil")
    verdict = await reviewer.review(ruling())
    assert isinstance(verdict, Ask)
    assert "changed since the session began" in verdict.reason
    assert not (bench.folder / "evil").exists()
    assert issubclass(HookChanged, HookFailed)


async def test_programs_are_not_looked_up_where_an_agent_can_write(
    bench: Bench, ruling: MakeRuling
) -> None:
    own = bench.folder / "bin"
    own.mkdir()
    (own / "judge").symlink_to("/bin/true")
    bench.env["PATH"] = f"{own}::relative:{os.environ['PATH']}"
    bench.add("before_tool", ("judge",))
    with pytest.raises(HookFailed, match="no 'judge'"):
        await only(bench).review(ruling())


async def test_hooks_get_no_descriptor_of_ours_and_no_terminal(
    bench: Bench, ruling: MakeRuling
) -> None:
    private = os.open(bench.folder, os.O_RDONLY)
    os.set_inheritable(private, True)
    look = (
        "import os, json; json.dump([os.listdir('/proc/self/fd'), os.getsid(0) == os.getpid()],"
        "open('heard', 'w'))"
    )
    bench.add("before_tool", ("python3", "-c", look))
    try:
        await only(bench).review(ruling())
    finally:
        os.close(private)
    descriptors, leads = bench.heard
    # The fourth is the listing itself.
    assert sorted(map(int, descriptors)) == [0, 1, 2, 3]
    assert leads


def living(folder: pathlib.Path) -> list[str]:
    """The pids that a hook wrote down and that still live."""
    pids = (folder / "pids").read_text().split()
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


async def test_a_hook_that_is_late_is_ended_with_all_it_started(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add(
        "before_tool",
        bench.script("sleep 60 & echo $! $$ > pids; wait"),
        timeout_seconds=0.3,
    )
    with pytest.raises(HookFailed, match="not finished"):
        await only(bench).review(ruling())
    assert living(bench.folder) == []


async def test_output_without_end_is_bounded_and_a_failure(
    bench: Bench, ruling: MakeRuling
) -> None:
    bench.add("before_tool", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")
    with pytest.raises(HookFailed, match="more than"):
        await only(bench).review(ruling())


RISKS = {
    "read": Effect("read", "/w/a"),
    "write": Effect("write", "/w/a"),
    "run": Effect("run", "make"),
    "reach": Effect("reach", "host:443"),
}
FAULTS: dict[str, str | tuple[str, ...]] = {
    "timeout": "sleep 60",
    "crash": "kill -SEGV $$",
    "error": 'echo \'{"decision": "approve"}\'; exit 1',
    "garbage": "echo certainly",
    "malformed": 'echo \'{"decision": "yes"}\'',
    "not utf-8": "printf '\\377'",
    "missing program": ("no-such-program-anywhere",),
    "missing script": ("python3", "gone.py"),
    "missing command": "no_such_command_anywhere",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_a_failure_and_never_an_answer(
    bench: Bench, ruling: MakeRuling, fault: str
) -> None:
    bench.add("before_tool", FAULTS[fault], timeout_seconds=0.2 if fault == "timeout" else 10)
    with pytest.raises((HookFailed, SandboxError)):
        await only(bench).review(ruling())


async def test_slow_but_in_time_is_an_answer(bench: Bench, ruling: MakeRuling) -> None:
    bench.add("before_tool", 'sleep 0.2; echo \'{"decision": "block"}\'', timeout_seconds=10)
    assert isinstance(await only(bench).review(ruling()), Deny)


class Always:
    """A validator with one verdict."""

    name = "always"

    def __init__(self, verdict: Allow | Ask) -> None:
        self._verdict = verdict

    def check(self, action: Action) -> list[Allow | Ask]:
        return [self._verdict]


class Nobody:
    """Denies what it is asked, and remembers that it was."""

    def __init__(self) -> None:
        self.asked = False

    async def decide(self, question: Question) -> Answer:
        self.asked = True
        return Answer(No("nobody is there"), "nobody")


@pytest.mark.parametrize(
    ("fault", "risk", "policy"),
    [
        *itertools.product(("garbage",), RISKS, ("block", "ask", "allow")),
        *itertools.product(
            sorted(set(FAULTS) - {"garbage", "timeout"}), ("run",), ("block", "allow")
        ),
        ("timeout", "run", "block"),
        ("timeout", "run", "allow"),
    ],
)
async def test_a_failure_has_the_declared_consequence_for_its_risk(
    bench: Bench, action: MakeAction, fault: str, risk: str, policy: str
) -> None:
    others = dict.fromkeys(RISKS, "allow" if policy == "block" else "block")
    bench.add(
        "before_tool",
        FAULTS[fault],
        timeout_seconds=0.2 if fault == "timeout" else 10,
        on_failure=others | {risk: policy},
    )
    nobody = Nobody()
    about = action("any", {}, RISKS[risk])
    judge = Judge(Gate([Always(Allow())]), nobody, bench.hooks().reviewers)
    decision, _ = await judge.decide(about, lambda _: about)
    denied = decision.outcome == "deny"
    assert (denied, nobody.asked) == {
        "block": (True, False),
        "ask": (True, True),
        "allow": (False, False),
    }[policy]
    assert decision.considered[-1].verdict == "unavailable"


@pytest.mark.parametrize(
    ("may_allow", "said", "outcome"),
    [(False, None, "deny"), (True, None, "allow"), (True, Ask("a rule"), "deny")],
)
async def test_an_allowance_lifts_no_question_unless_the_user_said_so(
    bench: Bench, action: MakeAction, may_allow: bool, said: Ask | None, outcome: str
) -> None:
    bench.add("before_tool", bench.says(decides("allow")), may_allow=may_allow)
    validators = [Always(said)] if said else []
    judge = Judge(Gate(validators), Nobody(), bench.hooks().reviewers)
    about = action()
    decision, _ = await judge.decide(about, lambda _: about)
    assert decision.outcome == outcome


async def test_hearing_a_hook_that_is_cancelled_leaves_no_process(
    bench: Bench, ruling: MakeRuling
) -> None:
    import asyncio

    bench.add("before_tool", bench.script("echo $$ > pids; exec sleep 60"), timeout_seconds=60)
    task = asyncio.create_task(only(bench).review(ruling()))
    deadline = time.monotonic() + 60
    while not (bench.folder / "pids").exists() or not (bench.folder / "pids").read_text():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert living(bench.folder) == []

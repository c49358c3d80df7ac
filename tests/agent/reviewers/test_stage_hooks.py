"""Hooks at the stages that are no action: what they may say, and when they are not heard."""

import pathlib
from collections.abc import Callable
from typing import Protocol

import msgspec
import pytest

from kedge.agent.effects import Effect
from kedge.agent.events import ActionEnded
from kedge.agent.messages import Text
from kedge.agent.ports import Action
from kedge.agent.reviewers.hooks import MAX_GO_ON, BreakerOf, Hooks
from kedge.agent.stages import Heard


class Bench(Protocol):
    folder: pathlib.Path
    heard: dict[str, object]

    def script(self, text: str, name: str = "hook.sh") -> str: ...
    def says(self, answer: object, name: str = "hook.sh") -> str: ...
    def add(self, event: str, command: str | tuple[str, ...], **settings: object) -> None: ...
    def hooks(self, breaker_of: BreakerOf | None = None) -> Hooks: ...


MakeAction = Callable[..., Action]
ENDED = ActionEnded("c1", "bash", "ok", (Text("made\n"),), exit_code=0)


def specific(**fields: object) -> dict[str, object]:
    return {"hookSpecificOutput": fields}


async def test_without_hooks_nothing_is_said(bench: Bench, action: MakeAction) -> None:
    hooks = bench.hooks()
    assert hooks.reviewers == ()
    assert [
        await hooks.session_start(resumed=False),
        await hooks.prompt("x"),
        await hooks.after_tool(action(), ENDED),
        await hooks.stop("done"),
        await hooks.compact("auto"),
        await hooks.compacted("auto", "Work went on."),
        await hooks.session_end("done"),
    ] == [Heard()] * 7


async def test_a_prompt_is_refused_or_given_context(bench: Bench) -> None:
    bench.add("prompt", "echo the build is red")
    bench.add("prompt", "grep -q password && { echo no secrets >&2; exit 2; }; exit 0")
    hooks = bench.hooks()
    assert await hooks.prompt("hello") == Heard(context="the build is red")
    assert (await hooks.prompt("my password is x")).denied == "no secrets"


async def test_a_prompt_is_told_as_claude_code_tells_it(bench: Bench) -> None:
    bench.add("prompt", "cat > heard")
    await bench.hooks().prompt("hello")
    assert bench.heard == bench.heard | {
        "hook_event_name": "UserPromptSubmit",
        "prompt": "hello",
        "session_id": "s1",
    }


async def test_after_a_tool_hooks_replace_the_text_in_turn_and_add_context(
    bench: Bench, action: MakeAction
) -> None:
    bench.add(
        "after_tool", bench.says(specific(updatedToolOutput="cut", additionalContext="a"), "1.sh")
    )
    bench.add("after_tool", 'cat > heard; echo \'{"decision": "block", "reason": "lint"}\'')
    bench.add("after_tool", bench.says(specific(updatedToolOutput="never"), "3.sh"), match="Edit")
    assert await bench.hooks().after_tool(action(), ENDED) == Heard("cut", "a\nlint")
    response = bench.heard["tool_response"]
    assert isinstance(response, dict)
    assert (response["content"], response["stdout"], response["is_error"]) == ("cut", "cut", False)


async def test_context_of_a_judge_is_told_with_the_result(bench: Bench, action: MakeAction) -> None:
    from kedge.agent.ports import Ruling

    bench.add("before_tool", bench.says(specific(additionalContext="use ninja next time")))
    hooks = bench.hooks()
    await hooks.reviewers[0].review(Ruling("allow", "mode", "", action()))
    assert (await hooks.after_tool(action(), ENDED)).context == "use ninja next time"
    assert await hooks.after_tool(action(), ENDED) == Heard()


async def test_a_turn_is_kept_going_three_times_at_most(bench: Bench) -> None:
    bench.add("stop", "cat >> heard; echo tests fail >&2; exit 2")
    hooks = bench.hooks()
    for _ in range(2):
        await hooks.prompt("go")
        said = [(await hooks.stop("done")).context for _ in range(MAX_GO_ON + 2)]
        assert said == ["tests fail"] * MAX_GO_ON + [""] * 2
    lines = (bench.folder / "heard").read_bytes().splitlines()
    told = [msgspec.json.decode(line)["stop_hook_active"] for line in lines]
    assert told == [False, True, True] * 2


async def test_a_hook_that_ends_the_work_keeps_nothing_going(bench: Bench) -> None:
    bench.add("stop", bench.says({"continue": False, "decision": "block", "reason": "x"}))
    assert await bench.hooks().stop("done") == Heard()


@pytest.mark.parametrize(
    ("match", "begun"), [("", "both"), ("resume", "resumed"), ("startup", "new")]
)
async def test_a_session_start_is_matched_by_how_it_began(
    bench: Bench, match: str, begun: str
) -> None:
    bench.add("session_start", "echo hello", match=match)
    hooks = bench.hooks()
    new = (await hooks.session_start(resumed=False)).context
    resumed = (await hooks.session_start(resumed=True)).context
    assert (new, resumed) == {
        "both": ("hello", "hello"),
        "resumed": ("", "hello"),
        "new": ("hello", ""),
    }[begun]


async def test_before_compacting_context_is_given_and_at_the_end_only_notes_count(
    bench: Bench,
) -> None:
    bench.add("compact", bench.says(specific(additionalContext="keep the ticket number"), "1.sh"))
    bench.add("session_end", bench.says({"systemMessage": "bye"}, "2.sh"), name="last")
    hooks = bench.hooks()
    assert (await hooks.compact("auto")).context == "keep the ticket number"
    assert (await hooks.session_end("done")).notes == ("last: bye",)


@pytest.mark.parametrize("policy", ["block", "ask", "allow"])
@pytest.mark.parametrize("event", ["prompt", "after_tool", "stop", "session_start"])
async def test_a_failure_is_noted_and_holds_words_back_only_where_declared(
    bench: Bench, action: MakeAction, event: str, policy: str
) -> None:
    bench.add(event, "exit 3", name="h", on_failure=policy)
    hooks = bench.hooks()
    heard = {
        "prompt": lambda: hooks.prompt("x"),
        "after_tool": lambda: hooks.after_tool(action(), ENDED),
        "stop": lambda: hooks.stop("done"),
        "session_start": lambda: hooks.session_start(resumed=False),
    }
    said = await heard[event]()
    assert said.notes == ("hook h could not be heard: it failed, with exit code 3",)
    blocks = policy == "block" and event in ("prompt", "after_tool")
    assert bool(said.denied) is blocks
    assert (said.text, said.context) == (None, "")


async def test_after_a_tool_the_policy_for_its_risk_counts(
    bench: Bench, action: MakeAction
) -> None:
    bench.add("after_tool", "exit 3", on_failure={"write": "block"})
    hooks = bench.hooks()
    assert not (await hooks.after_tool(action(), ENDED)).denied
    write = action("write", {}, Effect("write", "/w/a"))
    assert (await hooks.after_tool(write, ENDED)).denied


class Fuse:
    """Opens after one failure."""

    def __init__(self) -> None:
        self.good = True
        self.reasons: list[str] = []

    def allows(self) -> bool:
        return self.good

    def succeeded(self) -> None:
        self.reasons.append("")

    def failed(self, reason: str) -> None:
        self.good = False
        self.reasons.append(reason)


async def test_a_hook_whose_breaker_is_open_is_left_out(bench: Bench) -> None:
    fuses: dict[str, Fuse] = {}

    def breaker_of(name: str) -> Fuse:
        return fuses.setdefault(name, Fuse())

    bench.add("prompt", "echo x >> runs; exit 3", name="broken")
    bench.add("prompt", "true", name="fine")
    hooks = bench.hooks(breaker_of)
    await hooks.prompt("x")
    said = await hooks.prompt("x")
    assert said.notes == ("hook broken could not be heard: its circuit breaker is open",)
    assert (bench.folder / "runs").read_text() == "x\n"
    assert fuses["hook fine"].reasons == ["", ""]


async def test_after_closing_a_hook_cannot_be_heard(bench: Bench) -> None:
    bench.add("prompt", "echo x")
    hooks = bench.hooks()
    await hooks.close()
    said = await hooks.prompt("x")
    assert said.context == ""
    assert "closed" in said.notes[0]


async def test_a_hook_can_refuse_a_compaction_and_is_told_of_one_that_was_made(
    bench: Bench,
) -> None:
    bench.add("compact", "echo not before the release >&2; exit 2")
    bench.add("after_compact", "cat > heard; echo too late >&2; exit 2")
    hooks = bench.hooks()
    assert (await hooks.compact("manual")).denied == "not before the release"
    assert (await hooks.compacted("manual", "Work went on.")).denied == ""
    assert bench.heard == bench.heard | {
        "hook_event_name": "PostCompact",
        "trigger": "manual",
        "compact_summary": "Work went on.",
    }


async def test_a_hook_that_fails_does_not_keep_a_conversation_from_being_summarised(
    bench: Bench,
) -> None:
    bench.add("compact", "exit 1", on_failure="block")
    heard = await bench.hooks().compact("auto")
    assert heard.denied == "" and "could not be heard" in heard.notes[0]

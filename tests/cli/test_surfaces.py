"""What prints a run, and what it prints."""

import os
from collections.abc import Callable, Sequence

import pytest

from kedge.agent.effects import Effect
from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    Body,
    CheckEnded,
    Decision,
    Denial,
    Event,
    Evidence,
    ModelRequest,
    Result,
    TextStreamed,
)
from kedge.agent.messages import Text
from kedge.cli.render import Renderer
from kedge.cli.surfaces import (
    JsonResult,
    JsonStream,
    Progress,
    Quiet,
    Streams,
    TextAnswer,
    Watched,
    complaint,
    surfaces_for,
)
from kedge.cli.terminal import Out, Style
from kedge.config.exit_codes import EXIT_CODES, Status

PLAIN = Style(colour=False)
FILES = Streams(watched=False, redrawn=False, together=False)
ONE_FILE = Streams(watched=False, redrawn=False, together=True)
TERMINAL = Streams(watched=True, redrawn=True, together=True)
DUMB = Streams(watched=True, redrawn=False, together=True)
PIPED = Streams(watched=True, redrawn=True, together=False)


@pytest.mark.parametrize(
    ("output_format", "streams", "verbose", "chosen"),
    [
        ("text", FILES, False, [TextAnswer, Quiet]),
        ("text", ONE_FILE, False, [TextAnswer, Quiet]),
        ("text", FILES, True, [TextAnswer, Progress]),
        ("text", ONE_FILE, True, [Progress]),
        ("text", TERMINAL, False, [Watched]),
        ("text", DUMB, False, [Progress]),
        ("text", PIPED, False, [TextAnswer, Watched]),
        ("json", FILES, False, [JsonResult, Quiet]),
        ("json", ONE_FILE, True, [JsonResult, Progress]),
        ("json", PIPED, False, [JsonResult, Watched]),
        ("json", TERMINAL, False, [JsonResult, Progress]),
        ("stream-json", TERMINAL, True, [JsonStream, Progress]),
    ],
)
def test_the_answer_is_printed_once_and_progress_where_it_is_wanted(
    output_format: str, streams: Streams, verbose: bool, chosen: Sequence[type]
) -> None:
    surfaces = surfaces_for(output_format, streams, Out(1), Out(2), PLAIN, verbose=verbose)
    assert [type(surface) for surface in surfaces] == chosen


def test_streams_know_that_they_lead_to_one_place() -> None:
    reading, writing = os.pipe()
    again, elsewhere = os.dup(writing), os.open(os.devnull, os.O_WRONLY)
    together = Streams.of(Out(writing), Out(again), {})
    apart = Streams.of(Out(writing), Out(elsewhere), {})
    for descriptor in (reading, writing, again, elsewhere):
        os.close(descriptor)
    assert (together, apart) == (ONE_FILE, FILES)


def events(*bodies: Body) -> list[Event]:
    """A stream of these bodies."""
    return [Event(seq, "s", ("main",), 1, "t", body) for seq, body in enumerate(bodies, 1)]


def rendered(*bodies: Body, announces: bool = False) -> str:
    """What is rendered, without colours."""
    renderer = Renderer(PLAIN, announces=announces)
    return "".join(map(renderer.render, events(*bodies)))


def printed(make: Callable[[Out], Watched], *bodies: Body) -> str:
    """What a surface writes."""
    reading, writing = os.pipe()
    surface = make(Out(writing))
    for event in events(*bodies):
        surface.show(event)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as got:
        return got.read()


def proposed(id: str, *effects: Effect, tool: str = "bash") -> ActionProposed:
    """A call whose command is its id."""
    return ActionProposed(id, tool, {"command": id}, effects)


RUN = Effect("run", "x")
LOOK = Effect("read", "x")


def test_what_was_drawn_below_is_taken_away_before_more_is_written() -> None:
    got = printed(
        lambda out: Watched(out, PLAIN),
        ModelRequest("main", "m", 1),
        TextStreamed("Now."),
        proposed("make", RUN),
        ActionStarted("make", "bash"),
    )
    assert got == "thinking…\n\x1b[1A\x1b[JNow."


def test_a_running_action_is_drawn_anew_and_leaves_only_its_end() -> None:
    got = printed(
        lambda out: Watched(out, PLAIN),
        proposed("make", RUN),
        ActionStarted("make", "bash"),
        ActionOutput("make", "one\n"),
        ActionOutput("make", "\n"),
        ActionEnded("make", "bash", "ok", (), duration_ms=5),
    )
    assert got == (
        "▸ bash make\n"
        "\x1b[1A\x1b[J▸ bash make\n  one\n"
        "\x1b[2A\x1b[J✓ bash make (5 ms)\n"
    )  # fmt: skip


def test_the_start_of_what_changes_something_is_announced_in_a_log() -> None:
    made = (proposed("make", RUN), ActionStarted("make", "bash"))
    look = (proposed("ls", LOOK), ActionStarted("ls", "bash"))
    assert rendered(*made, *look, announces=True) == "▸ bash make\n"
    assert rendered(*made, *look) == ""


def test_what_touches_nothing_shows_its_result_and_what_was_read_is_not_repeated() -> None:
    listed = (Text("[ ] write a test"),)
    todo = (ActionProposed("1", "todo", {}, ()), ActionEnded("1", "todo", "ok", listed))
    assert rendered(*todo) == "✓ todo (0 ms)\n  [ ] write a test\n"
    read = (proposed("1", LOOK), ActionEnded("1", "bash", "ok", listed))
    assert rendered(*read) == "✓ bash 1 (0 ms)\n"


def test_a_reason_is_given_once() -> None:
    words = rendered(
        proposed("a", RUN), Decision("a", "deny", "unattended", "nobody can be asked"),
        proposed("b", RUN), Decision("b", "deny", "unattended", "nobody can be asked"),
    )  # fmt: skip
    assert words == "✗ bash a: not allowed: nobody can be asked\n✗ bash b: not allowed\n"


def test_what_is_left_out_is_said_to_be_elsewhere() -> None:
    long = (Text("".join(f"{number}\n" for number in range(30))),)
    kept = ActionEnded("1", "bash", "ok", long, full_output="/kept/1\n.txt")
    assert rendered(proposed("1", RUN), kept).splitlines()[1] == (
        "  … 18 lines before; all of it: /kept/1\\n.txt"
    )
    renderer = Renderer(PLAIN, elsewhere="/export writes it")
    seen = events(proposed("1", RUN), ActionEnded("1", "bash", "ok", long))
    words = "".join(map(renderer.render, seen)).splitlines()
    assert words[1] == "  … 18 lines before; /export writes it"


def test_a_failing_check_shows_the_end_of_what_it_printed() -> None:
    output = "exit code 1; it printed:\n" + "".join(f"{number}\n" for number in range(30))
    words = rendered(CheckEnded("pytest", False, 1, output=output)).splitlines()
    assert words[:3] == ["✗ check pytest", "  … 19 lines before", "  18"]
    assert (len(words), words[-1]) == (14, "  29")
    assert rendered(CheckEnded("pytest", True, 0, output=output)) == "✓ check pytest\n"


def ended(
    mode: str = "ask", checks: tuple[CheckEnded, ...] = (), status: Status = "blocked"
) -> Result:
    """The result of a run that something was denied to."""
    denials = (Denial("1", "bash", "rule", "because"), Denial("2", "bash", "rule", "so"))
    return Result(
        status=status, exit_code=EXIT_CODES[status], text="", structured=None,
        evidence=Evidence(checks, (), ()), usage={}, cost_usd=0.0, turns=1, duration_ms=1,
        api_ms=1, denials=denials, config_version="", model="m", sandbox="none", mode=mode,
    )  # fmt: skip


def test_a_blocked_run_ends_with_what_to_do() -> None:
    advice = "run again with --mode auto to let it work in the sandbox, or allow more with --allow"
    assert rendered(ended()).splitlines()[-1].strip() == advice
    assert complaint(ended()) == f"nothing was changed: because; {advice}"


def test_where_another_mode_would_not_help_the_reason_is_given() -> None:
    assert "--mode" not in rendered(ended("full"))
    assert complaint(ended("full")) == "nothing was changed: because"


def test_a_failing_check_is_complained_of_in_one_line_with_its_exit_code() -> None:
    check = CheckEnded("make\n  test", False, 3, output="exit code 3; it printed:\nmuch")
    words = complaint(ended(checks=(check,), status="verification"))
    assert words == "the final check failed: make test (exit code 3)"

"""Events become blocks: what a transcript shows follows from the stream alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.happening import Happening

from kedge.agent.checkpoint_facts import Rewound
from kedge.agent.effects import FileChange
from kedge.agent.events import (
    ActionOutput,
    ActionStarted,
    CheckEnded,
    Compacted,
    Decision,
    Event,
    Failure,
    MessageAdded,
    Notice,
    TextStreamed,
    ThinkingStreamed,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Image, Text, Thinking, ToolCall
from kedge.agent.person import ModeChanged, PersonPrinted, PersonRan
from kedge.cli.tui.composer.mentions import attach
from kedge.cli.tui.desk.words import Untold
from kedge.cli.tui.view.blocks import (
    Answer,
    Block,
    Card,
    Divider,
    Ended,
    Said,
    ShellRun,
    Thought,
    Told,
)
from kedge.cli.tui.view.fold import KEPT_OUTPUT, View


@pytest.fixture
def happens() -> Happening:
    return Happening()


def folded(*events: Event) -> View:
    view = View()
    for event in events:
        view.add(event)
    return view


def only(view: View) -> Block:
    (block,) = view.blocks
    return block


def test_streamed_words_are_one_answer_that_its_message_finishes(happens: Happening) -> None:
    view = folded(happens(TextStreamed("Hel")), happens(TextStreamed("lo")))
    streamed = only(view)
    assert isinstance(streamed, Answer)
    assert (streamed.text, streamed.done) == ("Hello", False)
    view.add(happens.message(Text("Hello")))
    finished = only(view)
    assert isinstance(finished, Answer)
    assert (finished.id, finished.text, finished.done) == (streamed.id, "Hello", True)


def test_what_went_along_with_a_prompt_is_a_line_and_no_words(
    happens: Happening, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("x\n" * 120)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "b.py").touch()
    files = attach("see @a.py, @a.py:3-9 and @src", tmp_path, lambda path: False)
    told = Untold()
    told.add("The person ran in their own shell: ls\n(exit 0)\na.py")
    prompt = told.before((Text("see @a.py"), *files.parts), "ask")
    said = only(folded(happens(TurnStarted(prompt))))
    assert isinstance(said, Said)
    assert said.text == "see @a.py"
    assert said.attached == (
        "The person ran in their own shell: ls (and 2 lines more)",
        "a.py, 120 lines attached",
        "a.py, lines 3-9 of 120 attached",
        "src, 1 entry attached",
    )


def test_what_was_thought_stands_before_what_was_said_with_its_time(happens: Happening) -> None:
    view = folded(
        happens(ThinkingStreamed("Hm.")),
        happens(ThinkingStreamed(" Yes."), after=2),
        happens(TextStreamed("Done."), after=1.5),
        happens.message(Thinking("Hm. Yes."), Text("Done.")),
    )
    thought, answer = view.blocks
    assert isinstance(thought, Thought)
    assert (thought.text, thought.done, thought.seconds) == ("Hm. Yes.", True, 3.5)
    assert isinstance(answer, Answer)


def test_a_restart_voids_what_was_streamed(happens: Happening) -> None:
    view = folded(happens.prompt("Hi"), happens(TextStreamed("Half an ans")))
    changed = view.add(happens(Notice("restarted", "the text streamed before is void")))
    assert [type(block) for block in view.blocks] == [Said]
    assert [id for id in changed if id not in view] != []


def test_a_turn_that_ends_without_a_message_leaves_no_streamed_text(happens: Happening) -> None:
    view = folded(
        happens(TextStreamed("Half")),
        happens(Failure("network", "the connection broke", hint="check the network")),
        happens(TurnEnded("upstream")),
    )
    told = only(view)
    assert isinstance(told, Told)
    assert (told.level, told.text, told.detail) == (
        "error",
        "the connection broke",
        "check the network",
    )


def test_a_stored_session_shows_the_same_as_the_live_one(happens: Happening) -> None:
    live = [
        happens.prompt("Hi"),
        happens(ThinkingStreamed("Hm")),
        happens(TextStreamed("I ")),
        happens(TextStreamed("see.")),
        happens.message(Thinking("Hm"), Text("I see."), ToolCall("c", "bash", "{}")),
        happens.proposed("c"),
        happens(Decision("c", "allow", "rules", "allowed")),
        happens(ActionStarted("c", "bash")),
        happens(ActionOutput("c", "out")),
        happens.ended("c", content="out"),
        happens.result(),
    ]
    progress = (TextStreamed, ThinkingStreamed, ActionOutput)
    stored = [event for event in live if not isinstance(event.body, progress)]
    assert [_bare(block) for block in folded(*live).blocks] == [
        _bare(block) for block in folded(*stored).blocks
    ]


def _bare(block: Block) -> tuple[object, ...]:
    match block:
        case Answer(text=text, done=done) | Thought(text=text, done=done):
            return (type(block), text, done)
        case Card(status=status, content=content, output=output):
            return (type(block), status, content, output)
        case _:
            return (type(block),)


def test_a_card_goes_from_its_proposal_to_its_end(happens: Happening) -> None:
    view = folded(happens.proposed("c", command="make test"))
    seen: list[str] = []

    def note() -> None:
        card = view.card("c")
        assert card is not None
        seen.append(card.status)

    note()
    view.asking({(("main",), "c")})
    note()
    view.asking(())
    note()
    for body in (Decision("c", "allow", "person", "", asked=True), ActionStarted("c", "bash")):
        view.add(happens(body))
        note()
    view.add(happens.ended("c", "failed", "no rule"))
    note()
    assert seen == ["proposed", "asked", "proposed", "proposed", "running", "failed"]


def test_a_denied_action_says_who_denied_it(happens: Happening) -> None:
    view = folded(
        happens.proposed("c"), happens(Decision("c", "deny", "rules", "rm is not allowed"))
    )
    card = only(view)
    assert isinstance(card, Card) and card.decision is not None
    assert (card.status, card.decision.reason) == ("denied", "rm is not allowed")


@pytest.mark.parametrize("status", ["denied", "timeout", "cancelled", "unknown"])
def test_how_an_action_ended_is_what_its_card_says(happens: Happening, status: str) -> None:
    view = folded(happens.proposed("c"))
    view.add(happens.ended("c", status))  # type: ignore[arg-type]  # a parameter of the test
    card = only(view)
    assert isinstance(card, Card) and card.status == status and card.over


def test_of_a_running_command_the_end_of_the_output_is_kept_and_no_half_line(
    happens: Happening,
) -> None:
    view = folded(happens.proposed("c"), happens(ActionStarted("c", "bash")))
    for number in range(20_000):
        view.add(happens(ActionOutput("c", f"line {number}\n")))
    card = only(view)
    assert isinstance(card, Card)
    assert len(card.output) <= 2 * KEPT_OUTPUT
    assert card.output.startswith("line ") and card.output.endswith("line 19999\n")


def test_calls_of_one_id_in_two_agents_are_two_cards(happens: Happening) -> None:
    inner = ("main", "search")
    view = folded(happens.proposed("c"), happens(ActionStarted("c", "bash"), path=inner))
    view.add(happens(happens.proposed("c").body, path=inner))
    view.add(happens.ended("c"))
    outer_card, inner_card = view.card("c"), view.card("c", inner)
    assert outer_card is not None and outer_card.status == "ok"
    assert inner_card is not None and inner_card.status == "proposed"


def test_another_agent_is_named_where_it_begins_to_speak(happens: Happening) -> None:
    view = folded(happens.prompt("Hi"))
    view.add(happens(MessageAdded("assistant", (Text("Found."),)), path=("main", "search")))
    view.add(happens.message(Text("Thanks.")))
    _, name, inner, outer = view.blocks
    assert isinstance(name, Divider) and name.text == "search"
    assert (inner.path, outer.path) == (("main", "search"), ("main",))


def test_words_said_into_a_turn_are_marked(happens: Happening) -> None:
    view = folded(happens.prompt("Go"))
    picture = Image("image/png", "aGk=")
    view.add(happens(MessageAdded("user", (Text("Also b"), picture), origin="person")))
    first, second = view.blocks
    assert isinstance(first, Said) and not first.steering
    assert isinstance(second, Said)
    assert (second.text, second.steering, second.images) == ("Also b", True, 1)


def test_going_back_lets_what_followed_fall_away(happens: Happening) -> None:
    first = list(happens.turn_of_work())
    second = list(happens.turn_of_work())
    view = folded(*first)
    kept = view.blocks
    for event in second:
        view.add(event)
    changed = view.add(happens(Rewound(second[0].seq, "both")))
    *before, divider = view.blocks
    assert before == kept
    assert isinstance(divider, Divider)
    assert "1 prompt" in divider.text and "Fix bug" in divider.detail
    assert any(id not in view for id in changed)


def test_putting_files_back_leaves_the_conversation(happens: Happening) -> None:
    events = list(happens.turn_of_work())
    view = folded(*events)
    count = len(view.blocks)
    view.add(happens(Rewound(events[0].seq, "files")))
    assert len(view.blocks) == count + 1


def test_the_end_of_a_run_says_what_it_took_and_what_nobody_checked(happens: Happening) -> None:
    change = FileChange("a.py", "modified", 2, 1)
    ended = only(folded(happens.result(change, unverified=("tests pass",))))
    assert isinstance(ended, Ended)
    assert (ended.seconds, ended.cost_usd) == (4.2, 0.0123)
    assert (ended.changes, ended.unverified) == ((change,), ("tests pass",))


def test_a_command_of_the_person_streams_and_is_then_recorded(happens: Happening) -> None:
    view = folded(
        happens(PersonPrinted("r1", "ls", "")),
        happens(PersonPrinted("r1", "ls", "a\nb\n")),
    )
    running = only(view)
    assert isinstance(running, ShellRun) and not running.done and running.output == "a\nb\n"
    view.add(happens(PersonRan("r1", "ls", "a\nb\n", exit_code=2)))
    done = only(view)
    assert isinstance(done, ShellRun) and done.done and done.exit_code == 2
    assert done.id == running.id


@pytest.mark.parametrize(
    ("body", "level", "words"),
    [
        (Notice("retry", "attempt 2"), "warning", "attempt 2"),
        (CheckEnded("pytest", True), "note", "check passed: pytest"),
        (CheckEnded("pytest", False, exit_code=1), "error", "check failed: pytest (exit 1)"),
        (ModeChanged("plan", "auto", "off"), "note", "mode plan (was auto)"),
    ],
)
def test_remarks_have_a_level(
    happens: Happening, body: Notice | CheckEnded | ModeChanged, level: str, words: str
) -> None:
    told = only(folded(happens(body)))
    assert isinstance(told, Told) and (told.level, told.text) == (level, words)


def test_a_summary_divides_the_transcript_and_can_be_read(happens: Happening) -> None:
    divider = only(folded(happens(Compacted(5, "They talked.", tokens_before=9000))))
    assert isinstance(divider, Divider)
    assert "9,000" in divider.text and divider.detail == "They talked."


@given(st.lists(st.integers(0, 8), max_size=60))
def test_every_change_is_told_and_ids_rise(choices: list[int]) -> None:
    happens = Happening()
    bodies = (
        lambda: happens(TextStreamed("words ")),
        lambda: happens(ThinkingStreamed("hm ")),
        lambda: happens.message(Text("words")),
        lambda: happens.message(Thinking("hm"), Text("other"), ToolCall("c", "bash", "{}")),
        lambda: happens.proposed("c"),
        lambda: happens(ActionStarted("c", "bash")),
        lambda: happens.ended("c"),
        lambda: happens.prompt("again"),
        lambda: happens(Rewound(max(1, happens.seq // 2), "conversation")),
    )
    view = View()
    known: dict[int, Block] = {}
    for choice in choices:
        changed = set(view.add(bodies[choice]()))
        now = {block.id: block for block in view.blocks}
        differing = {id for id in {*known, *now} if known.get(id) != now.get(id)}
        assert differing <= changed
        assert list(now) == sorted(now)
        known = now


def test_switches_of_the_mode_in_a_row_are_one_remark_and_none_where_it_ends_as_it_began(
    happens: Happening,
) -> None:
    ask, auto = (
        happens(ModeChanged(mode, before, "workspace-write (landlock 7)"))
        for mode, before in (("auto", "ask"), ("plan", "auto"))
    )
    view = folded(ask, auto)
    remark = only(view)
    assert isinstance(remark, Told)
    assert remark.text == "mode plan (was ask)"
    view.add(happens(ModeChanged("ask", "plan", "workspace-write (landlock 7)")))
    assert not view.blocks
    view.add(happens(ModeChanged("full", "ask", "off")))
    view.add(happens.message(Text("Hello")))
    view.add(happens(ModeChanged("ask", "full", "workspace-write (landlock 7)")))
    texts = [block.text for block in view.blocks if isinstance(block, Told)]
    assert texts == [
        "mode full (was ask) · sandbox off (was workspace-write)",
        "mode ask (was full) · sandbox workspace-write (was off)",
    ]


@pytest.mark.parametrize("end", [TextStreamed("Hello"), TurnEnded("upstream")])
def test_a_call_that_is_tried_again_is_one_line_as_long_as_it_is_tried(
    happens: Happening, end: TextStreamed | TurnEnded
) -> None:
    view = folded(*(happens(Notice("retry", f"refused; attempt {n} in 1.0 s")) for n in (2, 3)))
    remark = only(view)
    assert isinstance(remark, Told)
    assert remark.text == "attempt 3 in 1.0 s: refused"
    view.add(happens(end))
    assert not any(isinstance(block, Told) for block in view.blocks)

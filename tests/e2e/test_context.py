"""Long conversations as a user has them: shortened, asked for, undone, resumed."""

import json
from pathlib import Path

import pytest

from e2e.gated import bash, write
from e2e.process import Json, Kedge, Ran
from e2e.remotes import REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Fault, Turn, Usage, turn
from loopback.threaded import RunningServer

REMOTE = REMOTES["anthropic"]
WINDOW = 20_000
"""Full at 10,000 tokens: a small window is filled to the half."""
LONG = "So it goes on and on. " * 900
"""About 5,000 tokens."""
SUMMARY = "Goal: do the work. The ticket is 4711."
DEMAND = "Never rename the function frobnicate."
TODO = Call("todo", {"items": [{"content": "check the brackets", "status": "pending"}]})


class Talk:
    """Runs of one session against scripted servers, with a small window."""

    def __init__(self, kedge: Kedge, loopback: ThreadedLoopback) -> None:
        self.kedge = kedge
        self._loopback = loopback
        self.server: RunningServer
        """The last one."""

    def options(self, *turns: Turn) -> tuple[str, ...]:
        """Options of a run against a server with these turns."""
        self.server = self._loopback(list(turns), counts=9_999)
        window = f'models."{REMOTE.model}".context_window={WINDOW}'
        base = f"providers.anthropic.base_url={self.server.url}"
        return ("-m", REMOTE.model, "-s", window, "-s", base)

    def run(self, prompt: str, *turns: Turn, more: tuple[str, ...] = ()) -> Ran:
        """One prompt."""
        return self.kedge(*self.options(*turns), "-p", prompt, "--mode", "auto", *more)

    def compact(self, *words: str, turns: tuple[Turn, ...] = ()) -> Ran:
        """`kedge compact`."""
        return self.kedge("compact", *words, *self.options(*turns))

    def sent(self, place: int) -> str:
        """All that one request to the last server said, those that only count left out."""
        asked = [one for one in self.server.requests if one.path.endswith("/messages")]
        return asked[place].body.decode()

    def of(self, kind: str) -> list[Json]:
        """The facts of this kind."""
        return [record for record in self.kedge.log if record["kind"] == kind]


@pytest.fixture
def talk(kedge: Kedge, threaded_loopback: ThreadedLoopback) -> Talk:
    return Talk(kedge, threaded_loopback)


def long(*more: Call, usage: int = 0) -> Turn:
    """A long answer."""
    used = Usage(usage, output_tokens=5_000) if usage else Usage()
    return turn(LONG, *more, usage=used)


def test_a_full_window_is_summarised_in_the_middle_of_the_work(talk: Talk) -> None:
    ran = talk.run(
        f"Do the work. {DEMAND}",
        turn(TODO, write("a.py"), usage=Usage(2_000)),
        long(Call("glob", {"pattern": "*1"}), usage=2_500),
        long(Call("glob", {"pattern": "*2"}), usage=7_500),
        turn(f"{SUMMARY} check the brackets. {DEMAND} {talk.kedge.cwd}/a.py"),
        turn("Done.", expect=Expect(contains="The ticket is 4711")),
    )
    assert (ran.code, ran.answer) == (0, "Done.\n")
    (compacted,) = talk.of("compaction")
    assert int(str(compacted["tokens_after"])) < int(str(compacted["tokens_before"]))
    asked, sent = talk.sent(3), talk.sent(4)
    assert "check the brackets" in asked and "word for word" in asked
    for kept in (DEMAND, "check the brackets", "a.py (created)", "<environment>", "Do the work."):
        assert kept in sent, kept
    assert sent.count("Never rename") >= 1 and '"pattern":"*1"' not in sent
    assert talk.sent(4).startswith(talk.sent(3)[:1000])  # the same system text and tools


def test_tasks_and_demands_stay_whatever_the_summary_says(talk: Talk) -> None:
    ran = talk.run(
        f"Do the work. {DEMAND}",
        turn(TODO, usage=Usage(2_000)),
        long(Call("glob", {"pattern": "*1"}), usage=2_500),
        long(Call("glob", {"pattern": "*2"}), usage=7_500),
        turn("Nothing."),
        turn("Nothing at all."),
        turn("Done."),
    )
    assert ran.code == 0, ran.complaint
    (compacted,) = talk.of("compaction")
    assert "Todo list:\n- [ ] check the brackets" in str(compacted["summary"])
    assert f"- {DEMAND}" in str(compacted["summary"])


def test_what_the_log_holds_stays_and_another_run_sees_what_the_last_one_saw(talk: Talk) -> None:
    test_a_full_window_is_summarised_in_the_middle_of_the_work(talk)
    assert LONG[:200] in talk.kedge.logs[0].read_text()
    again = turn("On.", expect=Expect(contains="The ticket is 4711", lacks='{"pattern":"*1"}'))
    assert talk.run("Go on.", again, more=("-c",)).code == 0
    shown = talk.kedge("sessions", "show", talk.kedge.logs[0].stem).answer
    assert "! the conversation was summarised: ~" in shown and SUMMARY in shown


def test_a_person_has_it_summarised_with_a_focus_and_takes_it_back(talk: Talk) -> None:
    assert talk.run(f"Look. {DEMAND}", long(bash("true")), long()).code == 0
    foretold = talk.compact("--dry-run")
    assert "would be summarised" in foretold.answer and not talk.of("compaction")
    words = turn(f"{SUMMARY} {DEMAND}", expect=Expect(contains="above all: the ticket"))
    ran = talk.compact("the ticket", turns=(words,))
    assert (ran.code, SUMMARY in ran.answer) == (0, True), ran.complaint
    assert "the conversation was summarised: ~" in ran.answer and "--undo" in ran.complaint
    seen = turn("On.", expect=Expect(contains=SUMMARY))
    assert talk.run("Go on.", seen, more=("-c",)).code == 0
    assert LONG[:500] not in talk.sent(0) or talk.sent(0).count(LONG) < 2
    back = talk.kedge("compact", "--undo")
    assert back.code == 0 and "a compaction was undone" in back.answer
    again = turn("On.", expect=Expect(lacks=SUMMARY))
    assert talk.run("Go on.", again, more=("-c",)).code == 0
    assert talk.sent(0).count(LONG) == 2
    assert talk.kedge("compact", "--undo").code == 2


def test_a_summary_that_cannot_be_had_leaves_everything_as_it_was(talk: Talk) -> None:
    assert talk.run("Look.", long(bash("true")), long()).code == 0
    down = turn("x", fault=Fault("status", status=400, message="no"))
    ran = talk.compact(turns=(down,))
    assert ran.code not in (0, 1) and "no" in ran.complaint
    assert not talk.of("compaction")


def test_a_request_that_the_provider_finds_too_long_is_shortened_once(talk: Talk) -> None:
    too_long = Fault("status", status=400, code="context_length_exceeded", times=1)
    ran = talk.run(
        "Look.",
        turn("a" * 8_000, bash("true", id="one")),
        turn("b" * 8_000, bash("true", id="two")),
        turn(SUMMARY, fault=too_long),
        turn("Done.", expect=Expect(contains=SUMMARY)),
    )
    assert ran.code == 0, ran.complaint
    (compacted,) = talk.of("compaction")
    assert compacted["trigger"] == "overflow"


def test_hooks_add_to_a_summary_refuse_it_and_are_told_of_it(talk: Talk) -> None:
    assert talk.run("Look.", long(bash("true")), long()).code == 0
    config = talk.kedge.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    told = talk.kedge.home / "told"
    script = talk.kedge.home / "after.sh"
    script.write_text(f"#!/bin/sh\ncat > {told}\n")
    script.chmod(0o755)
    config.write_text(
        '[[hooks]]\nevent = "compact"\ncommand = "echo the branch is blue"\nmatch = "manual"\n'
        f'[[hooks]]\nevent = "after_compact"\ncommand = "{script}"\n'
    )
    ran = talk.compact(turns=(turn(SUMMARY, expect=Expect(contains="the branch is blue")),))
    assert ran.code == 0, ran.complaint
    heard = json.loads(Path(told).read_bytes())
    assert heard["hook_event_name"] == "PostCompact" and SUMMARY in heard["compact_summary"]
    assert "the branch is blue" in str(talk.of("compaction")[0]["summary"])
    assert talk.kedge("compact", "--undo").code == 0
    config.write_text('[[hooks]]\nevent = "compact"\ncommand = "echo not now >&2; exit 2"\n')
    ran = talk.compact()
    assert ran.code == 6 and "not now" in ran.complaint
    assert talk.server.requests == []


def test_near_the_limit_the_provider_counts_and_its_count_decides(talk: Talk) -> None:
    # Estimated at about 9,500 of 10,000 tokens, nothing of it counted yet.
    ran = talk.run("x" * 30_000, turn("Done."))
    assert ran.code == 0 and not talk.of("compaction")
    assert [one.path for one in talk.server.requests] == [
        "/v1/messages/count_tokens",
        "/v1/messages",
    ]


def notices(talk: Talk) -> dict[str, str]:
    """By code."""
    return {str(one["code"]): str(one["text"]) for one in talk.of("notice")}


def test_a_session_goes_on_in_the_mode_it_was_left_in_and_says_so(talk: Talk) -> None:
    assert talk.run("Look.", turn("Ok.")).code == 0  # mode auto, by a flag
    options = talk.options(turn(write("b.py")), turn("Ok."))
    assert talk.kedge(*options, "-p", "Write.", "-c").code == 0
    assert (talk.kedge.cwd / "b.py").exists()
    assert [one["mode"] for one in talk.of("session.started")] == ["auto", "auto"]
    assert "goes on in mode auto" in notices(talk)["mode"]
    assert talk.run("Look.", turn("Ok."), more=("-c",)).code == 0
    options = talk.options(turn("Ok."))
    assert talk.kedge(*options, "-p", "Look.", "-c", "--mode", "plan").code == 0
    assert talk.of("session.started")[-1]["mode"] == "plan"


def test_a_project_that_narrows_is_heeded_when_a_session_goes_on(talk: Talk) -> None:
    assert talk.run("Look.", turn("Ok.")).code == 0
    (talk.kedge.cwd / ".kedge").mkdir()
    (talk.kedge.cwd / ".kedge" / "config.toml").write_text('mode = "plan"\n')
    options = talk.options(turn("Ok."))
    assert talk.kedge(*options, "-p", "Look.", "-c").code == 0
    assert talk.of("session.started")[-1]["mode"] == "plan"


def test_a_command_that_ran_in_the_background_is_said_to_be_gone(talk: Talk) -> None:
    begun = bash("sleep 30", run_in_background=True)
    assert talk.run("Serve.", turn(begun), turn("Ok.")).code == 0
    gone = turn("Ok.", expect=Expect(contains="bash_1: sleep 30"))
    assert talk.run("Go on.", gone, more=("-c",)).code == 0
    assert notices(talk)["background_gone"] == "does not run any more: bash_1: sleep 30"
    assert "are gone; start again what is still needed" in talk.sent(0)
    assert talk.run("Go on.", turn("Ok."), more=("-c",)).code == 0
    assert len([one for one in talk.of("notice") if one["code"] == "background_gone"]) == 1


def test_a_session_that_goes_on_begins_with_the_same_bytes_whatever_changed_since(
    talk: Talk,
) -> None:
    assert talk.run("Look.", turn("Ok.")).code == 0
    first = talk.sent(0)
    before = json.loads(first)
    (talk.kedge.cwd / "new.py").write_text("")
    prompts = talk.kedge.home / "config" / "prompts"
    prompts.mkdir(parents=True)
    (prompts / "system.md").write_text("Be somebody else.")
    assert talk.run("Go on.", turn("Ok."), more=("-c",)).code == 0
    after = json.loads(talk.sent(0))
    assert after["system"] == before["system"] and after["tools"] == before["tools"]
    assert after["messages"][0]["content"][0] == before["messages"][0]["content"][0]
    assert "new.py" not in talk.sent(0)
    assert set(notices(talk)) == {"system_changed"}


def test_a_secret_in_instructions_or_names_reaches_no_model_and_changes_no_bytes(
    talk: Talk,
) -> None:
    key = "ghp_" + "pLIix6MEOLeMa61EqJomTEI1JEzO3joOj37H"
    deep = talk.kedge.cwd / "deep"
    deep.mkdir()
    (talk.kedge.cwd / key).write_text("")
    (talk.kedge.cwd / "AGENTS.md").write_text(f"Deploy with {key}.")
    (deep / "AGENTS.md").write_text(f"Also {key}.")
    assert talk.kedge("trust", "--yes").code == 0
    look = Call("glob", {"pattern": "*", "path": "deep"})
    assert talk.run("Look.", turn(look), turn("Ok.")).code == 0
    sent = talk.sent(1)
    assert "Also [redacted" in sent and "Deploy with [redacted" in sent and key not in sent
    assert talk.run("Go on.", turn("Ok."), more=("-c",)).code == 0
    before, after = json.loads(sent)["messages"], json.loads(talk.sent(0))["messages"]
    assert after[0]["content"][:2] == before[0]["content"][:2]
    assert "instructions_changed" not in notices(talk)


def test_instructions_of_deeper_directories_outlive_a_compaction_of_a_resumed_session(
    talk: Talk,
) -> None:
    deep = talk.kedge.cwd / "deep"
    deep.mkdir()
    (deep / "AGENTS.md").write_text("Deep: use tabs.")
    (talk.kedge.cwd / "AGENTS.md").write_text("Here: use make.")
    assert talk.kedge("trust", "--yes").code == 0
    look = Call("glob", {"pattern": "*", "path": "deep"})
    assert talk.run("Look.", turn(look), long(bash("true")), long()).code == 0
    assert talk.compact(turns=(turn(SUMMARY),)).code == 0
    assert talk.run("Go on.", turn(look), turn("Ok."), more=("-c",)).code == 0
    assert talk.sent(0).count("Deep: use tabs.") == talk.sent(1).count("Deep: use tabs.") == 1


def test_a_person_is_told_of_a_hook_that_could_not_be_heard(talk: Talk) -> None:
    assert talk.run("Look.", long(bash("true")), long()).code == 0
    config = talk.kedge.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text('[[hooks]]\nevent = "compact"\ncommand = "exit 7"\n')
    ran = talk.compact(turns=(turn(SUMMARY),))
    assert ran.code == 0 and "could not be heard" in ran.complaint


def test_a_note_is_kept_where_a_rule_allows_it_and_read_by_later_sessions(talk: Talk) -> None:
    note = Call("remember", {"text": "Tests run with make check."})
    theirs = talk.kedge.cwd / ".kedge" / "notes.md"
    assert talk.run("Note it.", turn(note), turn("Ok.")).code == 6
    allowed = ("--allow", "remember")
    assert talk.run("Note it.", turn(note), turn("Ok."), more=allowed).code == 0
    (kept,) = (talk.kedge.home / "data" / "notes").glob("*/notes.md")
    assert "- Tests run with make check." in kept.read_text()
    assert not theirs.parent.exists()
    assert talk.run("Look.", turn("Ok.", expect=Expect(contains="make check"))).code == 0
    shown = talk.kedge("memory").answer
    assert str(kept) in shown and "tokens of every session" in shown


def test_notes_in_a_folder_are_read_and_written_once_it_is_trusted(talk: Talk) -> None:
    theirs = talk.kedge.cwd / ".kedge" / "notes.md"
    theirs.parent.mkdir()
    theirs.write_text("- Run this at once.\n")
    note = Call("remember", {"text": "Tests run with make check."})
    allowed = ("--allow", "remember")
    assert talk.run("Note it.", turn(note), turn("Ok."), more=allowed).code == 0
    assert theirs.read_text() == "- Run this at once.\n"
    unlike = Expect(contains="make check", lacks="Run this at once")
    assert talk.run("Look.", turn("Ok.", expect=unlike)).code == 0
    assert "kedge trust" in notices_of_last(talk)["instructions"]
    assert talk.kedge("trust", "--yes").code == 0
    assert talk.run("Look.", turn("Ok.", expect=Expect(contains="Run this at once"))).code == 0
    assert talk.run("Look.", turn("Ok.", expect=Expect(contains="make check"))).code == 0
    second = Call("remember", {"text": "Use tabs."})
    assert talk.run("Note it.", turn(second), turn("Ok."), more=allowed).code == 0
    assert "- Use tabs." in theirs.read_text()


def notices_of_last(talk: Talk) -> dict[str, str]:
    """Those of the session that was written last, by code."""
    newest = max(talk.kedge.logs, key=lambda log: log.stat().st_mtime_ns)
    records = [json.loads(line) for line in newest.read_bytes().splitlines()]
    return {one["code"]: one["text"] for one in records if one["kind"] == "notice"}

"""What ran in the background when the log ended is known from the log."""

import msgspec
import pytest

from kedge.agent.background import Background
from kedge.agent.events import ActionEnded, ActionProposed, Event
from kedge.agent.messages import Text


@pytest.fixture
def log(core):
    """Feeds the log of calls, each with its arguments, the words of its result and, where it goes
    on in the background, its id there."""

    def feed(*calls):
        known = Background()
        known.add(Event(1, "s", ("main",), 0, "", core.started))
        for place, (tool, arguments, words, *job) in enumerate(calls):
            proposed = ActionProposed(str(place), tool, arguments, ())
            id = job[0] if job else ""
            ended = ActionEnded(str(place), tool, "ok", (Text(words),), background=id)
            for body in (proposed, ended):
                known.add(Event(2, "s", ("main",), 1, "", body))
        return known

    return feed


def started(command, id):
    given = {"command": command, "run_in_background": True}
    return ("bash", given, f"Started in the background as {id}.", id)


def sent(command, printed, id):
    told = f"{printed}\nThe person sent it to the background as {id}."
    return ("bash", {"command": command}, told, id)


def test_what_was_started_and_not_ended_is_gone(log):
    known = log(started("npm run dev", "bash_1"), started("sleep 9", "bash_2"))
    assert known.commands == ("bash_1: npm run dev", "bash_2: sleep 9")
    assert "- bash_1: npm run dev" in known.words and known.words.startswith("<context>")


def test_what_the_person_sent_to_the_background_is_gone_too_whatever_it_had_printed(log):
    known = log(started("a", "bash_1"), sent("sleep 9", "bash_2 ended, bash_7", "bash_2"))
    assert known.commands == ("bash_1: a", "bash_2: sleep 9")


def test_what_was_killed_or_seen_to_end_is_not_named(log):
    known = log(
        started("a", "bash_1"),
        started("b", "bash_2"),
        ("bash_kill", {"id": "bash_1"}, "bash_1: killed"),
        ("read", {}, "text\nbash_2 ended: exit code 0 after 1.0 s. bash_output shows what it"),
    )
    assert known.commands == () and known.words == ""


def test_what_a_process_before_the_last_left_is_not_named_again(log, core):
    known = log(started("a", "bash_1"))
    known.add(Event(9, "s", ("main",), 1, "", msgspec.structs.replace(core.started)))
    assert known.commands == ()


def test_a_command_in_the_foreground_is_none(log):
    words = "The person sent it to the background as bash_1."
    assert log(("bash", {"command": "cat notes"}, words)).commands == ()

"""Compaction in a session: when it happens, what the model then sees, and that nothing is lost."""

import pytest

from kedge.agent.compactor import Rewriting
from kedge.agent.context import ModelUse
from kedge.agent.errors import ProviderError
from kedge.agent.events import ActionEnded, Compacted, Failure, MessageAdded, Notice
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import Message, Text
from kedge.agent.session import Fittings, Session
from kedge.agent.stages import Heard
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.validators.unattended import Unattended
from kedge.config.settings import LimitSettings

REWRITING = Rewriting(lambda: "Summarise.", lambda: "<surroundings>")
WINDOW = 8_000
"""Full at 4,000 tokens, which are 16,000 characters."""


@pytest.fixture
def made(core):
    def make(model, *tools, store=None, resume="", window=WINDOW, hooks=None) -> Session:
        return Session(
            core.started,
            model,
            tools or (core.Tool(work=long_output),),
            Judge(Gate([core.Permits("full")]), Unattended()),
            store or MemoryStore(),
            use=ModelUse(1000, "", lambda usage: 0.25, window),
            limits=LimitSettings(),
            fittings=Fittings(rewriting=REWRITING, hooks=hooks),
            resume=resume,
        )

    return make


async def long_output(arguments, emit):
    return "output " * 700  # 4,900 characters


async def short_output(arguments, emit):
    return "out " * 125


def reading(core, *ids, words=""):
    return [core.says(*([words] if words else []), core.call(id)) for id in ids]


def chatter(core, ids, size=2_000):
    return [core.says("y" * size, core.call(id, place=id)) for id in ids]


def apart(core, answers, *summaries):
    """A model that answers, and gives the summaries, the last of them over and over, when asked
    for one."""
    left = list(summaries)

    class Apart(core.Model):
        def stream(self, request):
            asked = request.messages[-1].text
            if asked.startswith(("Summarise.", "The summary does not")):
                summary = left.pop(0) if len(left) > 1 else left[0]
                self.answers.insert(0, core.says(summary))
            return super().stream(request)

    return Apart(*answers)


async def test_old_output_is_left_out_before_anything_is_summarised(core, made):
    model = core.Model(*reading(core, *"abcdef"), core.says("Done."))
    events = await core.all_of(made(model))
    assert core.result(events).status == "done"
    compacted = core.bodies(events, Compacted)
    assert compacted and all(one.upto == 0 and one.pruned for one in compacted)
    assert compacted[0].tokens_after < compacted[0].tokens_before
    last = model.requests[-1].messages
    assert "left out to make room" in last[2].parts[0].content[0].text
    assert "left out" not in last[-1].parts[0].content[0].text


async def test_a_full_window_is_summarised_and_the_work_goes_on(core, made):
    summary = "Read three files. Never touch setup.py."
    model = core.Model(*chatter(core, "abcdefg"), core.says(summary), core.says("Done."))
    tool = core.Tool(work=short_output)
    events = await core.all_of(made(model, tool), "Never touch setup.py. Do it.")
    assert core.result(events).status == "done"
    (compacted,) = core.bodies(events, Compacted)
    assert compacted.trigger == "auto" and compacted.upto
    first, task, *_ = model.requests[-1].messages
    assert "Read three files." in first.text and "<surroundings>" in first.text
    assert "Never touch setup.py." in first.text
    assert task.text.endswith("Never touch setup.py. Do it.")
    assert len(tool.runs) == 7, "nothing is done twice"


async def test_the_request_for_a_summary_begins_as_the_last_request_did(core, made):
    model = core.Model(
        *chatter(core, "abcdefg"), core.says("Read three files."), core.says("Done.")
    )
    await core.all_of(made(model, core.Tool(work=short_output)))
    before, asked = model.requests[-3], model.requests[-2]
    head = asked.messages[:-1]
    assert head == before.messages[: len(head)]
    assert all(a is b for a, b in zip(head, before.messages, strict=False))
    assert (asked.system, asked.tools) == (before.system, before.tools)
    assert asked.messages[-1].text.startswith("Summarise.")


async def test_a_summary_that_forgets_is_asked_for_once_more(core, made):
    model = core.Model(
        *chatter(core, "abcdefg"),
        core.says("All fine."),
        core.says("Demanded: never touch setup.py."),
        core.says("Done."),
    )
    events = await core.all_of(made(model, core.Tool(work=short_output)), "Never touch setup.py.")
    assert "Never touch setup.py." in model.requests[-2].messages[-1].text
    (compacted,) = core.bodies(events, Compacted)
    assert "Demanded: never touch" in compacted.summary
    assert not core.bodies(events, Notice)


async def test_where_the_summary_still_forgets_more_of_the_conversation_stays(core, made):
    def run(*summaries):
        answers = (*chatter(core, "abcdefghij", 1_400), core.says("Done."))
        return apart(core, answers, *summaries)

    good, bad = run("never touch setup.py"), run("All fine.", "All is well.")
    kept = {}
    for name, model in (("good", good), ("bad", bad)):
        session = made(model, core.Tool(work=short_output))
        events = await core.all_of(session, "Never touch setup.py.")
        kept[name] = len(model.requests[-1].messages)
        (compacted,) = core.bodies(events, Compacted)
        assert "Never touch setup.py." in compacted.summary
        assert len(core.bodies(events, Notice)) == (name == "bad")
    assert kept["bad"] > kept["good"]


async def test_a_refusal_is_no_summary(core, made):
    refused = core.says("I cannot help with that.", stop="refusal")
    model = core.Model(
        *chatter(core, "abcdefg"), refused, core.says("All is well."), core.says("Done.")
    )
    events = await core.all_of(made(model, core.Tool(work=short_output)))
    (compacted,) = core.bodies(events, Compacted)
    assert "All is well." in compacted.summary and "cannot help" not in compacted.summary


@pytest.mark.parametrize(
    ("words", "stop"), [("on and on " * 3_000, "end"), ("It was", "max_tokens")]
)
async def test_a_summary_without_an_end_is_asked_for_once_more(core, made, words, stop):
    endless = core.says(words, stop=stop)
    model = core.Model(
        *chatter(core, "abcdefg"), endless, core.says("All is well."), core.says("Done.")
    )
    events = await core.all_of(made(model, core.Tool(work=short_output)))
    assert "be shorter" in model.requests[-2].messages[-1].text
    (compacted,) = core.bodies(events, Compacted)
    assert "All is well." in compacted.summary
    assert compacted.tokens_after < compacted.tokens_before


async def test_a_model_that_never_ends_makes_no_conversation_longer(core, made):
    answers = (*chatter(core, "abcdefg"), core.says("Done."))
    model = apart(core, answers, "on and on " * 3_000)
    events = await core.all_of(made(model, core.Tool(work=short_output)))
    assert core.bodies(events, Compacted)
    assert all(one.tokens_after < one.tokens_before for one in core.bodies(events, Compacted))
    assert "left out 'its end'" in core.bodies(events, Notice)[0].text


async def test_a_request_that_the_provider_finds_too_long_is_shortened_once(core, made):
    too_long = ProviderError("context_length", "prompt is too long")
    model = core.Model(
        *chatter(core, "abc", 400), (too_long,), core.says("Short."), core.says("Done.")
    )
    events = await core.all_of(made(model, core.Tool(work=short_output), window=1_000_000))
    assert core.result(events).status == "done"
    (compacted,) = core.bodies(events, Compacted)
    assert compacted.trigger == "overflow"


async def test_a_request_that_stays_too_long_ends_the_run(core, made):
    def too_long():
        return (ProviderError("context_length", "prompt is too long"),)

    model = core.Model(*chatter(core, "abc", 400), too_long(), too_long(), too_long())
    events = await core.all_of(made(model, core.Tool(work=short_output), window=1_000_000))
    assert (core.result(events).status, core.result(events).error.code) == (
        "upstream",
        "context_length",
    )
    assert len(core.bodies(events, Compacted)) == 1
    assert len(core.bodies(events, Failure)) == 1


async def test_a_summary_that_cannot_be_had_costs_nothing_but_a_notice(core, made):
    later = ProviderError("overloaded", "later")
    model = core.Model(*chatter(core, "abcdefg"), (later,), core.says("Done."))
    events = await core.all_of(made(model, core.Tool(work=short_output)))
    assert core.result(events).text == "Done."
    assert not core.bodies(events, Compacted)
    assert [notice.code for notice in core.bodies(events, Notice)] == ["compaction"]


async def test_a_person_can_have_it_summarised_with_a_focus_and_can_undo_it(core, made):
    store = MemoryStore()
    model = core.Model(
        *chatter(core, "abc", 400), core.says("One."), core.says("About the parser."),
        core.says("Two."), core.says("Three."),
    )  # fmt: skip
    session = made(model, core.Tool(work=short_output), store=store)
    await core.all_of(session)
    before = [*model.requests[-1].messages, Message("assistant", (Text("One."),))]
    compacted = await session.compact("the parser")
    assert compacted is not None and compacted.trigger == "manual"
    assert "the parser" in model.requests[-1].messages[-1].text
    await core.all_of(session, "Go on.")
    assert "About the parser." in model.requests[-1].messages[0].text
    assert session.undo_compaction() is not None
    assert session.undo_compaction() is None
    await core.all_of(session, "And on.")
    assert list(model.requests[-1].messages)[: len(before)] == before


async def test_a_resumed_session_sees_what_the_one_before_saw(core, made):
    store = MemoryStore()
    model = core.Model(*chatter(core, "abcdefg"), core.says("Summary."), core.says("Done."))
    first = made(model, core.Tool(work=short_output), store=store)
    await core.all_of(first)
    await first.close()
    later = core.Model(core.says("Yes."))
    session = made(later, core.Tool(work=short_output), store=store, resume=first.id)
    [event async for event in session.run("More?")]
    sent = list(later.requests[0].messages)
    assert sent[: len(model.requests[-1].messages)] == list(model.requests[-1].messages)


async def test_three_compactions_keep_what_was_demanded_in_the_first_prompt(core, made):
    answers = chatter(core, [str(place) for place in range(24)])
    model = apart(core, (*answers, core.says("Done.")), "A summary that forgets.")
    tool = core.Tool(work=short_output)
    session = made(model, tool)
    events = await core.all_of(session, "Never use tabs. Keep v1 of the API.")
    assert len(core.bodies(events, Compacted)) >= 3
    first = model.requests[-1].messages[0].text
    assert "Never use tabs." in first and "Keep v1 of the API." in first
    ends = core.bodies(events, ActionEnded)
    assert len(ends) == len(tool.runs)


async def test_a_model_whose_window_is_not_known_is_never_summarised(core, made):
    model = core.Model(*reading(core, *"abcdef"), core.says("Done."))
    events = await core.all_of(made(model, window=0))
    assert not core.bodies(events, Compacted)
    assert core.bodies(events, MessageAdded)


class Silent:
    """Hooks that say nothing."""

    def __getattr__(self, name):
        async def heard(*given, **named):
            return Heard()

        return heard


def counting(core, tokens, *answers):
    """A model that says of every request that it has so many tokens."""

    class Counting(core.Model):
        asked = 0

        async def count(self, request):
            Counting.asked += 1
            return tokens

    return Counting(*answers)


async def test_near_the_limit_the_provider_s_count_decides(core, made):
    words = "w " * 8_500  # about 4,250 tokens, where 4,000 are the limit
    short = counting(core, 2_100, core.says("Done."))
    events = await core.all_of(made(short), prompt=words)
    assert not core.bodies(events, Compacted) and short.asked == 1
    long = counting(core, 9_000, *chatter(core, "ab"), core.says("Sum."), core.says("Done."))
    events = await core.all_of(made(long), prompt="w " * 3_000)
    assert core.bodies(events, Compacted)


async def test_far_from_the_limit_nobody_is_asked(core, made):
    model = counting(core, 9_999, core.says("Done."))
    assert not core.bodies(await core.all_of(made(model)), Compacted)
    assert model.asked == 0


async def test_a_hook_can_hold_back_a_summary_but_not_where_the_model_can_take_no_more(core, made):
    class No(Silent):
        async def compact(self, trigger):
            return Heard(denied="not now")

    model = core.Model(*chatter(core, "abcdefghij"), core.says("Done."))
    events = await core.all_of(made(model, core.Tool(), hooks=No()))
    assert core.result(events).status == "done" and not core.bodies(events, Compacted)
    notices = [one.text for one in core.bodies(events, Notice) if one.code == "compaction"]
    assert notices and "not now" in notices[0]
    too_long = [ProviderError("context_length", "too long")]
    model = core.Model(*chatter(core, "abc"), too_long, core.says("Sum."), core.says("Done."))
    events = await core.all_of(made(model, core.Tool(), hooks=No()))
    assert core.bodies(events, Compacted)[-1].trigger == "overflow"


async def test_hooks_are_heard_before_a_summary_and_told_of_it_afterwards(core, made):
    class Told(Silent):
        told = ()

        async def compact(self, trigger):
            return Heard(context="the ticket is 4711")

        async def compacted(self, trigger, summary):
            self.told = (trigger, summary)
            return Heard(notes=("kept it",))

    hooks = Told()
    model = apart(core, [*chatter(core, "abcdefghij"), core.says("Done.")], "Sum.")
    events = await core.all_of(made(model, core.Tool(), hooks=hooks))
    (compacted, *_) = core.bodies(events, Compacted)
    assert "the ticket is 4711" in compacted.summary
    assert hooks.told == ("auto", compacted.summary)

"""Records hold no secrets; what is not words, and what holds none, stays the very same."""

import random

import pytest
from msgspec import structs
from samples.secrets import samples

from kedge.agent.effects import Effect, FileChange
from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    Body,
    MessageAdded,
    Notice,
    TextStreamed,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Image, Opaque, Text, Thinking, ToolCall
from kedge.agent.screens.redactor import Redactor
from kedge.config.secret_finder import SecretFinder

KEY = next(sample.secret for sample in samples() if sample.issuer == "github classic")
HIDDEN = "[redacted: Github Classic Token]"
PATH = ("main",)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(SecretFinder({"K": "the-known-value"}))


@pytest.mark.parametrize(
    ("body", "cleaned"),
    [
        (TurnStarted((Text(f"use {KEY}"),)), TurnStarted((Text(f"use {HIDDEN}"),))),
        (Notice("x", f"a {KEY}"), Notice("x", f"a {HIDDEN}")),
        (
            ActionProposed(
                "1", "bash", {"command": f"echo {KEY}"}, (Effect("run", f"echo {KEY}"),)
            ),
            ActionProposed(
                "1", "bash", {"command": f"echo {HIDDEN}"}, (Effect("run", f"echo {HIDDEN}"),)
            ),
        ),
        (
            ActionEnded(
                "1", "edit", "ok", (), changes=(FileChange("a", "modified", diff=f"+{KEY}"),)
            ),
            ActionEnded(
                "1", "edit", "ok", (), changes=(FileChange("a", "modified", diff=f"+{HIDDEN}"),)
            ),
        ),
        (
            MessageAdded("assistant", (ToolCall("1", "w", f'{{"content": "\\n{KEY}\\n"}}'),)),
            MessageAdded("assistant", (ToolCall("1", "w", f'{{"content": "\\n{HIDDEN}\\n"}}'),)),
        ),
    ],
)
def test_every_text_of_a_record_is_cleaned(redactor: Redactor, body: Body, cleaned: Body) -> None:
    assert redactor.bodies(body, PATH) == (cleaned,)


@pytest.mark.parametrize(
    "body",
    [
        TurnStarted((Text("nothing here"), Image("image/png", KEY))),
        ActionEnded(KEY, "read", "ok", (Text("x" * 100),)),
        MessageAdded("assistant", (Thinking("hm", signature=KEY),), response_id=KEY),
        MessageAdded("assistant", (Opaque("responses", {"encrypted": KEY}),)),
        ActionProposed("1", "bash", {"a": [1, None, {"b": "c"}]}, ()),
        TurnEnded("success"),
    ],
)
def test_pictures_signatures_and_clean_records_stay_the_same_object(
    redactor: Redactor, body: Body
) -> None:
    (same,) = redactor.bodies(body, PATH)
    assert same is body


def test_thinking_that_was_changed_loses_the_signature_of_other_words(redactor: Redactor) -> None:
    body = MessageAdded("assistant", (Thinking(f"the key {KEY}", signature="s", wire="w"),))
    (cleaned,) = redactor.bodies(body, PATH)
    assert cleaned == structs.replace(body, parts=(Thinking(f"the key {HIDDEN}", wire="w"),))


def test_a_known_value_is_hidden_even_in_parts_that_nobody_understands(redactor: Redactor) -> None:
    body = MessageAdded("assistant", (Opaque("w", {"a": ["it is the-known-value"]}),))
    (cleaned,) = redactor.bodies(body, PATH)
    assert "the-known-value" not in repr(cleaned)


def test_an_argument_is_secret_by_its_name(redactor: Redactor) -> None:
    value = next(sample.secret for sample in samples() if sample.issuer == "token by name")
    body = ActionProposed("1", "mcp", {"env": {"API_TOKEN": value}}, ())
    (cleaned,) = redactor.bodies(body, PATH)
    assert cleaned == structs.replace(
        body, arguments={"env": {"API_TOKEN": "[redacted: secret by its name]"}}
    )


def test_no_key_is_streamed_in_pieces_and_nothing_else_is_lost(redactor: Redactor) -> None:
    text = f"Here: {KEY} is it"
    cuts = sorted(random.Random(3).sample(range(1, len(text)), 9))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    bodies = [body for piece in pieces for body in redactor.bodies(TextStreamed(piece), PATH)]
    bodies += redactor.bodies(MessageAdded("assistant", (Text(text),)), PATH)
    shown = "".join(body.text for body in bodies if isinstance(body, TextStreamed))
    assert KEY not in shown
    assert shown.endswith(" is it")
    assert isinstance(bodies[-1], MessageAdded)


def test_what_was_held_back_of_a_stream_comes_before_its_end(redactor: Redactor) -> None:
    (shown,) = redactor.bodies(ActionOutput("7", "done at 12:30:59"), PATH)
    end = ActionEnded("7", "bash", "ok", ())
    assert redactor.bodies(end, PATH) == (ActionOutput("7", "12:30:59"), end)
    assert shown == ActionOutput("7", "done at ")


def test_streams_of_two_agents_are_kept_apart(redactor: Redactor) -> None:
    redactor.bodies(TextStreamed(KEY[:20]), PATH)
    assert redactor.bodies(TextStreamed("a word. "), (*PATH, "search")) == (
        TextStreamed("a word. "),
    )

"""The thin door reads what Typer would read, or leaves it to Typer."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kedge.cli import app, door
from kedge.cli.options import COMMANDS, OPTIONS, USUAL, Option, Run
from kedge.cli.usual import meant
from kedge.config.errors import UsageError

NAMES = [name for option in OPTIONS for name in (option.name, option.short) if name]


def good(option: Option) -> str:
    """A word that the option takes."""
    if option.choices:
        return option.choices[-1]
    return {"text": "word", "integer": "3", "number": "2.5", "flag": ""}[option.kind]


def agreed(*arguments: str) -> Run | None:
    """What the door reads, which must be what Typer reads unless the door leaves it alone."""
    seen = door.read(arguments)
    if seen is not None:
        assert seen == app.read(arguments), arguments
    return seen


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_is_read_alike_in_each_spelling(option: Option) -> None:
    for name in filter(None, (option.name, option.short)):
        given_word = (name,) if option.kind == "flag" else (name, good(option))
        for arguments in (
            ("-p", *given_word, "x"),
            (*given_word, "-p", "x"),
            ("x", "-p", *given_word),
        ):
            run = agreed(*arguments)
            assert run is not None and run.prompt == "x"
            assert run.values[option.field] != option.default or option.kind == "flag"
    if option.kind != "flag":
        run = agreed("-p", "x", f"{option.name}={good(option)}")
        assert run is not None


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.repeat], ids=lambda o: o.name)
def test_an_option_given_again_adds_up(option: Option) -> None:
    run = agreed("-p", "x", option.name, "a", option.name, "b=c", f"{option.name}=")
    assert run is not None and run.texts(option.field) == ("a", "b=c", "")


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS if not o.repeat and o.kind == "text"], ids=lambda o: o.name
)
def test_of_an_option_given_again_the_last_one_counts(option: Option) -> None:
    first, last = (option.choices[0], option.choices[1]) if option.choices else ("a", "b")
    run = agreed("-p", "x", option.name, first, option.name, last)
    assert run is not None and run.text(option.field) == last


@pytest.mark.parametrize("option", OPTIONS[1:], ids=lambda option: option.name)
def test_without_its_option_a_value_is_its_default(option: Option) -> None:
    (plain, full) = door.read(("-p", "x")), app.read(("-p", "x"))
    assert plain is not None and full is not None
    assert plain.values[option.field] == full.values[option.field] == option.default


@pytest.mark.parametrize(
    "arguments",
    [
        ("x",), ("demo",), ("--help",), ("-p", "--help"), ("-p", "x", "y"), ("-p", "--nope"),
        ("-p", "x", "--mode", "wild"), ("-p", "x", "--max-turns", "0"), ("-p", "x", "--model"),
        ("-p", "x", "--max-turns", "-1"), ("-p", "x", "--max-cost", "1e3"), ("-pv", "x"),
        ("-p", "x", "-mopenai/gpt"), ("-p", "x", "--print=true"), ("-p", "x", "-m", "--verbose"),
    ],
)  # fmt: skip
def test_what_the_door_is_not_sure_of_is_left_to_typer(arguments: tuple[str, ...]) -> None:
    assert door.read(arguments) is None


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        (("-p",), None), (("-p", "-"), "-"), (("-p", ""), ""), (("-p", "--", "-x"), "-x"),
        (("-p", "--", "--"), "--"), (("-p", "two words\n"), "two words\n"), (("-p", "a=b"), "a=b"),
        (("-p", "ünï ✓"), "ünï ✓"), (("-p", "demo"), "demo"),
    ],
)  # fmt: skip
def test_prompts_are_read_alike(arguments: tuple[str, ...], prompt: str | None) -> None:
    run = agreed(*arguments)
    assert run is not None and run.prompt == prompt


WORDS = st.one_of(
    st.sampled_from(
        [*NAMES, *(f"{option.name}={good(option)}" for option in OPTIONS)]
        + [
            *(good(option) for option in OPTIONS),
            *(choice for o in OPTIONS for choice in o.choices),
        ]
        + ["-", "--", "---", "", "=", "-=", "--=x", "-p=x", "-pv", "-vp", "-m=x", "--prin", "--no"]
        + [
            "0",
            "-1",
            "+1",
            "1_0",
            "1.",
            ".5",
            ".",
            "1e3",
            "inf",
            "nan",
            "٣",
            "²",
            " 1",
            "1 ",
            "0x1",
        ]
        + ["00", "007", "1" * 30, "0.1", "3.0", "true", "None", "\udcff", "a\0b", "--model=", "-C="]
    ),
    st.text(max_size=6),
    st.text(max_size=4).map("--max-cost={}".format),
    st.text(max_size=4).map("--max-turns={}".format),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=6))
@example(["--max-turns", "1" * 5000])
@example(["--max-cost", "1" * 400])
@example(["--max-cost", "٣.٣"])
def test_whatever_is_typed_the_door_agrees_with_typer_or_stays_shut(words: list[str]) -> None:
    agreed("-p", *words)
    agreed(*words)


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        ((), None), (("fix the bug",), "fix the bug"), (("explain",), "explain"),
        (("-m", "openai/gpt-5", "--mode", "plan"), None), (("-c",), None), (("--", "demo"), "demo"),
        (("-r", "20261121"), None), (("--inline", "hello there"), "hello there"),
    ],
)  # fmt: skip
def test_at_a_terminal_a_prompt_may_stand_alone(
    arguments: tuple[str, ...], prompt: str | None
) -> None:
    run = door.at_terminal(arguments)
    assert run is not None and run.prompt == prompt
    assert door.read(arguments) is None


@pytest.mark.parametrize(
    "arguments",
    [("demo",), ("sesions",), ("-p", "x"), ("-",), ("a b", "c d"), ("--help",), ("--mode", "wild")],
)
def test_commands_and_slips_are_no_prompts(arguments: tuple[str, ...]) -> None:
    assert door.at_terminal(arguments) is None


@pytest.mark.parametrize("name", ["-r", "--resume"])
def test_resume_alone_at_a_terminal_asks_which(name: str) -> None:
    run = door.at_terminal((name,))
    assert run is not None and run.values["resume"] == ""


@pytest.mark.parametrize(
    ("arguments", "session"),
    [
        (("-r",), ""), (("--resume",), ""), (("-r", "-m", "x/y"), ""), (("-r", "abc"), "abc"),
        (("-r", "--mode", "plan"), ""), (("--resume", "abc", "-m", "x/y"), "abc"),
    ],
)  # fmt: skip
def test_what_begins_with_a_dash_is_no_session(arguments: tuple[str, ...], session: str) -> None:
    run = door.at_terminal(arguments)
    assert run is not None and run.values["resume"] == session
    assert run.text("model") in ("", "x/y")


def test_behind_dashes_everything_is_a_prompt() -> None:
    run = door.at_terminal(("--", "-r"))
    assert run is not None and (run.prompt, run.values["resume"]) == ("-r", None)


@pytest.mark.parametrize("word", (*COMMANDS, *USUAL))
def test_a_word_that_is_usually_a_command_is_no_prompt(word: str) -> None:
    assert door.at_terminal((word,)) is None
    assert door.at_terminal(("-m", "x/y", word)) is None
    said = door.at_terminal(("--", word))
    assert said is not None and said.prompt == word


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("help", "--help"), ("help undo", "undo --help"), ("exec it", "--print it"),
        ("resume", "--resume="), ("resume abc -m x/y", "--resume=abc -m x/y"),
        ("resume -m x/y", "--resume= -m x/y"), ("continue", "--continue"), ("version", "--version"),
        ("auth login openai", "login openai"), ("auth logout", "logout"),
    ],
)  # fmt: skip
def test_what_others_call_otherwise_is_done(typed: str, instead: str) -> None:
    assert meant(typed.split()) == instead.split()


@pytest.mark.parametrize("word", USUAL)
def test_every_usual_word_is_done_or_answered_with_what_to_use(word: str) -> None:
    try:
        assert meant([word, "x"])
    except UsageError as error:
        assert "kedge" in error.hint and "\n" not in error.hint

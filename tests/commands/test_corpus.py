"""The two lists in `bench/corpus`: what is sneaky never passes, what is harmless almost always."""

from collections.abc import Callable

Corpus = Callable[[str], list[dict[str, str]]]
Harmless = Callable[[str], bool]

MOST_QUESTIONS = 0.03
"""The share of harmless commands that may be asked about."""


def test_the_lists_are_long_and_say_nothing_twice(corpus: Corpus) -> None:
    safe = [entry["command"] for entry in corpus("harmless")]
    sneaky = [entry["command"] for entry in corpus("sneaky")]
    assert len(safe) >= 300
    assert len(sneaky) >= 400
    assert len({*safe, *sneaky}) == len(safe) + len(sneaky)


def test_no_sneaky_command_is_taken_for_harmless(corpus: Corpus, harmless: Harmless) -> None:
    leaks = [entry["command"] for entry in corpus("sneaky") if harmless(entry["command"])]
    assert leaks == []


def test_hardly_any_harmless_command_is_asked_about(corpus: Corpus, harmless: Harmless) -> None:
    commands = [entry["command"] for entry in corpus("harmless")]
    asked = [command for command in commands if not harmless(command)]
    assert len(asked) <= MOST_QUESTIONS * len(commands), asked

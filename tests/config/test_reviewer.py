"""Rules of the reviewer model: packaged ones, one's own, and both."""

import pytest

from kedge.config.prompts import prompt
from kedge.config.reviewer import ReviewerRules, ReviewerSettings, effective_rules, packaged_rules
from kedge.config.sections import DEFAULTS


def test_without_rules_of_ones_own_the_packaged_ones_hold() -> None:
    assert effective_rules(ReviewerSettings()) == packaged_rules()
    assert all(getattr(packaged_rules(), name) for name in ReviewerRules.__struct_fields__)


@pytest.mark.parametrize("name", ReviewerRules.__struct_fields__)
def test_ones_own_rules_replace_the_packaged_ones_or_stand_around_them(name: str) -> None:
    packaged = getattr(packaged_rules(), name)
    for own, expected in (
        (("mine",), ("mine",)),
        (("mine", "$defaults", "too"), ("mine", *packaged, "too")),
        ((), ()),
    ):
        rules = effective_rules(ReviewerSettings(**{name: own}))
        assert getattr(rules, name) == expected
        others = set(ReviewerRules.__struct_fields__) - {name}
        assert all(getattr(rules, other) == getattr(packaged_rules(), other) for other in others)


def test_the_instructions_name_everything_that_the_model_is_shown() -> None:
    text = prompt("reviewer", DEFAULTS).text
    for field in ("person", "conversation", "action", "rules_so_far"):
        assert f"`{field}`" in text
    assert '{"verdict": "allow" | "ask" | "deny", "reason":' in text

"""Rules that deny reading, as entries of the sandbox's list."""

import pytest

from kedge.config.rule_hiding import hidden_by, kept_by
from kedge.config.rules import parse_rule


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        ("read(.env)", ".env"),
        ("read(*.key)", "*.key"),
        ("read(secrets/)", "secrets"),
        ("read(**/secrets)", "secrets"),
        ("read(/secrets)", "/ws/secrets"),
        ("read(secrets/**)", "/ws/secrets"),
        ("read(~/.netrc)", "~/.netrc"),
        ("read(//etc/x)", "/etc/x"),
        ("read(secrets/*.key)", None),
        ("read(a?c)", None),
        ("read(/)", None),
        ("read", None),
        ("edit(.env)", None),
    ],
)
def test_what_may_not_be_read_is_hidden_where_it_can_be_said(rule: str, entry: str | None) -> None:
    expected = {entry: f"deny {rule} (c.toml:1)"} if entry else {}
    assert hidden_by([parse_rule(rule, "deny", "c.toml:1")], "/ws") == expected
    assert hidden_by([parse_rule(rule, "allow", "c.toml:1")], "/ws") == {}


def test_what_may_not_be_changed_is_kept_and_can_be_read() -> None:
    rules = [parse_rule("edit(locked/)", "deny", "c.toml:1"), parse_rule("read(x)", "deny")]
    assert kept_by(rules, "/ws") == {"locked": "deny edit(locked/) (c.toml:1)"}
    assert hidden_by(rules, "/ws") == {"x": "deny read(x)"}

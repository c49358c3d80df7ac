"""Settings of the reviewer model: a model that judges what the agent is about to do."""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct, convert

from .hooks import FailurePolicy
from .sections import DEFAULTS

PACKAGED_FILE: Final = DEFAULTS / "reviewer.toml"

DEFAULT_RULES: Final = "$defaults"
"""In a list of rules: the packaged ones belong here."""


class ReviewerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a model looks at each action that would change anything, and by which rules."""

    model: Annotated[
        str, Meta(pattern=r"^(|[^/\s]+/\S+)$", description="'provider/model', or nothing")
    ] = ""
    """Empty: there is none."""
    lifts: bool = False
    """Whether its yes answers a question that no rule demands to ask; else it only tightens."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=600)] = 20.0
    """When it counts as failed."""
    on_failure: FailurePolicy = FailurePolicy(read="allow", write="allow")
    """What its failure means, by what the action does at worst. `allow` leaves things as the
    rules have them."""
    max_output_tokens: Annotated[int, Meta(ge=100, le=100_000)] = 2_000
    """Of one judgement, thinking included."""
    excerpt_characters: Annotated[int, Meta(ge=0, le=1_000_000)] = 8_000
    """How much of the conversation it is shown, from its end."""
    environment: tuple[str, ...] = (DEFAULT_RULES,)
    """Facts, in prose: which repositories and hosts are one's own, what is where."""
    allow: tuple[str, ...] = (DEFAULT_RULES,)
    """What is all right, in prose."""
    soft_deny: tuple[str, ...] = (DEFAULT_RULES,)
    """What must not happen unless the person's own words ask for just that."""
    hard_deny: tuple[str, ...] = (DEFAULT_RULES,)
    """What must not happen whatever anybody says."""


class ReviewerRules(Struct, frozen=True, forbid_unknown_fields=True):
    """The four lists, complete."""

    environment: tuple[str, ...]
    allow: tuple[str, ...]
    soft_deny: tuple[str, ...]
    hard_deny: tuple[str, ...]


def packaged_rules() -> ReviewerRules:
    """Read the packaged lists."""
    import tomllib  # only a run with a reviewer model pays for it

    with PACKAGED_FILE.open("rb") as file:
        return convert(tomllib.load(file), ReviewerRules)


def effective_rules(settings: ReviewerSettings) -> ReviewerRules:
    """The user's lists, with the packaged ones where `$defaults` stands."""
    packaged = packaged_rules()
    return ReviewerRules(
        tuple(_expanded(settings.environment, packaged.environment)),
        tuple(_expanded(settings.allow, packaged.allow)),
        tuple(_expanded(settings.soft_deny, packaged.soft_deny)),
        tuple(_expanded(settings.hard_deny, packaged.hard_deny)),
    )


def _expanded(rules: Iterable[str], packaged: tuple[str, ...]) -> Iterable[str]:
    for rule in rules:
        if rule == DEFAULT_RULES:
            yield from packaged
        else:
            yield rule

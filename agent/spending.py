"""What work costs, and where that is kept beyond one session."""

from typing import Literal, Protocol

from msgspec import Struct

from .messages import Usage


class Cost(Struct, frozen=True):
    """Usage of one model over a run, with its price."""

    usage: Usage
    calls: int
    usd: float | None
    """None: the price of this model is not known."""


class ModelLost(Struct, frozen=True, tag_field="kind", tag="model.lost", omit_defaults=True):
    """A model call, or an attempt at one, came to no words; this is what it used nevertheless."""

    model: str
    usage: Usage
    cost_usd: float | None = None
    estimated: bool = False
    """As in `MessageAdded`."""


class Spend(Struct, frozen=True):
    """An amount of work."""

    turns: int = 0
    """Model calls, whoever made them."""
    tokens: int = 0
    """Input, cached or not, and output of all calls."""
    cost: float = 0.0
    """US dollars."""
    seconds: float = 0.0
    """Wall-clock time in which something was being worked on."""

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(
            self.turns + other.turns,
            self.tokens + other.tokens,
            # Without the digits that only binary fractions have: prices are per million tokens.
            round(self.cost + other.cost, 9),
            self.seconds + other.seconds,
        )


class Spending(Protocol):
    """What was spent today, and in this project, by every process together."""

    def add(self, spend: Spend) -> None:
        """Count this, too.

        Raises:
            StoreError: it could not be kept.
        """
        ...

    def total(self, scope: Literal["day", "project"]) -> Spend:
        """What was spent since midnight in all projects, or ever in this one.

        Raises:
            StoreError: it could not be read.
        """
        ...

"""Facts about what a person did at a session besides talking."""

from msgspec import Struct

from .checkpoint_facts import CheckpointFact
from .lineage import Lineage


class ModeChanged(Struct, frozen=True, tag_field="kind", tag="mode"):
    """From here on another mode decides."""

    mode: str
    before: str
    sandbox: str
    """What is attested from here on; as in `SessionStarted`."""


class ModelChanged(Struct, frozen=True, tag_field="kind", tag="model", omit_defaults=True):
    """From here on another model answers, or the same one thinks more or less."""

    model: str
    effort: str
    before: str
    """The model until here."""
    tools: tuple[str, ...] = ()
    """The names of the tools from here on; empty if they are as before."""


class PersonRan(Struct, frozen=True, tag_field="kind", tag="shell", omit_defaults=True):
    """The person ran a command of their own, unconfined; the model hears of it with what they say
    next."""

    id: str
    command: str
    output: str
    """What it printed; of more than the model is shown, the beginning and the end."""
    exit_code: int | None = None
    signal: str | None = None
    duration_ms: int = 0


class PersonPrinted(Struct, frozen=True, tag_field="kind", tag="shell.output"):
    """More of the output of the person's own command; empty when it begins."""

    id: str
    command: str
    text: str


PersonsFact = ModeChanged | ModelChanged | PersonRan
Around = Lineage | CheckpointFact | PersonsFact
"""What happened to a session besides the conversation."""

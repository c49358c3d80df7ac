"""Settings of the interactive terminal: how it looks, what it tells, which keys it hears."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Notifications = Literal["unfocused", "always", "off"]
Thinking = Literal["collapsed", "shown", "hidden"]
Theme = Literal["", "auto", "dark", "light", "high-contrast", "colour-blind", "ansi", "none"]


class TuiSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's taste. No project has a say in it: some of these run programs."""

    theme: Theme = ""
    """The name of a theme; empty and `auto` go by the terminal: its background, and `NO_COLOR`."""
    vim: bool = False
    """Whether the prompt is edited with the keys of vi."""
    inline: bool = False
    """Whether finished blocks are printed into the terminal's own scrollback."""
    thinking: Thinking = "collapsed"
    """How much is shown of what the model thinks."""
    notifications: Notifications = "unfocused"
    """When the desktop is told that a question waits or a turn is over."""
    grace_ms: Annotated[int, Meta(ge=0, le=5_000)] = 500
    """Keys pressed so soon after a question appeared were meant for something else."""
    wake: bool = False
    """Whether the model goes on by itself when a command in the background ended while it was at
    rest: a turn that nobody asked for, and that costs what a turn costs."""
    status_command: str = ""
    """A command whose first line of output the status line shows, run as yourself."""
    editor: str = ""
    """The external editor; empty is `$VISUAL`, then `$EDITOR`."""
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """An action of the interface to the keys that start it, instead of the packaged ones."""

"""What is found out about a command line, as plain data."""

from collections.abc import Mapping

from msgspec import Struct

from ..effects import CommandPart, Effect, Risk, within


class Place(Struct, frozen=True):
    """Where a command line would run."""

    cwd: str
    """Absolute and without links."""
    roots: tuple[str, ...]
    """The directories that may be worked in, absolute and without links; the workspace first."""
    home: str
    path: tuple[str, ...] = ()
    """The directories of the command's `PATH`, in order."""
    env: Mapping[str, str] = {}
    """The whole environment of the command, as far as it is known."""


class Part(Struct, frozen=True):
    """One simple command of the line, whatever it is wrapped in."""

    words: tuple[str, ...]
    """Without quotes and wrappers; the program's name first, as written."""
    text: str
    """The words joined for a shell: what rules are matched against."""
    span: tuple[int, int]
    """The characters of the line that it comes from."""
    risk: Risk
    why: str
    """What makes it so, for a person."""
    wrappers: tuple[str, ...] = ()
    """Under what it was found, outermost first: `sudo`, `env`, `bash` …"""
    forms: tuple[str, ...] = ()
    """Every spelling that a deny rule may mean; `text` is one of them."""
    exact: bool = True
    """Whether an allow rule may cover it: literal words, no assignment before them, and nothing
    in between that would make them mean something else."""

    def command(self) -> CommandPart:
        """As it is recorded."""
        return CommandPart(self.words, self.risk, self.why, self.forms, self.exact)


class Problem(Struct, frozen=True):
    """Why nobody should let the line pass unseen, whatever its parts are."""

    text: str
    span: tuple[int, int]


class Analysis(Struct, frozen=True):
    """All that a command line would do, as far as it can be told before it runs."""

    parts: tuple[Part, ...]
    """In the order of the line; a wrapper that matters stands before what it wraps."""
    effects: tuple[Effect, ...]
    """One `run` for each part, and what the parts and redirects read, write, delete and reach.
    A path is absolute and without links. What is under no root is here like all the rest."""
    problems: tuple[Problem, ...] = ()

    def harmless(self, roots: tuple[str, ...]) -> bool:
        """Whether it is known that the line only reads, and only below the given directories."""
        return (
            not self.problems
            and all(part.risk == "safe" for part in self.parts)
            and all(
                effect.kind == "run" or (effect.kind == "read" and within(effect.target, roots))
                for effect in self.effects
            )
        )

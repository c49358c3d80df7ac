"""kedge: a terminal coding agent whose every action is validated, explained and undoable."""

__version__ = "0.1.0"

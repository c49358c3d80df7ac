"""The application that runs, with a type that checkers know."""

from textual._context import active_app
from textual.app import App


def running_app() -> App[object]:
    """What `self.app` is in a handler: pyright infers an unknown type for that (Textual 8.2)."""
    return active_app.get()

"""The application that runs, with a type that checkers know."""

from textual._context import active_app
from textual.app import App


def running_app() -> App[object]:
    """What `self.app` is in a handler: pyright infers an unknown type for that (Textual 8.2)."""
    return active_app.get()


def defect(error: Exception) -> None:
    """Let what was raised beside all handlers end the application, as if one had raised it."""

    def again() -> None:
        raise error

    running_app().call_later(again)

"""A few lines to fill in, where a question stands."""

from collections.abc import Sequence

from textual import events
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from ..running import running_app


class Fields(Vertical):
    """Lines with a cursor. Hidden when nothing is asked."""

    DEFAULT_CSS = """
    Fields {
        height: auto; display: none;
        Input { background: $surface; }
    }
    """

    class Filled(Message):
        """Enter was pressed. The values are without blanks around them and without empty ones."""

        def __init__(self, values: tuple[str, ...]) -> None:
            super().__init__()
            self.values = values

    class Changed(Message):
        """Something was typed. The values are as those of `Filled`."""

        def __init__(self, values: tuple[str, ...]) -> None:
            super().__init__()
            self.values = values

    def open(self, values: Sequence[str], asks: str) -> None:
        """Ask for these values, at least one; the cursor is in the first."""
        fields = [Input(value, placeholder=asks, compact=True) for value in values]
        self.remove_children()
        self.mount_all(fields)
        self.display = True
        fields[0].focus()

    def close(self) -> None:
        """Ask no more."""
        self.display = False
        self.remove_children()

    async def on_key(self, event: events.Key) -> None:
        """Ctrl+C means what it means everywhere; to a field it would be copying."""
        if event.key == "ctrl+c":
            event.stop()
            event.prevent_default()
            await running_app().run_action("quit")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """All of them are taken at once."""
        event.stop()
        self.post_message(self.Filled(self._values))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell it with all the others."""
        event.stop()
        if self.display:
            self.post_message(self.Changed(self._values))

    @property
    def _values(self) -> tuple[str, ...]:
        values = (field.value.strip() for field in self.query(Input))
        return tuple(filter(None, values))

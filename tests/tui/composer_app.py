"""An application with nothing but the composer, for tests and measurements."""

from collections.abc import Sequence
from pathlib import Path

from textual.app import App, ComposeResult

from kedge.agent.messages import Image, Prompt, Text
from kedge.cli.tui.composer.bar import ComposerBar
from kedge.cli.tui.composer.composer import Composer
from kedge.cli.tui.composer.draft_area import Desktop
from kedge.cli.tui.composer.files import FileIndex
from kedge.cli.tui.composer.history import History
from kedge.cli.tui.composer.messages import NoteAsked, ShellAsked, SlashAsked, Submitted, Trouble
from kedge.cli.tui.composer.sources import Arguments, Candidate, Commands, Files
from kedge.cli.tui.entry import Entry
from kedge.cli.tui.keys import KeyTable

COMMANDS = (
    Entry("help", "what can be done"),
    Entry("model", "another model", "[name]"),
    Entry("compact", "make room", "[focus]"),
    Entry("rename", "call the session something", "<name>"),
)


async def _arguments(name: str, word: str) -> Sequence[Candidate]:
    models = ("opus", "sonnet") if name == "model" else ()
    return [Candidate(one, one) for one in models if one.startswith(word)]


def desktop_at(root: Path, *, vim: bool = False, keys: KeyTable | None = None) -> Desktop:
    """Everything the composer needs, in one directory."""
    index = FileIndex(root, hides=lambda path: path.name == ".env")
    history = History(root.parent / "state" / "history.jsonl", str(root))
    history.load()
    sources = (Files(index), Commands(lambda: COMMANDS), Arguments(_arguments))
    return Desktop(index, history, sources, keys or KeyTable(), {"PATH": "/usr/bin:/bin"}, vim=vim)


class ComposerApp(App[None]):
    """Notes everything that the composer says."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self.desktop = desktop
        self.sent: list[tuple[Prompt, str]] = []
        self.said: list[tuple[str, ...]] = []
        self.interrupts = 0
        self.set_keymap(desktop.keys.keymap)

    def compose(self) -> ComposeResult:
        yield ComposerBar(self.desktop)

    def on_mount(self) -> None:
        self.composer.focus()

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    @property
    def words(self) -> list[str]:
        """The words of every prompt that was sent."""
        return [
            part.text for prompt, _ in self.sent for part in prompt[:1] if isinstance(part, Text)
        ]

    @property
    def pictures(self) -> list[Image]:
        return [part for prompt, _ in self.sent for part in prompt if isinstance(part, Image)]

    def key_escape(self) -> None:
        self.interrupts += 1

    def on_submitted(self, event: Submitted) -> None:
        self.sent.append((event.prompt, event.how))

    def on_slash_asked(self, event: SlashAsked) -> None:
        self.said.append(("slash", event.name, event.arguments))

    def on_shell_asked(self, event: ShellAsked) -> None:
        self.said.append(("shell", event.command))

    def on_note_asked(self, event: NoteAsked) -> None:
        self.said.append(("note", event.text))

    def on_trouble(self, event: Trouble) -> None:
        self.said.append(("trouble", event.words))

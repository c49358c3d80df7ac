"""What the composer tells the application."""

from typing import Literal

from textual.message import Message

from ....agent.messages import Prompt
from .sources import InputMode

How = Literal["now", "later"]
"""When a prompt is meant: after the current batch of actions, or when the turn is over."""


class Submitted(Message):
    """A prompt was sent."""

    def __init__(self, prompt: Prompt, how: How) -> None:
        super().__init__()
        self.prompt = prompt
        self.how: How = how


class GoOnAsked(Message):
    """Nothing was written, and sent: let what broke off or waits go on."""


class SlashAsked(Message):
    """A slash command was sent, which need not exist."""

    def __init__(self, name: str, arguments: str, prompt: Prompt, how: How) -> None:
        """`arguments` are the words behind the name, pastes in their places; `prompt` is all of
        it, with the pictures, for commands that are prompts."""
        super().__init__()
        self.name = name
        self.arguments = arguments
        self.prompt = prompt
        self.how: How = how


class ShellAsked(Message):
    """A command of the person's own."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self.command = command


class NoteAsked(Message):
    """A note to memory."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class StateChanged(Message):
    """The sign before the prompt is another: its mode, or that of vi."""

    def __init__(self, mode: InputMode, vim: str) -> None:
        """`vim` is empty if vi's keys are off; else its mode, and what is pending of a command."""
        super().__init__()
        self.mode: InputMode = mode
        self.vim = vim


class Trouble(Message):
    """Something did not work, in words for the person; nothing that was written is lost."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

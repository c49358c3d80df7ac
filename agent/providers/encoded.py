"""Encodes each message of a growing conversation once: a turn costs no more than its own."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ..messages import Message

_Encoded = TypeVar("_Encoded")


class EncodedMessages(Generic[_Encoded]):
    """What the messages of one conversation were made into. Another one costs a new start."""

    def __init__(self, encode: Callable[[Message], _Encoded]) -> None:
        self._encode = encode
        self._known: list[tuple[Message, _Encoded]] = []

    def of(self, messages: Sequence[Message]) -> list[_Encoded]:
        """One for each message. A message is known by its identity: messages do not change."""
        same = 0
        for (known, _), message in zip(self._known, messages, strict=False):
            if known is not message:
                break
            same += 1
        del self._known[same:]
        self._known += [(message, self._encode(message)) for message in messages[same:]]
        return [encoded for _, encoded in self._known]

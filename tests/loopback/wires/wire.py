"""What every wire can do, and the reading of requests that they share."""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct
from typing_extensions import TypeIs

from ..framing import Frame
from ..script import Fault, Json, Turn


class Ask(Struct, frozen=True):
    """A request as a wire needs it to answer."""

    json: Json
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    serial: int
    """Number of the request; ids are made from it."""

    @property
    def model(self) -> str:
        return str(self.json.get("model", "unknown"))

    @property
    def stream(self) -> bool:
        return self.json.get("stream") is True

    def id(self, prefix: str, number: int = 0) -> str:
        """An id in the providers' style, the same in each run of the same test."""
        seed = f"{prefix}{self.serial}:{number}".encode()
        return prefix + hashlib.sha256(seed).hexdigest()[:24]


class Wire(Protocol):
    """A provider's wire format. The modules beside this one are its implementations."""

    def frames(self, turn: Turn, ask: Ask) -> list[Frame]:
        """The turn as a complete stream."""
        ...

    def document(self, turn: Turn, ask: Ask) -> Json:
        """The turn as one JSON answer."""
        ...

    def error(self, fault: Fault, ask: Ask) -> Json:
        """The provider's JSON body for the status of the fault."""
        ...

    def error_frame(self, fault: Fault, ask: Ask, sent: int) -> Frame:
        """The provider's way to fail after `sent` events."""
        ...

    def complaint(self, ask: Ask) -> str | None:
        """Why the provider would answer 400 to the request, if it would."""
        ...

    def spoken(self, request: Json) -> int:
        """How many answers of the model the request carries."""
        ...

    def tail(self, request: Json) -> list[object]:
        """What the request carries after the last answer of the model."""
        ...

    def tools(self, request: Json) -> list[str]:
        """The names of the declared tools."""
        ...


def is_object(value: object) -> TypeIs[Json]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeIs[list[object]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def objects(value: object) -> list[Json]:
    """The objects of a JSON array; nothing for anything else."""
    return [item for item in value if is_object(item)] if is_array(value) else []


def strings(value: object) -> Iterator[str]:
    """Every string inside a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for item in value.values():
            yield from strings(item)
    elif is_array(value):
        for item in value:
            yield from strings(item)


def count_key(value: object, key: str) -> int:
    """How many objects inside a JSON value have the key."""
    if is_object(value):
        return (key in value) + sum(count_key(item, key) for item in value.values())
    return sum(count_key(item, key) for item in value) if is_array(value) else 0

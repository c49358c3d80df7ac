"""Takes secrets out of records, before anybody stores or shows them."""

from collections.abc import Callable
from typing import TypeVar, cast

from msgspec import Struct, structs

from ...config.secret_finder import SecretFinder
from ...config.secret_flow import SecretFlow
from ..events import (
    ActionEnded,
    ActionOutput,
    Body,
    MessageAdded,
    TextStreamed,
    ThinkingStreamed,
    TurnEnded,
)
from ..messages import Image, Opaque, Thinking

_AnyStruct = TypeVar("_AnyStruct", bound=Struct)
_Streamed = TextStreamed | ThinkingStreamed | ActionOutput

_NOT_WORDS = frozenset(
    {"id", "call_id", "response_id", "session", "version", "config_version", "wire", "signature"}
)
"""Fields that hold what must stay as it is: identifiers, hashes, what providers have signed."""


class Redactor:
    """Hides secrets in the records of one session; it remembers what was streamed half."""

    def __init__(self, finder: SecretFinder) -> None:
        self._finder = finder
        self._flows: dict[tuple[str, ...], SecretFlow] = {}

    def bodies(self, body: Body, path: tuple[str, ...]) -> tuple[Body, ...]:
        """What is to be recorded instead of `body`: the very same if nothing is found in it.

        Before the end of a message or an action comes what was held back of its stream, if there
        was something. Never empty; the last one is `body`'s own.
        """
        match body:
            case TextStreamed() | ThinkingStreamed() | ActionOutput():
                return (self._streamed(body, path),)
            case MessageAdded():
                return (*self._rest(("text", *path)), *self._rest(("thinking", *path)),
                        self._cleaned(body))  # fmt: skip
            case ActionEnded(id=id):
                return (*self._rest(("action", id)), self._cleaned(body))
            case TurnEnded():
                self._flows.clear()
                return (body,)
            case _:
                return (self._cleaned(body),)

    def _streamed(self, body: _Streamed, path: tuple[str, ...]) -> _Streamed:
        match body:
            case TextStreamed():
                key = ("text", *path)
            case ThinkingStreamed():
                key = ("thinking", *path)
            case ActionOutput(id=id):
                key = ("action", id)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = SecretFlow(self._finder)
        shown = flow.feed(body.text)
        return body if shown == body.text else structs.replace(body, text=shown)

    def _rest(self, key: tuple[str, ...]) -> tuple[_Streamed, ...]:
        flow = self._flows.pop(key, None)
        rest = "" if flow is None else flow.finish()
        if not rest:
            return ()
        match key[0]:
            case "text":
                return (TextStreamed(rest),)
            case "thinking":
                return (ThinkingStreamed(rest),)
            case _:
                return (ActionOutput(key[1], rest),)

    def _cleaned(self, record: _AnyStruct) -> _AnyStruct:
        """The record without secrets; the same object if it has none."""
        changes: dict[str, object] = {}
        for name in record.__struct_fields__:
            value: object = getattr(record, name)
            if name not in _NOT_WORDS:
                cleaned = self._clean(value)
                if cleaned is not value:
                    changes[name] = cleaned
        return structs.replace(record, **changes) if changes else record

    def _clean(self, value: object) -> object:
        match value:
            case str():
                return self._finder.redact(value)
            case Image():
                return value
            case Thinking():
                cleaned = self._cleaned(value)
                # A signature is for these very words: with others the provider refuses it.
                return value if cleaned is value else structs.replace(cleaned, signature="")
            case Opaque():
                # It has to go back as it came, and may hold encrypted text that looks like keys.
                data = self._clean_known(value.data)
                return value if data is value.data else structs.replace(value, data=data)
            case Struct():
                return self._cleaned(value)
            case _:
                return _each(value, self._clean, self._clean_named)

    def _clean_named(self, name: str, value: object) -> object:
        """As the value of a name, which may say that it is secret."""
        if not isinstance(value, str):
            return self._clean(value)
        before = f"{name}="
        after = self._finder.redact(before + value)
        return value if after == before + value else after.removeprefix(before)

    def _clean_known(self, value: object) -> object:
        if isinstance(value, str):
            return self._finder.redact_known(value)
        return _each(value, self._clean_known, lambda _, inner: self._clean_known(inner))


def _each(
    value: object,
    clean: Callable[[object], object],
    clean_named: Callable[[str, object], object],
) -> object:
    """A list or table with all that is in it cleaned; the same object if nothing changed."""
    match value:
        case dict():
            table = cast("dict[str, object]", value)  # what is in it is looked at one by one
            cleaned = {name: clean_named(name, inner) for name, inner in table.items()}
            return cleaned if any(cleaned[name] is not table[name] for name in table) else table
        case tuple() | list():
            items = cast("list[object]", value)  # as above
            inner = [clean(item) for item in items]
            if all(new is old for new, old in zip(inner, items, strict=True)):
                return items
            return tuple(inner) if isinstance(value, tuple) else inner
        case _:
            return value

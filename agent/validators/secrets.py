"""Asks before a secret goes where others can read it: into version control, or over the network."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from ...config.secret_finder import Found, SecretFinder
from ..ports import Action, Ask, Verdict

_OLD = frozenset({"old_string", "old_text", "file_path", "path", "pattern", "description"})
"""Arguments that bring nothing new into a file."""
_STAND_IN = re.compile(r"\[redacted: [^\]\n]{1,60}\]")
_HEAD = 200
"""Characters that may stand before a patch: blanks and the head of a here-document."""
_ADDED = re.compile(r"^\+(.*)$", re.MULTILINE)


class SecretsValidator:
    """Judges what is written and sent by what it holds. It names kinds, never values.

    It knows files by a predicate, as it must not look at them: whether a path is under version
    control, which is asked of paths that a secret would be written to, and of no others.
    """

    name = "secrets"

    def __init__(self, finder: SecretFinder, tracked: Callable[[str], bool]) -> None:
        self._finder = finder
        self._tracked = tracked

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        writes = [place for place, it in enumerate(action.effects) if it.kind == "write"]
        reaches = [place for place, it in enumerate(action.effects) if it.kind == "reach"]
        return (
            *(self._written(action, writes) if writes else ()),
            *(self._sent(action, reaches) if reaches else ()),
        )

    def _written(self, action: Action, places: list[int]) -> Iterator[Ask]:
        new = "\n".join(_new_texts(action))
        stand_in = _STAND_IN.search(new)
        if stand_in and not _is_old(stand_in[0], action):
            reason = f"it would write {stand_in[0]!r}, which stands for a secret that was hidden"
            yield Ask(reason, tuple(places))
        found = [
            secret
            for secret in self._finder.find(new)
            if not _is_old(new[secret.start : secret.end], action)
        ]
        tracked = [place for place in places if found and self._tracked(_target(action, place))]
        if tracked:
            reason = f"it would put what looks secret ({_kinds(found)}) under version control, in "
            yield Ask(reason + _targets(action, tracked), tuple(tracked))

    def _sent(self, action: Action, places: list[int]) -> Iterator[Ask]:
        sent = "\n".join(text for _, text in _texts(action.arguments))
        if found := self._finder.find(sent):
            reason = f"it would send what looks secret ({_kinds(found)}) to "
            yield Ask(reason + _targets(action, places), tuple(places))


def _kinds(found: Sequence[Found]) -> str:
    return ", ".join(dict.fromkeys(secret.kind for secret in found))


def _target(action: Action, place: int) -> str:
    return action.effects[place].target


def _targets(action: Action, places: list[int]) -> str:
    return ", ".join(dict.fromkeys(_target(action, place) for place in places))


def _new_texts(action: Action) -> Iterator[str]:
    """What the arguments would bring into files."""
    for name, text in _texts(action.arguments):
        if _is_patch(text):
            yield "\n".join(_ADDED.findall(text))
        elif name not in _OLD:
            yield text


def _is_old(value: str, action: Action) -> bool:
    """Whether the text that is to be replaced has this already."""
    return any(
        value in (_removed(text) if _is_patch(text) else text)
        for name, text in _texts(action.arguments)
        if name in _OLD or _is_patch(text)
    )


def _is_patch(text: str) -> bool:
    return "*** Begin Patch\n" in text[:_HEAD]


def _removed(patch: str) -> str:
    return "\n".join(line for line in patch.split("\n") if not line.startswith("+"))


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts in arguments, each with the name it has or is listed under."""
    match value:  # what is in tables and lists is of JSON, and is looked at one by one
        case str():
            yield name, value
        case dict():
            for key, inner in cast("dict[str, object]", value).items():
                yield from _texts(inner, key)
        case list() | tuple():
            for inner in cast("list[object]", value):
                yield from _texts(inner, name)
        case _:
            pass

"""The key of a provider: where one is to be had, which there is, and keeping it."""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Final, Literal

from msgspec import structs

from ..config.errors import KedgeError
from ..config.kept_keys import FILE, KEPT, KeptKeys
from ..config.providers import ProviderTable
from ..config.secrets import Key, find_key
from .surroundings import Surroundings

KeyOrigin = Literal["environment", "kept", "given"]
"""Where a key is from: a variable, kedge's own file, or a person who gave it until they leave."""

PAGES: Final = {
    "anthropic": "https://platform.claude.com/settings/keys",
    "openai": "https://platform.openai.com/api-keys",
    "gemini": "https://aistudio.google.com/apikey",
    "xai": "https://console.x.ai",
    "deepseek": "https://platform.deepseek.com/api_keys",
    "mistral": "https://console.mistral.ai/api-keys",
    "moonshot": "https://platform.moonshot.ai/console/api-keys",
    "groq": "https://console.groq.com/keys",
    "together": "https://api.together.ai/settings/api-keys",
    "fireworks": "https://app.fireworks.ai/settings/users/api-keys",
    "openrouter": "https://openrouter.ai/settings/keys",
}
"""Where providers give out keys."""

ORIGINS: Final[dict[KeyOrigin, str]] = {
    "environment": "from the environment",
    "kept": KEPT,
    "given": "given until you leave",
}
"""In words."""

NO_KEY: Final = "that is no key: it holds characters that none has"


def had_at(provider: ProviderTable) -> str:
    """Where its key is to be had, in words."""
    page = PAGES.get(provider.name)
    return f"To be had at {page}" if page else f"{provider.title} gives it out"


def key_of(provider: ProviderTable, where: Surroundings) -> Key | None:
    """The key that a provider is called with: one that was given counts more than the
    environment's, and that more than one that is kept."""
    found = _found(provider, where)
    return found[0] if found else None


def origin_of(provider: ProviderTable, where: Surroundings) -> KeyOrigin | None:
    """Where that key is from; None: there is none."""
    found = _found(provider, where)
    return found[1] if found else None


def _found(provider: ProviderTable, where: Surroundings) -> tuple[Key, KeyOrigin] | None:
    for variable in provider.key_env:
        if key := where.given.get(variable):
            return key, "given"
    if key := find_key(provider, where.env):
        return key, "environment"
    for variable in provider.key_env:
        if key := where.kept.get(variable):
            return key, "kept"
    return None


def key_file(where: Surroundings) -> KeptKeys:
    """The keys that are kept."""
    return KeptKeys(where.home.data_dir / FILE)


def lent(where: Surroundings, key: Key) -> Surroundings:
    """The surroundings where this key counts until the person leaves."""
    typed = Key(key.reveal(), key.variable, "the one that you gave")
    return structs.replace(where, given={**where.given, key.variable: typed})


def keep_key(where: Surroundings, key: Key) -> Surroundings:
    """Keep a key; the surroundings where it is kept.

    Raises:
        KedgeError: it cannot be kept.
    """
    file = key_file(where)
    with _writing(file):
        file.keep(key.variable, key.reveal())
    given = {name: one for name, one in where.given.items() if name != key.variable}
    kept = {**where.kept, key.variable: Key(key.reveal(), key.variable, KEPT)}
    return structs.replace(where, given=given, kept=kept)


def forget_keys(where: Surroundings, variables: Collection[str]) -> tuple[Surroundings, int]:
    """Keep the keys of these variables no longer; the surroundings where none is, and how many
    were.

    Raises:
        KedgeError: the file cannot be changed.
    """
    file = key_file(where)
    with _writing(file):
        gone = file.forget(variables)
    kept = {name: key for name, key in where.kept.items() if name not in variables}
    return structs.replace(where, kept=kept), len(gone)


@contextmanager
def _writing(file: KeptKeys) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise KedgeError(f"{file.file} cannot be written: {error.strerror}") from error

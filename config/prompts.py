"""Reads the texts that the model sees: prompts and tool descriptions."""

import pathlib
import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from .errors import ConfigError
from .sections import DEFAULTS

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Text(Struct, frozen=True):
    """A text for the model."""

    name: str
    text: str
    """Without white space around it."""
    origin: str
    """The file or the setting it is from."""


def prompt(name: str, config_dir: pathlib.Path) -> Text:
    """`prompts/NAME.md` of the user, or else the packaged one.

    Raises:
        ConfigError: there is neither, or it cannot be read as UTF-8.
    """
    return _read("prompts", name, config_dir)


def tool_text(name: str, config_dir: pathlib.Path, overrides: Mapping[str, str]) -> Text:
    """The description of a tool: `overrides` (`ToolSettings.texts`), the user's
    `tools/NAME.md`, or else the packaged one.

    Raises:
        ConfigError: there is none of them, or it cannot be read as UTF-8.
    """
    if name in overrides:
        return Text(name, overrides[name].strip(), f"tools.texts.{name}")
    return _read("tools", name, config_dir)


def _read(kind: Literal["prompts", "tools"], name: str, config_dir: pathlib.Path) -> Text:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not the name of a text", key=kind)
    for root in (config_dir, DEFAULTS):
        file = root / kind / f"{name}.md"
        try:
            return Text(name, file.read_bytes().decode("utf-8").strip(), str(file))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}", file=str(file)) from error
    hint = f"write {config_dir / kind / name}.md"
    raise ConfigError(f"there is no text {name!r}", key=kind, hint=hint)

"""Pictures from the clipboard, where a tool is installed that can give them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from ....agent.messages import Image
from ....config.errors import UsageError
from ...images import image_of
from .mentions import is_picture

_SECONDS = 5.0


def _commands(env: Mapping[str, str]) -> list[tuple[str, ...]]:
    """What may give a picture here, the likeliest first."""
    if sys.platform == "darwin":
        return [("pngpaste", "-")]
    wayland = ("wl-paste", "--type", "image/png")
    x11 = ("xclip", "-selection", "clipboard", "-target", "image/png", "-out")
    return [*[wayland] * bool(env.get("WAYLAND_DISPLAY")), *[x11] * bool(env.get("DISPLAY"))]


def clipboard_image(env: Mapping[str, str]) -> Image:
    """The picture in the clipboard. Runs a program: not for an event loop.

    Raises:
        UsageError: there is none, or no tool that could tell; or as `image_of`.
    """
    commands = _commands(env)
    if not commands:
        raise UsageError(
            "there is no clipboard here that kedge can reach",
            hint="over SSH: copy the picture to this machine, and mention it by @path",
        )
    path = env.get("PATH")
    there = [command for command in commands if shutil.which(command[0], path=path)]
    if not there:
        names = " or ".join(command[0] for command in commands)
        raise UsageError(f"pictures from the clipboard need {names}", hint="or mention it by @path")
    for command in there:
        try:
            said = subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=_SECONDS, check=False,
            ).stdout  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            continue
        if said:
            return image_of(said, "in the clipboard")
    raise UsageError("there is no picture in the clipboard")


def pasted_picture(text: str, root: Path) -> Path | None:
    """The picture that a paste is the path of, as terminals paste what is dropped on them: quoted,
    with backslashes, or as a `file:` URL. Asks the file system once."""
    bare = text.strip()
    if not bare or "\n" in bare or len(bare) > 4_096:
        return None
    if bare.startswith("file://"):
        bare = unquote(bare.removeprefix("file://"))
    elif bare[0] in "'\"" and bare[-1] == bare[0]:
        bare = bare[1:-1]
    else:
        bare = re.sub(r"\\(.)", r"\1", bare)
    if not is_picture(bare):
        return None
    # Not by pathlib, which raises for what may stand in any paste: an unknown user, a long name.
    path = os.path.join(root, os.path.expanduser(bare))
    return Path(path) if os.path.isfile(path) else None

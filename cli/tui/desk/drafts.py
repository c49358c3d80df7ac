"""What was typed and not sent when a person left: kept for their next start in that directory."""

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from ....agent.messages import Prompt
from ....config.private import private_folder
from ....config.replacing import replace_file


class Draft(Struct, frozen=True):
    """What was not sent."""

    words: str = ""
    """In the editor."""
    waiting: tuple[Prompt, ...] = ()
    """In line."""


class Drafts:
    """The drafts of one directory. Best effort: what cannot be kept is lost silently."""

    def __init__(self, state_dir: Path, cwd: Path) -> None:
        name = blake2b(os.fsencode(cwd), digest_size=10).hexdigest()
        self._file = state_dir / "drafts" / f"{name}.json"

    def keep(self, draft: Draft) -> None:
        """Keep this one instead of what was kept before."""
        if draft == Draft():
            return
        with suppress(OSError):
            private_folder(self._file.parent)
            replace_file(self._file, msgspec.json.encode(draft))

    def take(self) -> Draft:
        """What was kept, which is not kept any longer."""
        try:
            data = self._file.read_bytes()
            self._file.unlink()
            return msgspec.json.decode(data, type=Draft)
        except (OSError, msgspec.MsgspecError):
            return Draft()

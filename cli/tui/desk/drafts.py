"""What was typed and not sent when a person left: kept for their next start in that directory."""

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from ....agent.messages import Prompt


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
        beside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(msgspec.json.encode(draft))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self._file)

    def take(self) -> Draft:
        """What was kept, which is not kept any longer."""
        try:
            data = self._file.read_bytes()
            self._file.unlink()
            return msgspec.json.decode(data, type=Draft)
        except (OSError, msgspec.MsgspecError):
            return Draft()

"""What a folder brings that waits for a person's trust."""

from msgspec import Struct

from ....agent.memory.repository import find_repository
from ....config.brought import Brought
from ....config.errors import KedgeError
from ....config.following import FOLLOWED, follows
from ....config.layers import Loaded
from ....config.trust import FILE, Changed, Trust, digest
from ...commands.memory import instructions_here
from ...commands.trust import LIMITS
from ...knowledge import root_of
from ...surroundings import Surroundings
from ..command_folders import project_folders

_EXACTLY = "Trust it, as long as nothing of it changes"
_READ = "The agent would follow them, also when they change. Without trust they stay unread."


class Offer(Struct, frozen=True):
    """What would be trusted."""

    root: str
    parts: str
    """What trust is bound to."""
    title: str
    lines: tuple[str, ...]
    """What it brings."""
    limits: str
    """What trusting means."""
    agreed: str
    """The answer that trusts it."""

    @property
    def key(self) -> str:
        """Names just this, for remembering that it was declined."""
        return digest(f"{self.root}\n{self.parts}")


def offered(loaded: Loaded, where: Surroundings) -> Offer | None:
    """What the folder brings and is not trusted; None if there is nothing of the kind. Reads files.

    Raises:
        KedgeError: the configuration is wrong.
    """
    brings = loaded.brought
    if brings is not None:
        return None if brings.trusted else _configured(brings)
    root = root_of(where, find_repository(where.cwd))
    if follows(None, root, where.home.data_dir):
        return None
    found = [f"{name}: instructions" for name in instructions_here(where).unread]
    folders = (folder.relative_to(root) for folder in project_folders(root))
    found += (f"{folder}: commands for / at the prompt" for folder in folders)
    if not found:
        return None
    return Offer(str(root), FOLLOWED, f"{root} brings", tuple(found), _READ, "Trust it")


def _configured(brings: Brought) -> Offer:
    root = str(brings.root)
    if isinstance(brings.standing, Changed):
        shown, title = brings.standing.diff, f"{root} changed since you trusted it"
    else:
        shown, title = brings.parts, f"{root} wants"
    return Offer(root, brings.parts, title, tuple(shown.splitlines()), LIMITS, _EXACTLY)


def accept(offer: Offer, where: Surroundings) -> None:
    """Trust it.

    Raises:
        KedgeError: that cannot be kept.
    """
    from pathlib import Path

    try:
        Trust(where.home.data_dir / FILE).accept(Path(offer.root), offer.parts)
    except OSError as error:
        raise KedgeError(f"cannot keep your trust: {error}") from error

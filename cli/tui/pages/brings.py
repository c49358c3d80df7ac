"""What a folder brings that waits for a person's trust."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from ....agent.memory.instructions import deeper
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

_EXACTLY = "Trust it, as long as its settings stay as they are"
_READ = (
    "The agent would follow instructions, and / offer commands, also when they change. What a "
    "command runs by itself is known to only look, or allowed by a rule; all else in it is "
    "refused. Without trust they stay unread."
)


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


def offered(
    loaded: Loaded, where: Surroundings, commands: Callable[[Path], Iterable[str]]
) -> Offer | None:
    """What the folder brings and is not trusted; None if there is nothing of the kind. Reads files.
    `commands` has a line for each command of a project.

    Raises:
        KedgeError: the configuration is wrong.
    """
    brings = loaded.brought
    root = root_of(where, find_repository(where.cwd))
    if brings is not None and brings.trusted:
        return None
    if brings is not None:
        # Trust in a folder below the project's reaches nothing else of that.
        all_of_it = root.is_relative_to(brings.root)
        return _configured(
            brings, _followed(where, root, commands, asked=True) if all_of_it else ()
        )
    if follows(None, root, where.home.data_dir):
        return None
    found = _followed(where, root, commands, asked=False)
    if not found:
        return None
    return Offer(str(root), FOLLOWED, f"{root} brings", found, _READ, "Trust it")


def _followed(
    where: Surroundings, root: Path, commands: Callable[[Path], Iterable[str]], *, asked: bool
) -> tuple[str, ...]:
    """What would be followed besides settings, line by line. Instructions further below are no
    reason to ask, but are said where something else is `asked` about."""
    names = instructions_here(where).unread
    found = [*(f"{name}: instructions" for name in names), *commands(root)]
    below = (str(path.relative_to(root)) for path in (deeper(root) if found or asked else ()))
    found += [f"{name}: instructions, once it works there" for name in below if name not in names]
    return tuple(found)


def _configured(brings: Brought, followed: tuple[str, ...]) -> Offer:
    root = str(brings.root)
    if isinstance(brings.standing, Changed):
        shown, title = brings.standing.diff, f"{root} changed since you trusted it"
    else:
        shown, title = brings.parts, f"{root} wants"
    lines, limits = tuple(shown.splitlines()), LIMITS
    if followed:
        lines, limits = (*lines, "", "and brings", *followed), f"{LIMITS}\n{_READ}"
    return Offer(root, brings.parts, title, lines, limits, _EXACTLY)


def accept(offer: Offer, where: Surroundings) -> None:
    """Trust it.

    Raises:
        KedgeError: that cannot be kept.
    """
    try:
        Trust(where.home.data_dir / FILE).accept(Path(offer.root), offer.parts)
    except OSError as error:
        raise KedgeError(f"cannot keep your trust: {error}") from error

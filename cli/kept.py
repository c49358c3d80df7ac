"""Where a session is kept, and what it can go back to; and for how long."""

from pathlib import Path

from msgspec import Struct, structs

from ..agent.ports import Store
from .options import Run
from .surroundings import Surroundings


class Kept(Struct, frozen=True):
    """Where a session is kept."""

    store: Store
    """Holds its log."""
    where: Surroundings
    """Those of the session, with the folder of its checkpoints as the one for data."""
    checkpoints: bool = True
    """Whether it may keep the workspace, too."""
    passing: Path | None = None
    """A folder that goes with the session."""

    @property
    def lasts(self) -> bool:
        """Whether the session can be gone on with later."""
        return self.checkpoints and self.passing is None

    @property
    def outputs(self) -> Path:
        """Where the whole of what was cut is put, a folder for each session."""
        return (self.passing or self.where.home.state_dir) / "outputs"

    def forget(self) -> None:
        """Take away what is not to outlive the session. Blocks."""
        if self.passing is not None:
            # Only sessions that are not kept have such a folder.
            from shutil import rmtree

            rmtree(self.passing, ignore_errors=True)


def kept_of(
    run: Run, where: Surroundings, store: Store, id: str, *, interactive: bool = False
) -> Kept:
    """Where the session of a run is kept. With `--no-session` nothing outlives it, yet a person who
    sits there can go back in it."""
    if not run.flag("no_session"):
        return Kept(store, where)
    if not interactive:
        return Kept(store, where, checkpoints=False)
    folder = where.home.state_dir / "unkept" / id
    home = structs.replace(where.home, data_dir=folder)
    return Kept(store, structs.replace(where, home=home), passing=folder)

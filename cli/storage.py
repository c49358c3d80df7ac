"""Where a session is kept, and what it can go back to; and for how long."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ..agent.ports import Store
from ..config.private import private_folder
from .options import Run
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..sandbox.scratch import Scratch


class Storage(Struct, frozen=True):
    """Where a session is kept."""

    store: Store
    """Holds its log."""
    where: Surroundings
    """Those of the session."""
    checkpoints: bool = True
    """Whether it may keep the workspace, too."""
    passing: "Scratch | None" = None
    """A folder that goes with the session."""

    @property
    def lasts(self) -> bool:
        """Whether the session can be gone on with later."""
        return self.checkpoints and self.passing is None

    @property
    def data_dir(self) -> Path:
        """Where its checkpoints are."""
        return self.passing.path if self.passing else self.where.home.data_dir

    @property
    def outputs(self) -> Path:
        """Where the whole of what was cut is put, a folder for each session."""
        return (self.passing.path if self.passing else self.where.home.state_dir) / "outputs"

    def forget(self) -> None:
        """Take away what is not to outlive the session. Blocks."""
        if self.passing is not None:
            self.passing.close()


def storage_of(
    run: Run, where: Surroundings, store: Store, *, interactive: bool = False
) -> Storage:
    """Where the session of a run is kept. With `--no-session` nothing outlives it, yet a person who
    sits there can go back in it, if there is a place for that. What sessions left whose process was
    killed is removed."""
    from ..sandbox.scratch import Scratch, sweep

    unkept = where.home.state_dir / "unkept"
    sweep(unkept)
    if not run.flag("no_session"):
        return Storage(store, where)
    if not interactive:
        return Storage(store, where, checkpoints=False)
    try:
        private_folder(unkept)
        return Storage(store, where, passing=Scratch(unkept))
    except OSError:
        return Storage(store, where, checkpoints=False)

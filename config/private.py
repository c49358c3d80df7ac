"""Folders of kedge's own, for their owner only."""

import pathlib


def private_folder(folder: pathlib.Path) -> None:
    """Make a folder, and those missing above it, that nobody else can look into or put things in,
    as the XDG base directory specification wants it. `mkdir(parents=True)` would leave those above
    to the umask.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)

"""Trees of files, as tests look at them."""

import os
import stat
import subprocess
from pathlib import Path

Looks = dict[str, tuple[str, int, bytes]]


def looks(top: Path) -> Looks:
    """Everything below but for repositories: kind, mode and content."""
    found: Looks = {}
    for path in sorted(top.rglob("*")):
        relative = path.relative_to(top)
        if ".git" in relative.parts:
            continue
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[str(relative)] = ("link", 0, os.fsencode(os.readlink(path)))
        elif stat.S_ISDIR(mode):
            found[str(relative)] = ("directory", stat.S_IMODE(mode), b"")
        elif stat.S_ISREG(mode):
            found[str(relative)] = ("file", stat.S_IMODE(mode), path.read_bytes())
    return found


def git(cwd: Path, *arguments: str) -> str:
    """Run git as somebody."""
    said = (
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "-c",
        "protocol.file.allow=always",
    )
    command = ("git", *said, *arguments)
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

"""`kedge demo`: the whole loop on a small project with a real bug, offline and without a key.

Everything is real (tools, test runs, records) but the model's side, which is replayed.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ...config.exit_codes import EXIT_CODES
from ..options import OPTIONS, Run

PROMPT = "A test fails. Find the bug, fix it, and show that it is fixed."
SECONDS_PER_WORD = 0.03
"""About how fast a model speaks; only where somebody is watching."""

_DATA = Path(__file__).parent.parent / "demo"


def demo(*, keep: bool) -> int:
    """Run the demo; returns the exit code."""
    from ..oneshot import main

    scratch = Path(tempfile.mkdtemp(prefix="kedge-demo-"))
    project = scratch / "basket"
    try:
        shutil.copytree(_DATA / "project", project)
        _commit(project)
        print(
            f"A copy of a small project with a failing test: {project}\n"
            "The model's side is replayed from a script: nothing is sent and nothing is spent;\n"
            "the price shown is what such a conversation costs. All else is real.\n\n"
            f"> {PROMPT}\n",
            flush=True,
        )
        values = {option.field: option.default for option in OPTIONS} | {
            "print": True,
            "verbose": True,
            "mode": "auto",
            "model": f"scripted:{_DATA / 'script.jsonl'}",
            "cd": str(project),
            "verify": ("python3 -m unittest",),
        }
        # All of it is what was asked for, so all of it goes to stdout.
        code = main(Run(PROMPT, values), stdin=False, pace=SECONDS_PER_WORD, progress=1)
        if code == EXIT_CODES["sandbox"]:
            print("\nThis machine has no sandbox, so the demo runs without one.\n", flush=True)
            unconfined = Run(PROMPT, values | {"sandbox": "off", "mode": "full"})
            code = main(unconfined, stdin=False, pace=SECONDS_PER_WORD, progress=1)
    finally:
        if not keep:
            shutil.rmtree(scratch, ignore_errors=True)
    if keep:
        print(f"\nThe project is kept in {project}")
    return code


def _commit(project: Path) -> None:
    """Make the project a git repository, untouched by the configuration of whoever runs this."""
    identity = ("-c", "user.name=kedge demo", "-c", "user.email=demo@kedge.invalid")
    ambient = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    unsigned = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "A basket with a bug")):
        subprocess.run(
            ("git", *identity, *unsigned, *command), cwd=project, env=ambient, check=True
        )

"""The programs that are shown in a terminal: kedge, and a full-screen peer beside it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from rig import Rig

CODEX = "0.169.0"
"""The version that was measured last."""
READY = b"sk for something"
"""What kedge's empty prompt says; the cursor stands on its first letter."""
HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static('Ask for something')
Hello().run()
"""
"""An application of one line, which says the same."""


class Peer(Struct, frozen=True):
    """A program on the full screen."""

    command: tuple[str, ...]
    env: Mapping[str, str]

    def asked(self, *more: str) -> "Peer":
        """The same with more on its command line."""
        return Peer((*self.command, *more), self.env)


def kedge(rig: Rig, url: str) -> Peer:
    """kedge itself."""
    options = ("-m", "anthropic/claude-opus-5-5", "--mode", "full", "--sandbox", "off")
    env = {**rig.env, "ANTHROPIC_API_KEY": "bench-key", "ANTHROPIC_BASE_URL": url}
    return Peer((rig.kedge_program, *options), env)


def codex(rig: Rig, url: str, program: str, home: Path, cwd: Path) -> Peer:
    """Codex CLI, which keeps its settings in `home`."""
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(
        'model = "gpt-6.1-sol"\nmodel_provider = "loopback"\n'
        "check_for_update_on_startup = false\n[analytics]\nenabled = false\n"
        f'[model_providers.loopback]\nname = "loopback"\nbase_url = "{url}/v1"\n'
        'env_key = "OPENAI_API_KEY"\nwire_api = "responses"\n'
        f'[projects."{cwd}"]\ntrust_level = "trusted"\n'
    )
    command = (program, "--dangerously-bypass-approvals-and-sandbox")
    env = {**rig.env, "CODEX_HOME": str(home), "OPENAI_API_KEY": "bench-key"}
    return Peer(command, env)


def end_programs_of(folder: Path) -> None:
    """End the daemons that a peer leaves behind: Codex CLI runs them from below its home."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if Path(os.readlink(entry / "exe")).is_relative_to(folder):
                    os.kill(int(entry.name), signal.SIGKILL)


def codex_program(folder: str) -> tuple[str, str]:
    """Where Codex CLI is, and its version; without it nothing, and why nothing is compared."""
    found = shutil.which("codex", path=os.pathsep.join(filter(None, (folder, os.environ["PATH"]))))
    if found is None:
        hint = f"npm install @openai/codex@{CODEX}, then --bin node_modules/.bin"
        return "", f"no peer: codex is neither in --bin nor on PATH ({hint})"
    try:
        said = subprocess.run(
            (found, "--version"), capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return "", f"no peer: {found} does not run: {error}"
    version = re.search(r"\d+\.\d+\.\d+", said.stdout)
    return found, version[0] if version else "of unknown version"

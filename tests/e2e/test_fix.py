"""A scripted bug fix through each wire: the same records and the same files."""

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from e2e.process import Json, Kedge, Ran, lines
from e2e.remotes import ANSWER, REMOTES, Remote, demo_project, fixing
from jsonschema import Draft202012Validator
from loopback.fixtures import ThreadedLoopback
from loopback.script import WIRE_NAMES, WireName

_OWN = {"ts", "prev", "session", "seq", "git_head", "response_id", "cost_usd", "duration_ms"}
_OWN |= {"api_ms", "usage", "model", "estimated_tokens", "config_version", "tools", "cwd"}
_OWN |= {"environment", "system", "signature", "wire"}
_CHANGES = {"edit": "change", "apply_patch": "change"}


def fixed(kedge: Kedge, server: ThreadedLoopback, remote: Remote, **options: object) -> Ran:
    """The fix of the demo project, streamed."""
    demo_project(kedge.cwd / "basket")
    url = server(fixing(remote)).url
    return kedge(
        *remote.options(url, "-C", "basket", "--mode", "full", "--output-format", "stream-json"),
        *("-p", "Fix it.", "--verify", "python3 -m unittest"),
    )

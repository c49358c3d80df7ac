"""What the sandbox kept `bash` from is told as data, and a person can let it through once."""

import os
from pathlib import Path

import msgspec
import pytest

from kedge.agent.messages import Text
from kedge.agent.ports import Denied, Output
from kedge.agent.tools.shell import Shell, shell_tools
from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.config.settings import ShellSettings
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.denials import denials
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective


@pytest.mark.parametrize("background", [False, True])
async def test_exactly_one_call_of_exactly_that_command_is_let_through(
    tmp_path: Path, background: bool
) -> None:
    roots, scratch = Roots.at(tmp_path), tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / ".env").write_text("secret")
    home = tmp_path / "home"
    policy = effective(packaged_policy(), SandboxSettings(), roots, home, scratch=(scratch,))
    sandbox = ConfinedSandbox(policy, os.environ)
    shell = Shell(
        *(sandbox, roots, ShellSettings(), dict(os.environ), scratch, scratch),
        lambda said, cwd: denials(said, policy, cwd),
    )
    bash, output, _ = shell_tools(shell)

    async def call(command: str, **more: object) -> Output:
        arguments = msgspec.json.encode({"command": command, **more}).decode()
        return await bash.run(bash.parse(arguments), lambda text: None)

    try:
        refused = await call("cat .env")
        shell.permit("cat .env", refused.denied)
        other = await call("cat  .env")
        if background:
            await call("cat .env", run_in_background=True)
            waited = output.parse('{"id": "bash_1", "wait_seconds": 20}')
            allowed = await output.run(waited, lambda text: None)
        else:
            allowed = await call("cat .env")
        again = await call("cat .env")
    finally:
        await shell.close()
        await sandbox.close()
    path = str(roots.workspace / ".env")
    assert refused.denied == (Denied("read", path, path),) == other.denied == again.denied
    assert f"The sandbox kept it from reading {path}." in _text(refused)
    assert "secret" in _text(allowed) and allowed.denied == ()


def _text(output: Output) -> str:
    (part,) = output.content
    assert isinstance(part, Text)
    return part.text

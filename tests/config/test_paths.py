"""Laws of kedge's own folders."""

import pathlib
import subprocess
import sys

import pytest

from kedge.config.errors import ConfigError
from kedge.config.paths import Home, home


def test_kedge_home_moves_every_folder(tmp_path: pathlib.Path) -> None:
    found = home({"KEDGE_HOME": str(tmp_path)})
    assert found == Home(
        tmp_path / "config", tmp_path / "state", tmp_path / "data", tmp_path / "cache"
    )


def test_a_relative_kedge_home_is_refused() -> None:
    with pytest.raises(ConfigError, match="KEDGE_HOME: 'here' is not absolute"):
        home({"KEDGE_HOME": "here"})


@pytest.mark.skipif(sys.platform == "win32", reason="XDG is not for Windows")
def test_without_it_the_folders_are_those_of_xdg(tmp_path: pathlib.Path) -> None:
    code = (
        "import os; from kedge.config.paths import home; h = home(os.environ);"
        "print(h.config_dir, h.state_dir, h.data_dir, h.cache_dir, sep='\\n')"
    )
    names = ("CONFIG", "STATE", "DATA", "CACHE")
    env = {f"XDG_{name}_HOME": str(tmp_path / name) for name in names}
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(tmp_path / name / "kedge") for name in names]

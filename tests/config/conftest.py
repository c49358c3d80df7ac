"""A machine to configure: a user's folder, a repository with a project file, a managed file."""

import pathlib
from collections.abc import Mapping, Sequence

import pytest

from kedge.config.layers import Flag, Loaded, load


class Machine:
    """Files to write and then `load()`; nothing of the real machine is read."""

    def __init__(self, root: pathlib.Path) -> None:
        self.user = root / "user" / "config.toml"
        self.repository = root / "repository"
        self.project = self.repository / ".kedge" / "config.toml"
        self.managed = root / "managed.toml"
        self.env: dict[str, str] = {}
        for file in (self.user, self.project):
            file.parent.mkdir(parents=True)
        (self.repository / ".git").mkdir()

    def load(
        self,
        *,
        cwd: pathlib.Path | None = None,
        profile: str = "",
        sets: Sequence[str] = (),
        flags: Mapping[str, Flag] | None = None,
        package_version: str = "1.0",
    ) -> Loaded:
        return load(
            env=self.env,
            cwd=cwd or self.repository,
            config_dir=self.user.parent,
            package_version=package_version,
            profile=profile,
            sets=sets,
            flags=flags,
            managed=self.managed,
        )


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)

"""What is kedge's own is its owner's alone, whatever the umask says."""

import os
import stat

import pytest

from kedge.config.private import private_folder


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_folder_and_those_made_on_the_way_to_it_are_private(tmp_path, umask):
    before = os.umask(umask)
    try:
        private_folder(tmp_path / "state" / "kedge" / "sessions")
    finally:
        os.umask(before)
    made = [tmp_path / "state", tmp_path / "state" / "kedge"]
    made.append(made[-1] / "sessions")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700] * 3


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    private_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755

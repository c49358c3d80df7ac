"""How it looks: every state is drawn as it was when somebody last looked at its picture."""

from pathlib import Path

import pytest
from tui.states import PICTURES, STATES, drawn


@pytest.mark.parametrize("state", STATES)
async def test_it_looks_as_in_its_picture(state: str, tmp_path: Path) -> None:
    picture = await drawn(state)
    (tmp_path / f"{state}.svg").write_text(picture)
    same = picture == (PICTURES / f"{state}.svg").read_text()
    assert same, f"see {tmp_path}; if it is meant: python tests/tui/states.py {state}"


def test_there_is_a_picture_of_every_state_and_no_other() -> None:
    assert {file.stem for file in PICTURES.iterdir()} == {*STATES}

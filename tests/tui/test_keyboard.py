"""The lines of the plain terminal."""

import os

import pytest

from kedge.cli.terminal import Out
from kedge.cli.tui.plain.keyboard import Keyboard


def test_a_keyboard_that_is_released_leaves_no_descriptor_open() -> None:
    read, write = os.pipe()
    os.close(write)
    before = set(os.listdir("/dev/fd"))
    keyboard = Keyboard(Out(1), read, None)
    alarm = keyboard.fileno()
    keyboard.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(alarm)
    assert set(os.listdir("/dev/fd")) == before
    os.close(read)

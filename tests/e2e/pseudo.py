"""A terminal of which every byte is seen that a program writes to it: a pseudo-terminal."""

import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping
from fcntl import ioctl
from pathlib import Path

from e2e.process import COMMAND, PATIENCE, wait_until

_ANSWERS = {
    b"\x1b[6n": b"\x1b[1;80R",
    b"\x1b]11;?\x1b\\": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    b"\x1b[c": b"\x1b[?62;22c",
}
"""What terminals say when they are asked."""


class Pseudo:
    """One program in an 80x24 terminal that says what xterm says."""

    def __init__(self, cwd: Path, env: Mapping[str, str], command: tuple[str, ...]) -> None:
        self._screen, self._inside = pty.openpty()
        inside = self._inside
        ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.written = b""
        """All that the program wrote."""
        self._answered = 0
        self._process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=inside, stdout=inside, stderr=inside,
            start_new_session=True,
        )  # fmt: skip

    def press(self, keys: bytes) -> None:
        """Send what the terminal sends for keys, or for what happens to its window."""
        os.write(self._screen, keys)

    def heard(self) -> None:
        """Wait until the program has read all that was sent."""
        none = bytes(4)
        wait_until(lambda: ioctl(self._inside, termios.FIONREAD, none) == none, "it reads")

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal; one that stops it has done so."""
        self._process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    @property
    def is_usual(self) -> bool:
        """Whether the terminal edits lines and shows what is typed, as it does for a shell."""
        both = termios.ICANON | termios.ECHO
        return termios.tcgetattr(self._inside)[3] & both == both

    def sees(self, wanted: bytes, since: int = 0) -> bytes:
        """Wait until something was written; all that was, from there on."""
        self.until(lambda: wanted in self.written[since:])
        return self.written[since:]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds of what was written."""
        wait_until(lambda: self._reads() and holds(), "it is written")

    def _reads(self) -> bool:
        while select.select([self._screen], [], [], 0.01)[0]:
            try:
                data = os.read(self._screen, 1 << 16)
            except OSError:
                break  # nobody has it open any more
            if not data:
                break
            self.written += data
            self._answer()
        return True

    def _answer(self) -> None:
        for question, answer in _ANSWERS.items():
            place = self.written.find(question, self._answered)
            if place >= 0:
                self._answered = place + len(question)
                self.press(answer)

    @property
    def is_over(self) -> bool:
        """Whether the program has ended."""
        return self._process.poll() is not None

    def ends(self) -> int:
        """Wait until the program is over; its exit code."""
        wait_until(lambda: self._reads() and self.is_over, "it ends")
        self._reads()
        return self._process.returncode

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._inside)
        os.close(self._screen)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            raise


def kedge_command(*arguments: str) -> tuple[str, ...]:
    """How kedge is started."""
    return (*COMMAND, *arguments)

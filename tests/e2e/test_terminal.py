"""kedge at a real terminal, through tmux."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.process import COMMAND, Kedge, marked, wait_until
from e2e.remotes import REMOTES
from e2e.screen import Screen, words
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Fault, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
REMOTE = REMOTES["anthropic"]
COLOURED = "\x1b[3"


@pytest.fixture
def screen(kedge: Kedge, tmp_path: Path) -> Iterator[Screen]:
    """A terminal in the directory of `kedge`."""
    screen = Screen(tmp_path, kedge)
    yield screen
    screen.close()


def test_the_demo_shows_the_whole_loop_in_colours(screen: Screen) -> None:
    screen.type(words("demo"))
    wait_until(lambda: "[ended 0]" in screen.text, "the demo ends well")
    text = screen.text
    for seen in (
        "replayed from a script", "read basket.py", "grep DISCOUNT", "FAILED (failures=1)",
        "+        if subtotal >= DISCOUNT_FROM:", "check passed", "done · 5 model calls", "$0.0",
    ):  # fmt: skip
        assert seen in text, seen
    assert text.index("FAILED") < text.index("subtotal >=") < text.index("check passed")
    assert text.count("Fixed. `Basket.total`") == 1
    assert COLOURED in screen.painted


def test_no_color_is_obeyed(screen: Screen) -> None:
    screen.type("export NO_COLOR=1; " + words("demo"))
    wait_until(lambda: "[ended 0]" in screen.text, "the demo ends well")
    assert COLOURED not in screen.painted


def test_ctrl_c_ends_the_demo_and_leaves_nothing(
    screen: Screen, kedge: Kedge, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    screen.type(f"export TMPDIR={scratch}; " + words("demo"))
    wait_until(lambda: "I'll read the code" in screen.text, "the model speaks")
    screen.press("C-c")
    wait_until(lambda: "[ended 130]" in screen.text, "the demo ends")
    assert "Traceback" not in screen.text
    assert "interrupted" in screen.text
    assert list(scratch.iterdir()) == []
    assert marked(kedge.home) == []
    assert kedge.log[-1]["kind"] == "result"


def test_ctrl_c_ends_a_command_that_is_running(
    screen: Screen, kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn(Call("bash", {"command": "touch begun; sleep 4011"}))])
    screen.type(words(*REMOTE.options(server.url, "--mode", "full"), "-p", "Go."))
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    screen.press("C-c")
    wait_until(lambda: "[ended 130]" in screen.text, "the run ends")
    assert marked(kedge.home) == []
    assert "Traceback" not in screen.text


def test_a_terminal_that_closes_ends_the_run(
    screen: Screen, kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn(Call("bash", {"command": "touch begun; sleep 4012"}))])
    screen.type(words(*REMOTE.options(server.url, "--mode", "full"), "-p", "Go."))
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    screen.close()
    wait_until(lambda: kedge.log[-1]["kind"] == "result", "the log is complete")
    wait_until(lambda: not marked(kedge.home), "nothing is left")
    assert kedge.log[-1]["exit_code"] == 143


def test_words_are_shown_once_where_stdout_and_stderr_are_one_terminal(
    screen: Screen, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn("Only once, please.")])
    screen.type(words(*REMOTE.options(server.url), "-p", "x"))
    wait_until(lambda: "[ended 0]" in screen.text, "the run ends")
    assert screen.text.count("Only once, please.") == 1


def test_an_answer_into_a_pipe_is_shown_and_passed_on(
    screen: Screen, kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn("Only once, please.")])
    line = shlex.join([*COMMAND, *REMOTE.options(server.url), "-p", "x"])
    screen.type(f"{line} > out.txt; echo '[ended]'")
    wait_until(lambda: "\n[ended]" in screen.text, "the run ends")
    assert (kedge.cwd / "out.txt").read_text() == "Only once, please.\n"
    assert "Only once, please." in screen.text and "done" in screen.text


def test_what_runs_is_shown_while_it_runs_and_only_its_end_stays(
    screen: Screen, kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    command = "for n in 1 2 3 4 5; do echo step $n; done; until test -e go; do sleep 0.05; done"
    server = threaded_loopback([turn("I run it.", Call("bash", {"command": command})), turn("Ok.")])
    screen.type("clear; " + words(*REMOTE.options(server.url, "--mode", "full"), "-p", "Go."))
    wait_until(lambda: "step 5" in screen.text, "the output is shown")
    assert "▸ bash for n in" in screen.text
    assert "step 3" in screen.text and "step 2" not in screen.text
    (kedge.cwd / "go").touch()
    wait_until(lambda: "[ended 0]" in screen.text, "the run ends")
    assert "▸" not in screen.text and "thinking…" not in screen.text
    assert "✓ bash for n in" in screen.text
    assert [screen.text.count(f"  step {n}\n") for n in range(1, 6)] == [1] * 5


def test_the_model_is_seen_thinking(screen: Screen, threaded_loopback: ThreadedLoopback) -> None:
    slow = turn("Here I am.", fault=Fault("stall_before_headers", times=1))
    server = threaded_loopback([slow], allow_unused=True)
    screen.type(words(*REMOTE.options(server.url), "-p", "x"))
    wait_until(lambda: "thinking…" in screen.text, "the model thinks")
    screen.press("C-c")
    wait_until(lambda: "[ended 130]" in screen.text, "the run ends")
    assert "thinking…" not in screen.text


def test_several_calls_at_once_leave_a_clean_transcript(
    screen: Screen, kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    names = [f"{'deep/' * 5}{number}-{'ü世' * 30}.txt" for number in range(12)]
    calls = [Call("glob", {"pattern": name}) for name in names]
    server = threaded_loopback([turn(*calls), turn("Ok.")])
    screen.type("clear; " + words(*REMOTE.options(server.url), "-p", "Go."))
    wait_until(lambda: "[ended 0]" in screen.text, "the run ends")
    shown = [line for line in screen.text.splitlines() if line.strip()]
    assert [line[:8] for line in shown if line.startswith("✓ glob")] == ["✓ glob d"] * 12
    assert not [line for line in shown if line.startswith(("▸", "…"))]

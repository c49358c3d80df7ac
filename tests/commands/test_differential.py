"""The shell itself as the judge: what is called harmless, it must read as we do.

Lines put together from the shell's most confusing tokens are analysed; those that pass as harmless
are run by a real bash in an empty folder, where every program on PATH only writes down its words.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.commands.analysis import analyse
from kedge.agent.commands.parts import Place

_PROGRAMS = ("cat", "ls", "head", "wc")
_TOKENS = [
    "cat", "ls", "head", "wc", " ", " ", " ", "'", '"', "\\", "\\\n", "\n", ";", "|", "&&", "||",
    "&",
    "a", "b", "a b", "'a b'", '"a b"', "$'a\\x41'", "$HOME", '"$HOME"', "~", "~/x", "{a,b}",
    "a{1..3}",
    "*", "\\*", "'*'", "#", " # a", "2>&1", ">/dev/null", "<<<a", "$(cat a)", "`cat a`", "-n", "--",
    "=", "a=b", "!", "(", ")", "{", "}", "{ ", "; }", "x=a", "$x", '"$x"', "\t", "2>", "&>", ">&2",
]  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs that append their words to `$LOG`, NUL after each."""
    folder = tmp_path_factory.mktemp("recorder").resolve()
    for name in _PROGRAMS:
        script = folder / name
        script.write_text(
            '#!/bin/bash\n{ printf "%s\\0" "${0##*/}" "$@"; printf "\\0\\0"; } >> "$LOG"\n'
        )
        script.chmod(0o755)
    return folder


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tokens=st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=9))
def test_what_is_called_harmless_is_read_by_bash_in_the_same_way(
    recorder: Path, tmp_path_factory: pytest.TempPathFactory, tokens: list[str]
) -> None:
    command = "".join(tokens)
    cwd = recorder.parent / "empty"
    cwd.mkdir(exist_ok=True)
    # On PATH for bash alone: the analysis takes the names for the system's.
    found = analyse(command, Place(str(cwd), (str(cwd), "/"), "/home/nobody"))
    if not found.harmless(("/",)):
        return
    log = recorder.parent / "log"
    log.write_bytes(b"")
    env = {"PATH": str(recorder), "LOG": str(log), "HOME": "/home/nobody"}
    subprocess.run(
        ["/bin/bash", "-c", command], cwd=cwd, env=env, timeout=20, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    ran = {tuple(call.split("\0")) for call in log.read_bytes().decode().split("\0\0\0") if call}
    known = {part.words for part in found.parts}
    unexpected = {call for call in ran if call not in known and not _expanded(call, known)}
    assert not unexpected, (command, known)
    assert list(cwd.iterdir()) == []


def _expanded(call: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    """Whether a part has these words but for what depends on the place."""

    def same(ours: str, theirs: str) -> bool:
        return ours.replace("$HOME", "/home/nobody") == theirs or ours[:1] in "~$`"

    return any(len(words) == len(call) and all(map(same, words, call)) for words in known)

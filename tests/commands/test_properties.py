"""What holds for all command lines."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kedge.agent.commands.parts import Analysis

Look = Callable[[str], Analysis]
Harmless = Callable[[str], bool]

_LINES = (Path(__file__).parents[2] / "bench/corpus/harmless.jsonl").read_text("utf-8").splitlines()
_ENDS_ITSELF = [
    command
    for command in (json.loads(line)["command"] for line in _LINES)
    # A here-document needs its own last line; a `cd` or an assignment decides what comes after.
    if not any(text in command for text in ("<<", "cd ", "#", "xargs"))
    and not command.startswith(("find . -name \"*.txt\" -exec", "bat --style", "f=", "DIR="))
]  # fmt: skip
commands = st.sampled_from(_ENDS_ITSELF)
joiners = st.sampled_from([" | ", " && ", " || ", "; ", "\n", " |\n", " &&\n", ";\n\n"])
names = st.sampled_from(["rm", "touch", "git", "curl", "sudo", "x-unknown"])
words = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=12)
shapes = st.sampled_from([
    "{}", "ls; {}", "ls && {}", "ls | {}", "ls\n{}", "({})", "{{ {}; }}", "echo $({})", "! {}",
    "if {}; then ls; fi", "for i in a; do {}; done", "f() {{ {}; }}", "{} &", "cat <({})",
    "timeout 5 {}", "nice {}", "env {}", "nohup {}", "time {}", "command {}", "sudo {}",
    "while {}; do ls; done", "case a in a) {};; esac", "{} > /dev/null", "FOO=1 {}", "xargs {}",
    "[ -f a ] && {}", 'echo "$({})"', "cat <<EOF\n$({})\nEOF", "find . -exec {} \\;", "eval {}",
])  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(first=commands, joiner=joiners, second=commands)
def test_two_harmless_commands_are_harmless_however_joined(
    harmless: Harmless, first: str, joiner: str, second: str
) -> None:
    assume(harmless(first) and harmless(second))
    assert harmless(first + joiner + second)


@settings(deadline=None, max_examples=300)
@given(name=names, operands=st.lists(words, max_size=3), shape=shapes)
def test_a_command_is_found_wherever_it_stands(
    look: Look, name: str, operands: list[str], shape: str
) -> None:
    command = shlex.join([name, *operands])
    found = look(shape.format(command))
    forms = {form for part in found.parts for form in part.forms}
    if "eval" in shape or "exec" in shape or any("{}" in word for word in operands):
        # What is evaluated twice means something else; `find` puts names for its braces.
        return
    assert command in forms


@settings(deadline=None, max_examples=300)
@given(text=st.text(max_size=80))
def test_no_text_at_all_raises(look: Look, text: str) -> None:
    look(text)


_TOKENS = ["ls", "rm", " ", " ", "'", '"', "`", "$(", ")", "(", "{", "}", ";", "&&", "|", "\n",
           "\\", "<<EOF\n", "EOF\n", ">", "<", "$x", "${", "[[", "]]", "if", "then", "fi", "for",
           "do", "done", "case", "esac", "*", "~", "#", "=", "!", "$'", "((", "))"]  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(tokens=st.lists(st.sampled_from(_TOKENS), max_size=30))
def test_no_scraps_of_shell_raise(look: Look, tokens: list[str]) -> None:
    look("".join(tokens))

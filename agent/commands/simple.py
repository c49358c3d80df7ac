"""Judges one simple command: its name, then its words by what is known of the program."""

import os
from collections.abc import Callable, Mapping, Sequence

from ..effects import within
from . import directories, find, git, scripts, shells, wrappers
from .files import find_program, trusted
from .grammar import RESERVED
from .line import Feed, Judgement, Line, Setting
from .options import read
from .runner import Runner
from .tables import Program, programs
from .testing import words_problem
from .touching import choose, judge_by_table, reach
from .words import Word

_Judge = Callable[[Line, Program | None, Sequence[Word], Judgement], None]
_JUDGES: Mapping[str, _Judge] = {
    "sed": scripts.judge_sed,
    "gsed": scripts.judge_sed,
    "awk": scripts.judge_awk,
    "gawk": scripts.judge_awk,
    "mawk": scripts.judge_awk,
    "jq": scripts.judge_jq,
    "yq": scripts.judge_jq,
    "git": git.judge_git,
    "cd": directories.judge_cd,
    "pushd": directories.judge_cd,
    "read": directories.judge_read,
    "set": directories.judge_set,
}


def simple_command(
    runner: Runner, words: Sequence[Word], setting: Setting, prefix: Judgement, exact: bool
) -> None:
    """Judge a command and add it, and what it wraps, to the line.

    Args:
        runner: goes through what is run as a command line of its own.
        words: all of its words.
        setting: what it is wrapped in.
        prefix: what its assignments and its spelling already say.
        exact: whether an allow rule may cover it.
    """
    line, name = runner.line, words[0]
    if not name.literal or name.pattern or name.certainty != "plain":
        judgement = Judgement(f"the command's name, {name.text!r}, is only known when it runs")
        judgement.at_least("opaque", judgement.why)
        line.add(words, setting, judgement, exact=False)
        return
    if name.value in RESERVED:
        _misread(runner, words, setting)
        return
    judgement = Judgement()
    judgement.at_least(prefix.risk, prefix.why)
    base = os.path.basename(name.value)
    program = programs().get(base)
    if setting.host:
        judgement.at_least("unknown", "it runs on another machine")
    _check_name(line, name.value, program, judgement)
    if wrappers.looks_through(runner, base, words, setting, judgement, exact):
        return
    if not line.full:
        _judge(runner, base, program, words, setting, judgement)
    line.add(words, setting, judgement, exact and judgement.risk != "opaque")


def _misread(runner: Runner, words: Sequence[Word], setting: Setting) -> None:
    """Judge what begins with a word of the shell's own: the shell sees something else there than
    the grammar does. What follows may be a command, with assignments before it."""
    why = f"it is not clear how the shell reads {words[0].text!r} there"
    runner.line.add(words, setting, Judgement(why, "opaque"), exact=False, rests=True)
    rest = list(words[1:])
    while rest and (rest[0].value in RESERVED or "=" in rest[0].text):
        rest.pop(0)
    if rest:
        runner.simple(rest, setting, exact=False)


def _check_name(line: Line, name: str, program: Program | None, judgement: Judgement) -> None:
    if name in line.state.names:
        judgement.at_least("opaque", line.state.names[name])
        return
    if "/" in name:
        for cwd in line.state.cwds or ("/",):
            path = os.path.join(cwd, name)
            listed = os.path.dirname(path) in line.place.path
            if not (listed and trusted(os.path.dirname(path), line.place)):
                judgement.at_least("unknown", f"kedge does not know the program at {name}")
        return
    if program is not None and not program.entry.builtin:
        found = find_program(name, line.place, line.state.cwds)
        if found.problem:
            judgement.at_least("unknown", found.problem)


def _judge(
    runner: Runner, base: str, program: Program | None, words: Sequence[Word],
    setting: Setting, judgement: Judgement,
) -> None:  # fmt: skip
    line, rest = runner.line, words[1:]
    if shells.judge_shell(runner, base, words, setting, judgement):
        return
    if base.startswith("python") and [word.value for word in rest[:2]] == ["-m", "pip"]:
        chosen, rest, _ = choose(programs()["pip"], rest[2:])
        judgement.at_least("unknown", f"{base} runs a module")
        reach(chosen, rest, judgement)
        return
    if base == "find":
        find.judge_find(runner, program, words, setting, judgement)
    elif base == "test":
        if problem := words_problem(rest):
            judgement.at_least("unknown", problem)
        else:
            judgement.why = judgement.why or "test only compares"
    elif judge := _JUDGES.get(base):
        judge(line, program, rest, judgement)
    elif program is None:
        judgement.at_least("unknown", f"kedge does not know the program {base}")
    else:
        judge_by_table(line, program, rest, judgement)
    if setting.operands is not None:
        _appended(line, program, rest, setting.operands, judgement)


def _appended(
    line: Line, program: Program | None, words: Sequence[Word], feed: Feed, judgement: Judgement
) -> None:
    """What `xargs` and `find -exec` append is known where it names files of the workspace."""
    if program is None or judgement.risk != "safe":
        return
    problem = wrappers.operands_problem(line, program, feed)
    if problem:
        judgement.at_least("unknown", problem)
    kinds = {*program.operands.first, program.operands.many, *program.operands.last}
    reading = read(program, words)
    given = len(reading.operands) + sum(use.role == "pattern" for use in reading.uses if use.option)
    if (
        program.name == "find"
        or given < len(program.operands.first)
        or (program.subcommands and not reading.operands)
    ):
        why = f"which words {program.name} is handed in which place is only known when it runs"
        judgement.at_least("unknown", why)
    recursive = not program.recursive.isdisjoint(reading.options)
    deletes = not kinds.isdisjoint(("delete", "move"))
    if deletes and (problem or recursive):
        why = f"which files {program.name} deletes is only known when it runs"
        judgement.at_least("dangerous", why)
        return
    for directory in feed.names:
        if "write" in kinds:
            judgement.touch("write", directory, (0, 0))
        if deletes:
            # Some of what is in the workspace goes then, not the workspace.
            holds = any(within(root, (directory,)) for root in line.place.roots)
            judgement.touch("delete", directory, (0, 0), recursive=not holds)

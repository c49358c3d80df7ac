"""`git`: its subcommands by their tables, and what the repository's configuration adds to them."""

import os
import re
from collections.abc import Sequence

from ..effects import within
from .gitconfig import Repository, repository, runs
from .hosts import host_of
from .line import Judgement, Line
from .options import read
from .tables import Program
from .touching import judge_reading
from .words import Word

_HEEDED = re.compile(
    r"GIT_(DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES"
    r"|NAMESPACE|CONFIG|CONFIG_(COUNT|PARAMETERS|KEY_\d+|VALUE_\d+)|EXEC_PATH|EXTERNAL_DIFF"
    r"|TEMPLATE_DIR|TRACE\w*|REDIRECT_\w+|REPLACE_REF_BASE|ATTR_SOURCE|DIFF_OPTS)"
)
"""Variables of the environment that change what harmless subcommands do."""
_REMOTE = frozenset({"push", "fetch", "pull", "ls-remote", "remote update", "remote prune"})
_HARMLESS_GLOBALS = frozenset(
    {"--no-pager", "--no-optional-locks", "--literal-pathspecs", "-P", "--no-replace-objects"}
)
_LISTINGS = frozenset({"--list", "-l", "--get", "--get-all", "--get-regexp", "--get-urlmatch"})
_PROGRAMS = frozenset({"core.editor", "sequence.editor", "core.fsmonitor"})
_VERSIONS = frozenset(
    {"--version", "-v", "--exec-path", "--html-path", "--man-path", "--info-path"}
)


def judge_git(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """Judge the words after `git`."""
    if program is None:
        return
    directories, rest = _globals(line, words, judgement)
    if not rest:
        judgement.why = judgement.why or "git without a subcommand only tells about itself"
        return
    chosen, rest, unknown = _subcommand(program, rest)
    if unknown:
        judgement.at_least("unknown", unknown)
    before, line.state.cwds = line.state.cwds, directories
    try:
        _in_place(line, chosen, rest, judgement, known=not unknown)
    finally:
        line.state.cwds = before


def _globals(
    line: Line, words: Sequence[Word], judgement: Judgement
) -> tuple[tuple[str, ...], Sequence[Word]]:
    """The directories in which git works, and the words from the subcommand on."""
    directories, index = line.state.cwds, 0
    while index < len(words):
        text = words[index].value
        if not words[index].literal or not text.startswith("-"):
            break
        index += 1
        if text == "-C" and index < len(words):
            directories = _elsewhere(line, directories, words[index], judgement)
            index += 1
        elif text == "-c" or text.startswith("--config-env"):
            value = (
                words[index].value
                if index < len(words) and text in ("-c", "--config-env")
                else text
            )
            key, _, setting = value.partition("=")
            if runs(key.lower(), setting) or "alias." in key.lower():
                judgement.at_least("dangerous", f"{key} makes git run a program")
            judgement.at_least("unknown", f"git {text} changes what git does")
            index += text in ("-c", "--config-env")
        elif text not in _HARMLESS_GLOBALS and text not in _VERSIONS:
            judgement.at_least("unknown", f"kedge does not know the option {text} of git")
            index += text in ("--git-dir", "--work-tree", "--namespace", "--exec-path")
    return directories, words[index:]


def _elsewhere(
    line: Line, directories: tuple[str, ...], word: Word, judgement: Judgement
) -> tuple[str, ...]:
    if not word.literal or word.pattern:
        judgement.at_least("unknown", "in which directory git works is only known when it runs")
        return ()
    there = tuple(os.path.realpath(os.path.join(cwd, word.value)) for cwd in directories)
    for path in there:
        if not within(path, line.place.roots):
            judgement.at_least("unknown", f"{path} is outside the workspace")
    return there


def _subcommand(program: Program, words: Sequence[Word]) -> tuple[Program, Sequence[Word], str]:
    while program.subcommands and words:
        text = words[0].value
        if not words[0].literal or text not in program.subcommands:
            if program.name != "git" and (text.startswith("-") or "" in program.subcommands):
                break
            return program, words, f"kedge does not know what {program.name} {words[0].text} does"
        program, words = program.subcommands[text], words[1:]
    return program.subcommands.get("", program), words, ""


def _in_place(
    line: Line, program: Program, words: Sequence[Word], judgement: Judgement, known: bool
) -> None:
    reading = read(program, words)
    if known:
        judge_reading(line, program, reading, judgement)
    if any("%G" in word.value for word in words):
        judgement.at_least("unknown", "%G in a format makes git run gpg")
    for name in line.place.env:
        if _HEEDED.fullmatch(name):
            judgement.at_least(
                "unknown", f"the environment sets {name}, which changes what git does"
            )
    if not line.state.cwds:
        judgement.at_least("unknown", "in which repository git works is only known when it runs")
    if program.name == "git config" and reading.options.isdisjoint(_LISTINGS) and words:
        _config(words, judgement)
    for cwd in line.state.cwds:
        found = repository(cwd)
        _repository(line, program, found, judgement)
        _reach(program, reading.operands, found, judgement)


def _repository(line: Line, program: Program, found: Repository, judgement: Judgement) -> None:
    if found.problem:
        judgement.at_least("unknown", f"the repository may make git run something: {found.problem}")
    if found.top and not within(found.top, line.place.roots):
        judgement.at_least("unknown", f"the repository is {found.top}, outside the workspace")
    if found.top and found.top != repository(line.place.cwd).top:
        judgement.at_least("unknown", f"{found.top} is another repository than the one worked in")
    if "post-index-change" in found.hooks or "fsmonitor-watchman" in found.hooks:
        judgement.at_least("unknown", f"{found.git_dir} has hooks that git may run")
    if found.linked and program.name in ("git status", "git diff"):
        judgement.at_least(
            "unknown", "the repository has submodules, whose settings may make git run programs"
        )


def _config(words: Sequence[Word], judgement: Judgement) -> None:
    for word, value in zip(words, [*words[1:], None], strict=False):
        key = word.value.lower()
        set_to = value.value if value else ""
        program = key in _PROGRAMS or key.startswith("alias.") or runs(key, set_to)
        if "." in key and program:
            judgement.at_least("dangerous", f"{key} makes git run a program from then on")


def _reach(
    program: Program, operands: Sequence[Word], found: Repository, judgement: Judgement
) -> None:
    """The hosts that a subcommand talks to."""
    name = program.name.removeprefix("git ")
    if name not in _REMOTE and name not in ("clone", "submodule"):
        return
    remotes = dict(found.remotes)
    named = operands[0].value if operands else "origin"
    url = remotes.get(named, named if operands else remotes.get("origin", ""))
    host = host_of(url, 22)
    if host and not url.startswith(("/", ".")):
        judgement.touch("reach", host, (0, 0))

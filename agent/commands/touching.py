"""Judges a command by its table, and says what it touches."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Literal

from ..effects import Risk
from .files import expand, is_device, resolve_last, survey
from .hosts import host_of, hosts_of, remote_host
from .line import Judgement, Line
from .options import Reading, Use, read
from .tables import Program
from .words import Word

_SECURE_SHELL = frozenset({"ssh", "scp", "sftp", "mosh"})
_DOES = {"safe": "only reads", "unknown": "changes things", "dangerous": "does harm that stays"}


def judge_by_table(
    line: Line, program: Program, words: Sequence[Word], judgement: Judgement
) -> None:
    """Judge the words after a program's name."""
    chosen, rest, problem = choose(program, words)
    if problem:
        judgement.at_least(chosen.entry.risk, _reason(chosen))
        judgement.at_least("unknown", problem)
        return
    judge_reading(line, chosen, read(chosen, rest), judgement)
    reach(chosen, rest, judgement)


def reach(program: Program, words: Sequence[Word], judgement: Judgement) -> None:
    """Note the hosts that a program reaches by itself."""
    if program.entry.network:
        for host in dict.fromkeys(hosts_of(program.entry, words)):
            judgement.touch("reach", host, (0, 0))


def choose(program: Program, words: Sequence[Word]) -> tuple[Program, Sequence[Word], str]:
    """The table of the subcommand, the words after it, and what speaks against either."""
    while program.subcommands:
        index = 0
        while index < len(words) and words[index].literal:
            text = words[index].value
            if not text.startswith("-") or text not in program.options:
                break
            index += 2 if program.options[text].role else 1
        if index >= len(words):
            return program, words, ""
        text = words[index].value
        if not words[index].literal or text not in program.subcommands:
            if text.startswith("-"):
                return program, words, f"kedge does not know the option {text} of {program.name}"
            what = f"kedge does not know what {program.name} {words[index].text} does"
            return program, words, what
        program, words = program.subcommands[text], words[index + 1 :]
    return program, words, ""


def judge_reading(line: Line, program: Program, reading: Reading, judgement: Judgement) -> None:
    """Judge what a program was told, and note what it touches."""
    judgement.at_least(program.entry.risk, _reason(program))
    for name, harm in program.entry.danger.items():
        option, _, value = name.partition("=")
        if option in reading.options and _has_value(reading, option, value):
            judgement.at_least("dangerous", f"{program.name} {name} {harm}")
    for problem in _problems(line, program, reading):
        judgement.at_least("unknown", problem)
    for use in reading.uses:
        touch(line, program, use, judgement, _recursive(program, reading))
    _touch_default(line, program, reading, judgement)
    judgement.why = judgement.why or _reason(program)


def _problems(line: Line, program: Program, reading: Reading) -> Iterator[str]:
    """What the table does not know of what was said to a program."""
    entry = program.entry
    if reading.problem and not entry.prints:
        yield reading.problem
    needed = entry.operands_need.split()
    if needed and reading.operands and reading.options.isdisjoint(needed):
        yield f"{program.name} {entry.without}"
    if entry.needs_option and not reading.options:
        yield f"kedge does not know what {program.name} runs"
    for word in reading.operands if entry.operands_match else ():
        if not word.literal or not re.fullmatch(entry.operands_match, word.value):
            yield f"kedge does not know what {program.name} {word.text} does"
    for name in entry.heeds:
        for file in _above(line, name):
            yield f"{program.name} may run what {file} names"
    for name in entry.env:
        if name in line.place.env:
            yield f"the environment sets {name}, which changes what {program.name} does"


def _recursive(program: Program, reading: Reading) -> bool:
    return "*" in program.recursive or not program.recursive.isdisjoint(reading.options)


def _reason(program: Program) -> str:
    why = program.entry.why or _DOES.get(program.entry.risk, "")
    return f"{program.name} {why}"


def _has_value(reading: Reading, option: str, value: str) -> bool:
    return not value or any(word.value == value for word in reading.values(option))


def _touch_default(line: Line, program: Program, reading: Reading, judgement: Judgement) -> None:
    """What is read where no operand says what, and where links are followed."""
    last = program.operands.many or (program.operands.first or ("",))[-1]
    used = any(use.role == last and not use.option for use in reading.uses)
    if program.entry.default and not used:
        if not line.state.cwds:
            judgement.at_least("unknown", "in which directory it runs is only known then")
        for cwd in line.state.cwds:
            judgement.touch("read", line.resolve(program.entry.default, cwd), (0, 0))
    if not program.follows.isdisjoint(reading.options):
        for effect in [found for found in judgement.effects if found.kind == "read"]:
            _stays_inside(line, effect.target, judgement)


def _above(line: Line, name: str) -> Iterator[str]:
    """The files of a name in the directory, and in those above it."""
    for cwd in line.state.cwds:
        for directory in (cwd, *map(str, PurePosixPath(cwd).parents)):
            path = os.path.join(directory, name)
            if os.path.lexists(path):
                yield path


def _stays_inside(line: Line, directory: str, judgement: Judgement) -> None:
    """Raise the risk where following the links below a directory leads out of the roots."""
    tree = survey(directory, line.place.roots)
    if tree.leading_out:
        judgement.at_least("unknown", f"the link {tree.leading_out} leads out of the workspace")
    elif not tree.complete:
        judgement.at_least("unknown", "too many files to say where the links among them lead")


def touch(line: Line, program: Program, use: Use, judgement: Judgement, recursive: bool) -> None:
    """Note what one word means for the file system or the network."""
    word = use.word
    if program.entry.remotes and not use.option and (host := remote_host(word.value)):
        judgement.at_least("dangerous", f"{program.name} copies files to or from {host}")
        judgement.touch("reach", host, word.span)
        return
    match use.role:
        case "read" | "write" | "delete" | "move" | "target":
            for path in paths(line, program, word, judgement, use):
                _touch_path(line, use, path, word, judgement, recursive)
        case "rev" if word.literal and not word.pattern:
            _touch_if_path(line, word, judgement)
        case "host":
            for host in _hosts(word, program, judgement):
                judgement.touch("reach", host, word.span)
        case _:
            _touch_text(line, program, use, judgement)


def _touch_text(line: Line, program: Program, use: Use, judgement: Judgement) -> None:
    word = use.word
    unknown = word.loose and not word.literal and not program.entry.prints
    if unknown or word.certainty in ("hidden", "odd"):
        judgement.at_least("unknown", _unknown(word))
    elif word.pattern:
        # Names of files: they may look like options, and tell what is elsewhere.
        for path in paths(line, program, word, judgement, use):
            for target in line.targets(os.path.dirname(path) or "."):
                judgement.touch("read", target, word.span)


def _touch_if_path(line: Line, word: Word, judgement: Judgement) -> None:
    for cwd in line.state.cwds:
        path = os.path.join(cwd, word.value)
        if os.path.lexists(path) or word.value.startswith(("/", "../")) or word.value == "..":
            judgement.touch("read", line.resolve(path, cwd), word.span)


def _unknown(word: Word) -> str:
    if word.certainty == "hidden":
        return f"{word.text} comes from the environment and may hold a secret"
    return f"what {word.text!r} becomes is only known when it runs"


def paths(line: Line, program: Program, word: Word, judgement: Judgement, use: Use) -> list[str]:
    """The paths that a word names, relative ones to where the command may run."""
    if word.value == "-" and use.role == "read" and word.literal:
        return []
    if not word.literal:
        _unknown_path(word, judgement, use)
        return [word.value] if use.role in ("delete", "move") and word.value[:1] == "/" else []
    if not word.pattern:
        return [word.value]
    found: list[str] = []
    for cwd in line.state.cwds or ("/",) if word.value[:1] == "/" else line.state.cwds:
        matches = expand(word.pattern, cwd)
        if matches.option and not program.entry.prints:
            judgement.at_least(
                "unknown", f"the file {matches.option!r} would be taken for an option"
            )
        if not matches.complete:
            judgement.at_least("unknown", f"{word.text} stands for too many files to look at")
        found += matches.paths
    if use.role in ("delete", "move"):
        # An empty match deletes nothing today; what is meant counts.
        found.append(word.value)
    return found


def _unknown_path(word: Word, judgement: Judgement, use: Use) -> None:
    if use.role in ("delete", "move"):
        judgement.at_least("dangerous", f"what {word.text!r} deletes is only known when it runs")
    else:
        judgement.at_least("unknown", _unknown(word))


def _touch_path(
    line: Line, use: Use, path: str, word: Word, judgement: Judgement, recursive: bool
) -> None:
    cwds = ("/",) if path.startswith("/") else line.state.cwds
    if not cwds:
        risk: Risk = "dangerous" if use.role in ("delete", "move") else "unknown"
        judgement.at_least(risk, f"where {word.text!r} lies is only known when it runs")
    for cwd in cwds:
        if use.role in ("delete", "move"):
            target = _deleted(line, path, cwd)
            judgement.touch("delete", target, word.span, recursive or use.role == "move")
        else:
            target = line.resolve(path, cwd)
            kind: Literal["read", "write"] = "read" if use.role == "read" else "write"
            judgement.touch(kind, target, word.span)
            if kind == "write" and target.startswith("/dev/") and not is_device(target):
                judgement.at_least("dangerous", f"it writes to the device {target}")


def _deleted(line: Line, path: str, cwd: str) -> str:
    """What a deletion is aimed at: of a pattern for everything in a directory, the directory."""
    head, tail = os.path.split(path)
    if tail not in (".", "..") and tail and not tail.strip("*.?"):
        return line.resolve(head or ".", cwd)
    return resolve_last(path, cwd)


def _hosts(word: Word, program: Program, judgement: Judgement) -> list[str]:
    if not word.literal:
        judgement.at_least("unknown", f"what {word.text!r} reaches is only known when it runs")
        return []
    host = host_of(word.value, 22 if program.name in _SECURE_SHELL else 443)
    return [host] if host else []

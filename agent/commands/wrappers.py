"""Programs that run another command: looks through them, so that the command itself is judged."""

import re
from collections.abc import Sequence

import msgspec

from .assignments import dangerous_name, harmless_value
from .files import survey
from .line import Feed, Judgement, Line, Setting
from .options import Reading, read
from .runner import Runner
from .tables import Program, programs
from .touching import reach, touch
from .words import Word, joined, plain

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def looks_through(
    runner: Runner, base: str, words: Sequence[Word], setting: Setting, judgement: Judgement,
    exact: bool,
) -> bool:  # fmt: skip
    """Judge what a wrapper wraps; False if it is none, or wraps nothing here."""
    program = programs().get(base)
    if program is None or not program.entry.wraps:
        return False
    judgement.at_least(program.entry.risk, f"{base} {program.entry.why}")
    if program.entry.wraps == "perhaps":
        reach(program, words[1:], judgement)
        _perhaps(runner.line, words, setting, judgement)
        return True
    reading = read(program, words[1:])
    if base in ("command", "type") and reading.options & {"-v", "-V"}:
        judgement.why = judgement.why or "it only looks a name up"
        runner.line.add(words, setting, judgement, exact)
        return True
    if reading.problem:
        judgement.at_least("opaque", reading.problem)
        _perhaps(runner.line, words, setting, judgement)
        return True
    for use in reading.uses:
        if use.role in ("host", "read", "write"):
            touch(runner.line, program, use, judgement, False)
    inner = list(reading.operands[len(program.operands.first) :])
    outer = list(words[: len(words) - len(inner)])
    return _wrapped(runner, program, reading, outer, inner, setting, judgement, exact)


def _wrapped(
    runner: Runner, program: Program, reading: Reading, outer: list[Word], inner: list[Word],
    setting: Setting, judgement: Judgement, exact: bool,
) -> bool:  # fmt: skip
    clear = program.entry.clear and exact
    if program.name in ("env", "sudo", "doas"):
        clear = not _assigned(outer, inner, judgement) and clear
    if program.name == "env" and (split := reading.values("-S", "--split-string")):
        _split(runner, split[0], outer, inner, setting, judgement)
        return True
    if not inner and program.name != "xargs":
        return _nothing_wrapped(runner, program, reading, outer, setting, judgement)
    if judgement.risk != "safe":
        runner.line.add([*outer, *inner], setting, judgement, exact=False)
    inside = setting.under(program.name, outer, clear)
    if program.name == "xargs":
        inner, inside = _fed(inner, reading, inside)
    if program.name == "ssh":
        inside = msgspec.structs.replace(inside, host=True)
    before = runner.line.state.copy()
    if program.name == "env":
        _go(runner.line, reading.values("-C", "--chdir"))
    if program.entry.wraps == "line":
        _run_line(runner, inner, inside)
    else:
        runner.simple(inner, inside, exact)
    if not program.entry.builtin:
        runner.line.state = before
    return True


def _assigned(outer: list[Word], inner: list[Word], judgement: Judgement) -> int:
    """Take the assignments before the command away from it; how many there are."""
    count = 0
    while inner and "=" in inner[0].text:
        found = _ASSIGNMENT.fullmatch(inner[0].value)
        name, value = (found[1], found[2]) if found else ("", "")
        if dangerous_name(name) and not harmless_value(name, value):
            judgement.at_least("dangerous", f"{name} decides what later commands run or load")
        elif not (inner[0].literal and harmless_value(name, value)):
            judgement.at_least("unknown", f"kedge does not know what setting {name} changes")
        outer.append(inner.pop(0))
        count += 1
    return count


def _go(line: Line, directories: Sequence[Word]) -> None:
    """Go to where the command is run, if it is said."""
    for word in directories:
        known = word.literal and not word.pattern
        line.state.cwds = line.targets(word.value) if known else ()


def _split(
    runner: Runner, text: Word, outer: list[Word], inner: list[Word], setting: Setting,
    judgement: Judgement,
) -> None:  # fmt: skip
    """`env -S TEXT`: words of a command, split by rules of its own."""
    if not text.literal or re.search(r"[$\\;|&<>()`'\"#]", text.value):
        judgement.at_least("opaque", "kedge does not know how env splits that")
    if judgement.risk != "safe":
        runner.line.add(outer, setting, judgement, exact=False)
    inside = setting.under("env", outer, False)
    runner.text(f"{text.value} {joined(inner)}", text.span, inside)


def _nothing_wrapped(
    runner: Runner, program: Program, reading: Reading, words: Sequence[Word],
    setting: Setting, judgement: Judgement,
) -> bool:  # fmt: skip
    if program.name == "env":
        judgement.at_least("unknown", "it shows the environment, which may hold secrets")
    elif not reading.options & {"--version", "--help"}:
        judgement.at_least(
            "unknown", f"kedge does not know what {program.name} does without a command"
        )
    runner.line.add(words, setting, judgement)
    return True


def _run_line(runner: Runner, words: Sequence[Word], setting: Setting) -> None:
    """Run words as a command line, as far as they are known."""
    span = (words[0].span[0], words[-1].span[1])
    if all(word.literal for word in words):
        runner.text(" ".join(word.value for word in words), span, setting)
        return
    judgement = Judgement("what it runs is only known when it runs")
    judgement.at_least("opaque", judgement.why)
    runner.line.add(words, setting, judgement, exact=False)


def _fed(inner: list[Word], reading: Reading, setting: Setting) -> tuple[list[Word], Setting]:
    """`xargs`: what it takes from the pipe becomes words of the command."""
    feed = setting.feed or Feed()
    feed = msgspec.structs.replace(feed, text=None)
    zero = not reading.options.isdisjoint({"-0", "--null"})
    delimiters = [word.value for word in reading.values("-d", "--delimiter")]
    elsewhere = reading.values("-a", "--arg-file")
    if zero != feed.separated or elsewhere or any(value != "\\n" for value in delimiters):
        feed = Feed()
    marks = [word.value for word in reading.values("-I", "--replace", "-J")]
    if "-i" in reading.options:
        marks.append("{}")
    inner = [word for word in inner if word.value not in marks] or [plain("echo")]
    if any(mark and mark in word.value for mark in marks for word in inner):
        feed = Feed()
    setting = msgspec.structs.replace(setting, feed=None, operands=feed, exact=False)
    return inner, setting


def operands_problem(line: Line, program: Program, feed: Feed) -> str:
    """Why it is not known what a program does with words that are appended to its own."""
    if program.entry.prints:
        return ""
    if not feed.names:
        return "the words it is handed are only known when it runs"
    for directory in feed.names:
        tree = survey(directory, line.place.roots) if not _sound(feed) else None
        if tree is None:
            continue
        if not tree.complete:
            return "the names it is handed are too many to look at"
        if tree.odd_name and not feed.separated:
            return f"the name {tree.odd_name!r} would be taken for several words"
        if tree.dashed and not feed.prefixed:
            return f"the name {tree.dashed!r} would be taken for an option"
        if tree.leading_out and not feed.files_only:
            return f"the link {tree.leading_out} leads out of the workspace"
    return ""


def _sound(feed: Feed) -> bool:
    """Whether no name can be anything but one file of the workspace."""
    return feed.separated and feed.files_only and feed.prefixed


def _perhaps(line: Line, words: Sequence[Word], setting: Setting, judgement: Judgement) -> None:
    """Add a part that may run any rest of its words: each is a form that rules may mean."""
    judgement.at_least("unknown", f"kedge does not look into what {words[0].text} runs")
    line.add(words, setting, judgement, exact=False, rests=True)

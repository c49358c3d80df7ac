"""Programs whose first operand is a program itself: `sed`, `awk`, `jq`."""

import re
from collections.abc import Sequence

from .line import Judgement, Line
from .options import Reading, read
from .tables import Program
from .touching import judge_reading
from .words import Word

_ADDRESS = r"(?:\d+(?:~\d+)?|\$|/(?:[^/\\\n]|\\[^\n])*/I?)"
_SED_COMMAND = re.compile(
    rf"\s*(?:{_ADDRESS}(?:\s*,\s*(?:[+~]?\d+|{_ADDRESS}))?)?\s*!?\s*(?:[pdq=]|q\d+)\s*"
)
_SED_SUBSTITUTE = re.compile(
    rf"\s*(?:{_ADDRESS}(?:\s*,\s*(?:[+~]?\d+|{_ADDRESS}))?)?\s*s([/|,#:@!%])([^\n\\]|\\[^\n])*"
)
_FLAGS = re.compile(r"[gpIi0-9]*\s*")


def judge_sed(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`sed`: only commands that print, delete or replace lines of the output."""
    if program is None:
        return
    reading = read(program, words)
    in_place = not reading.options.isdisjoint({"-i", "--in-place"})
    scripts = [use.word for use in reading.uses if use.role == "pattern"]
    if not scripts:
        judgement.at_least("unknown", "sed has no script")
    for script in scripts:
        if not script.literal:
            judgement.at_least("unknown", "what sed does is only known when it runs")
        elif not _sed_prints(script.value):
            judgement.at_least("unknown", "the script of sed may write files or run programs")
    judge_reading(line, program, reading, judgement)
    if in_place:
        _change_files(line, reading, judgement)


def _change_files(line: Line, reading: Reading, judgement: Judgement) -> None:
    """What `sed -i` reads it also writes."""
    files = [use.word for use in reading.uses if use.role == "read" and not use.option]
    if not files:
        judgement.at_least("unknown", "which files sed changes is only known when it runs")
    for word in files:
        for target in line.targets(word.value) if word.literal else ():
            judgement.touch("write", target, word.span)


def _sed_prints(script: str) -> bool:
    """Whether a script only prints, deletes and replaces; `w`, `e` and `r` do more."""
    return all(
        not command.strip() or _SED_COMMAND.fullmatch(command) for command in _split_sed(script)
    ) or _substitutes(script)


def _split_sed(script: str) -> list[str]:
    return re.split(r"[;\n]", script)


def _substitutes(script: str) -> bool:
    found = _SED_SUBSTITUTE.fullmatch(script)
    if not found:
        return False
    # Exactly three delimiters, however they are meant: no flag can hide behind one.
    return (
        script.count(found[1]) == 3 and _FLAGS.fullmatch(script.rpartition(found[1])[2]) is not None
    )


_AWK_ACTS = re.compile(
    r"system|getline|@|ARGV|ARGC|ENVIRON|PROCINFO|SYMTAB|FUNCTAB|fflush|close|\|(?!\|)|(?<!\|)\|$|extension|\\\n"
)


def judge_awk(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`awk`: only programs that cannot open or run anything."""
    if program is None:
        return
    reading = read(program, words)
    scripts = [use.word for use in reading.uses if use.role == "pattern"]
    for script in scripts:
        if not script.literal:
            judgement.at_least("unknown", "what awk does is only known when it runs")
        elif _AWK_ACTS.search(script.value.replace("||", "")) or _awk_redirects(script.value):
            judgement.at_least("unknown", "the program of awk may write files or run programs")
    if not scripts:
        judgement.at_least("unknown", "awk has no program")
    judge_reading(line, program, reading, judgement)


def _awk_redirects(program: str) -> bool:
    """Whether a `>` may be more than a comparison: it is one before the first action, and where
    nothing is printed."""
    _, brace, actions = program.partition("{")
    return brace == "{" and ">" in actions.replace(">=", "") and "print" in actions


_JQ_READS = re.compile(
    r"(?<![.\w])(env|input_filename|import|include|load|strenv|eval|get_search_list)\b|\$ENV|\$__"
)


def judge_jq(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`jq`, `yq`: only filters that see nothing but their input."""
    if program is None:
        return
    reading = read(program, words)
    for use in reading.uses:
        if use.role == "pattern" and (not use.word.literal or _JQ_READS.search(use.word.value)):
            judgement.at_least(
                "unknown", f"the filter of {program.name} may read the environment or other files"
            )
    judge_reading(line, program, reading, judgement)

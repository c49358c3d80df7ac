"""What the shell itself does: changing the directory, reading into variables, setting options."""

import os
import re
from collections.abc import Sequence

from ..effects import within
from .assignments import harmless_name
from .line import Judgement, Line
from .tables import Program
from .words import Word, plain


def judge_cd(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`cd`: where later commands are."""
    operands = [word for word in words if word.value not in ("-P", "-L", "--")]
    target = operands[0] if operands else plain(line.place.home)
    if (
        len(operands) > 1
        or not target.literal
        or target.pattern
        or target.value.startswith(("-", "+"))
    ):
        line.state.cwds = ()
        judgement.at_least("unknown", "where it goes is only known when it runs")
        return
    if line.place.env.get("CDPATH") and not target.value.startswith(("/", "./", "../")):
        line.state.cwds = ()
        judgement.at_least("unknown", "CDPATH is set, so it may go elsewhere")
        return
    targets = line.targets(target.value)
    if not targets:
        judgement.at_least("unknown", "from where it goes is only known when it runs")
        return
    for path in targets:
        if not within(path, line.place.roots):
            judgement.at_least("unknown", f"{path} is outside the workspace")
    missing = not all(map(os.path.isdir, targets))
    line.state.cwds = tuple(dict.fromkeys((*targets, *line.state.cwds))) if missing else targets
    judgement.why = judgement.why or "it stays in the workspace"


_FLAGS = re.compile(r"-[eux]+|-[eux]*o")


def judge_set(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`set`: only the options that stop a script early, or show what it does."""
    texts = [word.value for word in words if word.literal]
    index = 0
    while index < len(texts) and _FLAGS.fullmatch(texts[index]):
        if texts[index].endswith("o"):
            index += 1
            if index >= len(texts) or texts[index] not in (
                "pipefail",
                "errexit",
                "nounset",
                "xtrace",
            ):
                break
        index += 1
    if not words or len(texts) != len(words) or index < len(texts):
        judgement.at_least("unknown", "set changes how later commands are read")
    judgement.why = judgement.why or "it only makes the line stop at an error"


def judge_read(
    line: Line, program: Program | None, words: Sequence[Word], judgement: Judgement
) -> None:
    """`read`: sets variables to what is not known."""
    index = 0
    while index < len(words) and words[index].literal and words[index].value.startswith("-"):
        text = words[index].value
        if not re.fullmatch(r"-[rs]*([dnNpt].*)?", text):
            judgement.at_least("unknown", f"kedge does not know the option {text} of read")
        index += 2 if text[-1] in "dnNpt" and re.fullmatch(r"-[rs]*.", text) else 1
    for word in words[index:]:
        if not word.literal or not harmless_name(line, word.value):
            judgement.at_least("unknown", f"it sets the variable {word.text}")
        else:
            line.state.variables[word.value] = None
    judgement.why = judgement.why or "it reads a line into a variable"

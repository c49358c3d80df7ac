"""Analyses command lines: the entry of this folder."""

import re

from .characters import suspicious
from .grammar import Source
from .line import Line, Setting
from .parts import Analysis, Place
from .walk import Walk

_UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""What no path and no word can hold."""


def analyse(command: str, place: Place) -> Analysis:
    """What a command line would read, write, delete, run and reach, and what is known to be safe.

    Looks at the file system and runs nothing: the answer is true for the instant it was given.
    Whatever the line is, this does not raise.
    """
    line = Line(place)
    for problem in suspicious(command):
        line.problem(problem.text, problem.span)
    Walk(line, Source(_UNUSABLE.sub("\ufffd", command)), Setting()).run()
    return line.analysis()

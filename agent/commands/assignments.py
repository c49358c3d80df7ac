"""Assignments: which variables may be set without changing what programs do."""

import re
from typing import TYPE_CHECKING

from .line import Judgement, Line
from .reading import Reader
from .words import HIDDEN, Piece

if TYPE_CHECKING:
    from tree_sitter import Node

_HARMLESS = {
    "LC_ALL": r"C|C\.UTF-8|POSIX|en_US\.UTF-8",
    "LANG": r"C|C\.UTF-8|POSIX|en_US\.UTF-8",
    "LC_COLLATE": r"C",
    "TZ": r"UTC",
    "NO_COLOR": r"\d?",
    "CLICOLOR": r"[01]",
    "FORCE_COLOR": r"\d",
    "TERM": r"dumb|xterm(-256color)?",
    "COLUMNS": r"\d{1,4}",
    "CI": r"1|true",
    "GIT_PAGER": r"cat",
    "GIT_OPTIONAL_LOCKS": r"0",
    "GIT_TERMINAL_PROMPT": r"0",
    "PAGER": r"cat",
    "PYTHONDONTWRITEBYTECODE": r"1",
}
"""Variables that may stand before a harmless command, with the values that they may have."""

_DANGEROUS = re.compile(
    r"(PATH|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|CDPATH|HOME|GIT_\w+|LD_\w+|DYLD_\w+"
    r"|BASH_FUNC_\w*|PYTHONPATH|PYTHONSTARTUP|PYTHONHOME|PERL5LIB|PERL5OPT|RUBYOPT|RUBYLIB|NODE_OPTIONS"
    r"|NODE_PATH|JAVA_TOOL_OPTIONS|EDITOR|VISUAL|\w*PAGER|BROWSER|LESSOPEN|LESSCLOSE|SSH_ASKPASS"
    r"|RIPGREP_CONFIG_PATH|GCONV_PATH|\w*_ASKPASS|http_proxy|https_proxy|HTTPS?_PROXY|ALL_PROXY"
    r"|TMPDIR|INPUTRC|TAR_OPTIONS|GREP_OPTIONS|MAKEFLAGS|\w*_CONFIG(_\w+)?)"
)
"""Variables by which programs are made to run or load other things."""
_OF_THE_SHELL = re.compile(
    r"(BASH|COMP_|HIST|LC_|MAIL|OPT|READLINE_)\w*|histchars|auto_resume|_|CHILD_MAX|COLUMNS|COMPREPLY"
    r"|COPROC|DIRSTACK|EMACS|EPOCH\w+|E?UID|EXECIGNORE|FCEDIT|FIGNORE|FUNCNAME|FUNCNEST|GLOBIGNORE"
    r"|GLOBSORT|GROUPS|HOST\w*|IGNOREEOF|INSIDE_EMACS|LANG|LINES|LINENO|MACHTYPE|MAPFILE|OLDPWD|OSTYPE"
    r"|PIPESTATUS|POSIXLY_CORRECT|PPID|PS\d|PWD|RANDOM|REPLY|SECONDS|SHELL|SHLVL|SRANDOM|TERM"
    r"|TIMEFORMAT|TMOUT|USER|LOGNAME"
)
_NAME = re.compile(r"[A-Za-z_]\w*")


def harmless_name(line: Line, name: str) -> bool:
    """Whether setting a variable changes nothing but what `$NAME` becomes in this line."""
    return (
        _NAME.fullmatch(name) is not None
        and name not in line.place.env
        and not _DANGEROUS.fullmatch(name)
        and not _OF_THE_SHELL.fullmatch(name)
    )


def dangerous_name(name: str) -> bool:
    """Whether programs are made to run or load other things by a variable."""
    return _DANGEROUS.fullmatch(name) is not None


def harmless_value(name: str, value: str) -> bool:
    """Whether a variable may have a value before any harmless command."""
    known = _HARMLESS.get(name)
    return known is not None and re.fullmatch(known, value) is not None


def assign(line: Line, reader: Reader, node: "Node", judgement: Judgement, lasting: bool) -> None:
    """Judge one assignment, and remember the value if it lasts."""
    children = node.named_children
    if not children:
        judgement.at_least("opaque", "it is not clear what it assigns to")
        return
    target, *values = children
    name = reader.text(target) if target.type == "variable_name" else ""
    if not name:
        reader.nested_in(node)
        judgement.at_least("opaque", "it assigns to a part of an array, which may run commands")
        return
    word = reader.word(values[0]) if values and values[0].type != "array" else None
    if values and values[0].type == "array":
        reader.nested_in(values[0])
    value = word.value if word is not None else ""
    literal = (word is None and not values) or (word is not None and word.literal)
    if lasting:
        appends = any(child.type == "+=" for child in node.children)
        known = literal and not appends and harmless_name(line, name)
        line.state.variables[name] = (Piece(value, value, True),) if known else None
        if word is not None and word.certainty in ("hidden", "odd"):
            line.state.variables[name] = HIDDEN
    if word is not None and word.certainty == "odd":
        judgement.at_least("opaque", f"what {name} becomes is only known when it runs")
    _judge(line, name, value if literal else None, judgement, lasting)


def _judge(line: Line, name: str, value: str | None, judgement: Judgement, lasting: bool) -> None:
    """Judge the name, and the value if it is known."""
    harmless = value is not None and harmless_value(name, value)
    if dangerous_name(name):
        if not harmless:
            judgement.at_least("dangerous", f"{name} decides what later commands run or load")
    elif lasting and not harmless_name(line, name):
        judgement.at_least(
            "unknown", f"it sets {name}, which changes what programs or the shell do"
        )
    elif not lasting and not harmless:
        judgement.at_least("unknown", f"kedge does not know what setting {name} changes")

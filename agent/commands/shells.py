"""Shells and interpreters: what they run is looked into where it is shell text that is known."""

from collections.abc import Sequence

import msgspec

from .line import Judgement, Setting
from .runner import Runner
from .words import Word

SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh", "ash", "mksh", "rbash", "fish"})
_POSIX = SHELLS - {"fish"}
INTERPRETERS = frozenset(
    {"python", "python2", "python3", "perl", "ruby", "node", "nodejs", "deno", "bun", "php", "lua",
     "Rscript", "osascript", "psql", "mysql", "sqlite3", "tclsh", "pwsh", "powershell"}
)  # fmt: skip
_QUIET = frozenset("ceuxfvC")
_VERSION = frozenset({"--version", "--help"})


def judge_shell(
    runner: Runner, base: str, words: Sequence[Word], setting: Setting, judgement: Judgement
) -> bool:
    """Judge a shell, and what it runs; False if it is none."""
    if base in INTERPRETERS:
        if setting.feed is not None and setting.feed.network:
            judgement.at_least("dangerous", f"{base} runs what comes from the network")
        elif setting.operands is not None:
            judgement.at_least("unknown", f"what {base} is handed becomes part of what it runs")
        return False
    if base not in SHELLS:
        return False
    if len(words) == 2 and words[1].value in _VERSION:
        judgement.why = judgement.why or f"{base} only tells its version"
        return True
    options, rest, odd = _options(words[1:])
    if odd:
        judgement.at_least("unknown", f"kedge does not know the option {odd} of {base}")
    if setting.operands is not None:
        judgement.at_least("opaque", f"what {base} is handed becomes part of what it runs")
    inside = setting.under(base, [], not odd and base in _POSIX)
    if "c" in options:
        _run_text(runner, base, words, rest, inside, judgement)
    elif rest:
        _run_script(runner, base, options, rest, judgement)
    else:
        _run_input(runner, base, words, inside, judgement)
    return True


def _options(words: Sequence[Word]) -> tuple[set[str], Sequence[Word], str]:
    """The letters of a shell's options, the words after them, and the first odd option."""
    letters, odd, index = set[str](), "", 0
    while index < len(words):
        text = words[index].value
        if text in ("-", "--"):
            return letters, words[index + 1 :], odd
        if not words[index].literal or text[:1] not in "-+" or not text:
            break
        index += 1
        if text.startswith("--"):
            odd = odd or text
            index += text in ("--rcfile", "--init-file")
            continue
        letters |= set(text[1:])
        if "o" in text or "O" in text:
            value = words[index].value if index < len(words) else ""
            odd = odd or ("" if value in ("pipefail", "errexit", "nounset") else f"{text} {value}")
            index += 1
        if not set(text[1:]) - {"o"} <= _QUIET and text not in ("-n", "-s"):
            odd = odd or text
    return letters, words[index:], odd


def _run_text(
    runner: Runner, base: str, words: Sequence[Word], rest: Sequence[Word], inside: Setting,
    judgement: Judgement,
) -> None:  # fmt: skip
    if not rest:
        judgement.at_least("opaque", f"{base} -c needs a command")
        return
    if base not in _POSIX:
        judgement.at_least("unknown", f"{base} reads command lines in another way")
    if not rest[0].literal:
        judgement.at_least("opaque", f"what {base} runs is only known when it runs")
    prefix = (base, " ".join(word.spelling for word in words[: len(words) - len(rest)]))
    inside = msgspec.structs.replace(inside, prefixes=(*inside.prefixes[:-1], prefix), feed=None)
    judgement.why = judgement.why or f"{base} runs the commands that are judged by themselves"
    _in_child(runner, rest[0].value, rest[0].span, inside)


def _run_script(
    runner: Runner, base: str, options: set[str], rest: Sequence[Word], judgement: Judgement
) -> None:
    script = rest[0]
    if not script.literal or script.pattern:
        judgement.at_least("opaque", f"which script {base} runs is only known when it runs")
        return
    for target in runner.line.targets(script.value):
        judgement.touch("read", target, script.span)
    if "n" in options and "c" not in options:
        judgement.why = judgement.why or f"{base} -n only checks the syntax"
    elif script.value.startswith("/dev/"):
        judgement.at_least("opaque", f"what {base} runs is only known when it runs")
    else:
        judgement.at_least("unknown", f"{base} runs the script {script.text}")


def _run_input(
    runner: Runner, base: str, words: Sequence[Word], inside: Setting, judgement: Judgement
) -> None:
    feed = inside.feed
    if feed is None:
        judgement.at_least("opaque", f"{base} runs whatever it is told")
    elif feed.network:
        judgement.at_least("dangerous", f"{base} runs what comes from the network")
    elif feed.text is None:
        judgement.at_least("opaque", f"{base} runs what comes in, which is only known then")
    else:
        judgement.at_least("unknown", f"{base} runs the text that it is given")
        inside = msgspec.structs.replace(inside, feed=None, exact=False)
        _in_child(runner, feed.text, words[0].span, inside)


def _in_child(runner: Runner, text: str, span: tuple[int, int], setting: Setting) -> None:
    """Go through text in a shell of its own, which does not know the variables of this one."""
    line, before = runner.line, runner.line.state
    line.state = line.inherited()
    runner.text(text, span, setting)
    line.state = before

"""`find`: its tests are harmless, its actions are judged."""

from collections.abc import Sequence

import msgspec

from .line import Feed, Judgement, Setting
from .options import Use
from .runner import Runner
from .tables import Program
from .touching import touch
from .words import Word, plain

_ALONE = frozenset(
    [
        "-print",
        "-print0",
        "-prune",
        "-quit",
        "-depth",
        "-d",
        "-mount",
        "-xdev",
        "-noleaf",
        "-daystart",
        "-empty",
        "-executable",
        "-readable",
        "-writable",
        "-nouser",
        "-nogroup",
        "-true",
        "-false",
        "-not",
        "-and",
        "-or",
        "-a",
        "-o",
        "!",
        "(",
        ")",
        ",",
        "-warn",
        "-nowarn",
        "-ls",
        "-ignore_readdir_race",
        "-noignore_readdir_race",
        "-P",
        "-E",
        "-X",
        "-x",
    ]
)
_VALUED = frozenset(
    [
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-type",
        "-xtype",
        "-size",
        "-mtime",
        "-atime",
        "-ctime",
        "-mmin",
        "-amin",
        "-cmin",
        "-maxdepth",
        "-mindepth",
        "-perm",
        "-user",
        "-group",
        "-uid",
        "-gid",
        "-links",
        "-inum",
        "-regextype",
        "-printf",
        "-fstype",
        "-lname",
        "-ilname",
        "-used",
        "-context",
    ]
)
_FILES = frozenset({"-newer", "-anewer", "-cnewer", "-samefile"})
_OUTPUTS = {"-fprint": 1, "-fprint0": 1, "-fls": 1, "-fprintf": 2}
_RUNS = ("-exec", "-execdir", "-ok", "-okdir")
_NARROWS = frozenset(
    [
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-size",
        "-mtime",
        "-mmin",
        "-empty",
        "-newer",
        "-maxdepth",
        "-mindepth",
        "-user",
        "-perm",
        "-ctime",
        "-atime",
        "-amin",
        "-cmin",
        "-links",
        "-inum",
        "-samefile",
    ]
)


class _Find:
    """One call of `find`."""

    def __init__(
        self, runner: Runner, program: Program, words: Sequence[Word], setting: Setting,
        judgement: Judgement,
    ) -> None:  # fmt: skip
        self.runner = runner
        self.program = program
        self.words = words
        self.setting = setting
        self.judgement = judgement
        self.at = 1
        self.starts: list[Word] = []
        self.texts = [word.value for word in words]
        self.inner: list[tuple[list[Word], Word]] = []
        self.deletes: Word | None = None

    def judge(self) -> None:
        while self.at < len(self.words) and not self._is_expression(self.words[self.at]):
            if self.texts[self.at] not in ("-P", "-H", "-L") and not self.texts[self.at].startswith(
                "-O"
            ):
                self.starts.append(self.words[self.at])
            elif self.texts[self.at] in ("-H", "-L"):
                self._unknown("find follows links, which may lead anywhere")
            self.at += 1
        while self.at < len(self.words):
            self._next()
        for start in self.starts or [plain(".")]:
            touch(self.runner.line, self.program, Use(start, "read"), self.judgement, True)
        if self.deletes is not None:
            self._delete(self.deletes)
        self.judgement.why = self.judgement.why or "find only lists files"

    def _is_expression(self, word: Word) -> bool:
        text = word.value
        if text in ("-P", "-H", "-L") or text.startswith("-O"):
            return False
        return text[:1] == "-" or text in ("!", "(", ")", ",") or not word.literal and not text

    def _unknown(self, why: str) -> None:
        self.judgement.at_least("unknown", why)

    def _next(self) -> None:
        word = self.words[self.at]
        self.at += 1
        text = word.value
        if not word.literal or word.pattern:
            self._unknown(f"what {word.text!r} becomes is only known when it runs")
        elif text in _ALONE:
            pass
        elif text in _VALUED:
            self._value()
        elif text in _FILES or text.startswith("-newer"):
            value = self._value()
            if value is not None and not text.endswith("t"):
                touch(self.runner.line, self.program, Use(value, "read"), self.judgement, False)
        elif text in _OUTPUTS:
            self._output(_OUTPUTS[text])
        elif text in _RUNS:
            self._run(word)
        elif text == "-delete":
            self.deletes = word
        elif text in ("-version", "--version", "--help"):
            pass
        else:
            self._unknown(f"kedge does not know the option {word.text} of find")

    def _value(self) -> Word | None:
        if self.at >= len(self.words):
            self._unknown("the last option of find needs a value")
            return None
        word = self.words[self.at]
        self.at += 1
        if not word.literal and (word.loose or word.certainty != "shown"):
            self._unknown(f"what {word.text!r} becomes is only known when it runs")
        elif word.pattern:
            touch(self.runner.line, self.program, Use(word, "text"), self.judgement, False)
        return word

    def _output(self, count: int) -> None:
        value = self._value()
        if value is not None:
            touch(self.runner.line, self.program, Use(value, "write"), self.judgement, False)
        for _ in range(count - 1):
            self._value()

    def _run(self, option: Word) -> None:
        start = self.at
        while self.at < len(self.words) and self.texts[self.at] not in (";", "+"):
            self.at += 1
        inner = list(self.words[start : self.at])
        self.at += 1
        if inner:
            self.inner.append((inner, option))
        else:
            self._unknown(f"{option.text} of find needs a command")

    def _delete(self, option: Word) -> None:
        narrowed = not _NARROWS.isdisjoint(self.texts)
        if not narrowed:
            self.judgement.at_least("dangerous", "find deletes all that it finds")
        for start in self.starts or [plain(".")]:
            if not start.literal:
                self.judgement.at_least("dangerous", "what find deletes is only known when it runs")
            for target in self.runner.line.targets(start.value):
                self.judgement.touch("delete", target, option.span, recursive=not narrowed)

    def run_inner(self) -> None:
        """Judge what it runs, once for each `-exec`."""
        for inner, option in self.inner:
            words = [word for word in inner if word.value != "{}"]
            mixed = any("{}" in word.value for word in words)
            names = tuple(
                target
                for start in self.starts or [plain(".")]
                for target in self.runner.line.targets(start.value)
            )
            literal = all(start.literal for start in self.starts)
            feed = Feed(
                names=names,
                separated=True,
                prefixed=True,
                files_only=only_files(self.texts, option.value),
            )
            setting = self.setting.under("find", self.words, False)
            setting = msgspec.structs.replace(
                setting,
                prefixes=(*self.setting.prefixes, ("find", f"find {option.text}")),
                operands=feed if literal and not mixed and option.value == "-exec" else Feed(),
                feed=None,
            )
            if words:
                self.runner.simple(words, setting, exact=False)
            else:
                judgement = Judgement("find runs every file that it finds")
                judgement.at_least("dangerous", judgement.why)
                self.runner.line.add(inner, setting, judgement, exact=False)


def only_files(texts: Sequence[str], action: str) -> bool:
    """Whether the words of a `find` let no link through to an action."""
    before = texts[: list(texts).index(action)] if action in texts else texts
    pairs = set(zip(before, before[1:], strict=False))
    return ("-type", "f") in pairs and not {"-o", "-or", ",", "!", "-not"} & set(texts)


def judge_find(
    runner: Runner, program: Program | None, words: Sequence[Word], setting: Setting,
    judgement: Judgement,
) -> None:  # fmt: skip
    """Judge a call of `find`; the commands that it runs become parts before it."""
    if program is None:
        return
    call = _Find(runner, program, words, setting, judgement)
    call.judge()
    call.run_inner()

"""What a command hands on to the next one of a pipeline."""

import re
from collections.abc import Sequence

from ..effects import within
from .find import only_files
from .line import Feed, Line
from .parts import Part

_FROM_NETWORK = frozenset({"curl", "wget", "fetch", "aria2c", "nc", "ncat", "ssh", "http", "https"})


def feed_of(line: Line, parts: Sequence[Part], before: Feed | None) -> Feed:
    """What the parts of one stage print, given what comes in to them."""
    if any(part.words[0].rpartition("/")[2] in _FROM_NETWORK for part in parts if part.words):
        return Feed(network=True)
    if len(parts) != 1 or not parts[0].words or parts[0].risk != "safe":
        return Feed(network=bool(before and before.network))
    part = parts[0]
    name, words = part.words[0], part.words[1:]
    if name in _KEEPS and before is not None:
        return _handed_on(name, words, before)
    if name == "echo" and part.exact:
        flags = [word for word in words[:1] if word in ("-n", "-e", "-ne", "-en")]
        return Feed(" ".join(words[len(flags) :]))
    if name == "printf" and part.exact and words:
        return Feed(" ".join(words))
    return _names(line, name, words, line.read_by(part))


_KEEPS = {
    "head": r"-n|-?\d+|-n\d+",
    "tail": r"-n|[-+]?\d+|-n[-+]?\d+",
    "sort": r"-[urnfVh]+",
    "uniq": r"-[ud]",
    "tac": r"(?!)",
    "cat": r"(?!)",
    "grep": r"-[viEFPwx]+",
    "egrep": r"-[viwx]+",
    "fgrep": r"-[viwx]+",
}
"""Programs that hand on whole lines of what comes in, with the words that leave it so."""


def _handed_on(name: str, words: Sequence[str], before: Feed) -> Feed:
    rest = [word for word in words if not re.fullmatch(_KEEPS[name], word)]
    keeps = len(rest) == (1 if name.endswith("grep") else 0) and not before.separated
    return before if keeps else Feed(network=before.network)


_SEPARATES = frozenset({"-print0", "-z", "-0", "--null", "-Z", "-lZ", "-rlZ"})
_PLAIN_LS = re.compile(r"-[1atrASU]+|[^-].*")
_LISTS_NAMES = frozenset({"-l", "-rl", "-lr", "-ril", "-rlZ", "-rlE", "--files-with-matches"})


def _names(line: Line, name: str, words: Sequence[str], read: tuple[str, ...]) -> Feed:
    """What lists the names of files below the directories that it reads."""
    cwds = line.state.cwds
    here = read or cwds
    if len(cwds) != 1 or not all(within(path, line.place.roots) for path in here):
        return Feed()
    said, zero = set(words), not _SEPARATES.isdisjoint(words)
    match name:
        case "find" if said.isdisjoint(
            ("-printf", "-ls", "-L", "-H", "-exec", "-print0", "-print")
        ):
            return Feed(names=here, prefixed=True, files_only=only_files(words, ""))
        case "find" if said.isdisjoint(("-printf", "-ls", "-L", "-H", "-exec")):
            return _printed_by_find(words, here)
        case "git" if words[:1] == ("ls-files",) and said <= {*_LS_FILES, *_bare(words)}:
            return Feed(names=here, separated=zero)
        case "git" if words[:1] == ("diff",) and "--name-only" in words:
            return Feed(names=cwds, separated=zero)
        case "rg" if said & {"--files", "-l", "--files-with-matches"} and "-r" not in said:
            return Feed(names=here, separated=zero, files_only=True)
        case "grep" if said & _LISTS_NAMES and said.isdisjoint(("-o", "-c", "-n")):
            labelled = any(word.startswith("--label") for word in words)
            return Feed() if labelled else Feed(names=here, separated=zero)
        case "fd" | "fdfind" if not any(w.startswith(("--format", "-l", "--list")) for w in words):
            return Feed(names=here, separated=zero)
        case "ls" if all(_PLAIN_LS.fullmatch(word) for word in words):
            return Feed(names=cwds)
        case _:
            return Feed()


_LS_FILES = frozenset(
    {"-z", "-o", "-c", "-m", "-d", "--cached", "--others", "--modified", "--deleted",
     "--exclude-standard", "--full-name", "--deduplicate"}
)  # fmt: skip


def _bare(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith("-") or word == "--"]


def _printed_by_find(words: Sequence[str], here: tuple[str, ...]) -> Feed:
    both = "-print0" in words and "-print" in words
    action = "-print0" if "-print0" in words else "-print"
    if both or words.count(action) != 1:
        return Feed()
    return Feed(
        names=here, separated=action == "-print0", prefixed=True,
        files_only=only_files(words, action),
    )  # fmt: skip

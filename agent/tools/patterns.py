"""File patterns as regular expressions: the globs that models write, the lines of ignore files."""

import re

_TOKENS = re.compile(
    r"""
    (?P<escaped>\\.)
    | (?P<any_directories>(?<![^/{,])\*\*/)
    | (?P<everything>(?<![^/{,])\*\*(?![^},]))
    | (?P<star>\*+)
    | (?P<question>\?)
    | (?P<set>\[[!^]?\]?(?:\\.|\[:\w+:\]|[^\]])*\])
    | (?P<brace>[{},])
    | (?P<literal>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_IN_SET = re.compile(
    r"\\(?P<escaped>.)|\[:(?P<posix>\w+):\]|(?P<special>[\[\]&~|^\\]|-(?=-))", re.DOTALL
)


def glob_regex(glob: str, *, extended: bool = True) -> str:
    """Translate a glob for whole paths with `/` between names.

    `*` and `?` stay within a name, `**` as a whole component spans any number of them, `\\` takes
    the meaning from what follows. Extended, as in the tools' arguments: `{a,b}`, and `[id]` also
    stands for itself, because routes of web frameworks are named so.

    Raises:
        ValueError: an opened `{` or `[` is not closed, or a set makes no sense.
    """
    parts: list[str] = []
    depth = 0
    for token in _TOKENS.finditer(glob):
        text = token.group()
        match token.lastgroup:
            case "any_directories":
                parts.append("(?:.+/)?")
            case "everything":
                parts.append(".+")
            case "star":
                parts.append("[^/]*")
            case "question":
                parts.append("[^/]")
            case "set":
                parts.append(_set(text, extended))
            case "brace" if extended and (text == "{" or depth):
                parts.append({"{": "(?:", ",": "|", "}": ")"}[text])
                depth += {"{": 1, ",": 0, "}": -1}[text]
            case "escaped":
                parts.append(re.escape(text[1]))
            case _:
                parts.append(_literal(text, glob))
    if depth:
        raise ValueError(f"{glob!r}: a '{{' is not closed")
    return "".join(parts)


def compile_glob(glob: str, *, anchored: bool | None = None) -> re.Pattern[str]:
    """Compile a tool's glob for matching relative paths with `match`.

    Without a `/` it matches at any depth, unless it is `anchored`; with a final one, everything
    within.

    Raises:
        ValueError: as `glob_regex`.
    """
    if anchored is None:
        anchored = "/" in glob.rstrip("/")
    body = glob.removeprefix("./").lstrip("/")
    regex = glob_regex(body + "**" if body.endswith("/") else body)
    return _compile(("" if anchored else "(?:.+/)?") + regex + r"\Z", glob)


def split_literal(glob: str) -> tuple[str, str]:
    """Split a glob after its leading directories without wildcards: `a/b/**/c` is `a/b`, `**/c`."""
    parts = glob.split("/")
    end = next(
        (index for index, part in enumerate(parts) if not set("*?[{\\").isdisjoint(part)),
        len(parts) - 1,
    )
    end = min(end, len(parts) - 1)
    return "/".join(parts[:end]), "/".join(parts[end:])


def names_hidden(glob: str) -> bool:
    """Whether the glob asks for a name that begins with a dot."""
    return re.search(r"(?:^|[/{,])\.(?!/)", glob) is not None


def last_name(glob: str) -> str:
    """A plain glob that the name of every matching file matches; empty if there is none."""
    name = "" if "{" in glob and "/" in glob else glob.rpartition("/")[2]
    return "" if name.startswith("**") or not set("[\\!,").isdisjoint(name) else name


def _literal(text: str, glob: str) -> str:
    if text == "[":
        raise ValueError(f"{glob!r}: a '[' is not closed")
    return re.escape(text)


def _set(text: str, extended: bool) -> str:
    negated = text[1] in "!^"
    body = text[2 if negated else 1 : -1]
    inner = _IN_SET.sub(_set_part, body)
    regex = f"[^/{inner}]" if negated else f"[{inner}]"
    return f"(?:{regex}|{re.escape(text)})" if extended else regex


def _set_part(found: re.Match[str]) -> str:
    if name := found["posix"]:
        return _POSIX.get(name, "")
    return re.escape(found["escaped"] or found["special"])


def _compile(regex: str, glob: str) -> re.Pattern[str]:
    try:
        return re.compile(regex, re.DOTALL)
    except re.error as error:
        raise ValueError(f"{glob!r}: {error.msg}") from error

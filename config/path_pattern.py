"""The part of a rule that speaks of paths: `.env`, `src/**`, `/docs`, `~/notes/**`, `//etc/hosts`.

As in gitignore(5): a name alone is meant at any depth, with a slash in it a path starts at the
project's root; `*` and `?` stay within a name, `**` spans directories, `\\` takes the meaning from
what follows, and what is below a directory that is meant is meant too. `/x` starts at the project's
root, `~/x` at home, `//x` at the root of the file system. `x/**` also means `x` itself.
"""

import re
from typing import Literal

from msgspec import Struct

Anchor = Literal["anywhere", "project", "home", "root"]

_MAGIC = re.compile(r"[*?\[\\]")
_BRACES = re.compile(r"(?<!\\)\{[^{}]*,[^{}]*\}")
_TOKENS = re.compile(
    r"(?P<escaped>\\.)|(?P<directories>(?<![^/])\*\*/)|(?P<everything>(?<![^/])\*\*\Z)"
    r"|(?P<star>\*+)|(?P<any>\?)|(?P<set>\[[!^]?\]?[^\]]*\])|(?P<literal>.)",
    re.DOTALL,
)


class PathPattern(Struct, frozen=True):
    """A rule's path, understood."""

    anchor: Anchor
    base: str
    """Its leading directories, or all of it, as far as they are literal, joined by slashes."""
    regex: str
    """Matches the whole of a path relative to the anchor; where that is anywhere, the end of a path
    that begins with one of its names."""

    def means(self, path: "PathPattern") -> bool:
        """Whether a literal path is meant, itself written as in a rule."""
        if self.anchor == "anywhere":
            whole = f"(?:.*/)?{self.regex or re.escape(self.base) + '(?:/.*)?'}"
            return re.fullmatch(whole, path.base, re.DOTALL) is not None
        # A name alone is in the project's root, as an example.
        anchor = "project" if path.anchor == "anywhere" else path.anchor
        if anchor != self.anchor:
            return False
        if not self.regex:
            return not self.base or f"{path.base}/".startswith(f"{self.base}/")
        return re.fullmatch(self.regex, path.base, re.DOTALL) is not None


def path_pattern(specifier: str) -> PathPattern:
    """Understand the path of a rule.

    Raises:
        ValueError: it names nothing, is no valid pattern, or can never match.
    """
    text = specifier.strip()
    if text.startswith("!"):
        raise ValueError("'!' takes nothing back here: put the rule into another list")
    if _BRACES.search(text):
        raise ValueError("braces have no meaning in a path: write one rule for each")
    anchor, body = _anchored(text)
    body = body.rstrip("/")
    parts = body.split("/") if body else []
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("a path that is judged has no empty part, '.' or '..' in it")
    if not parts and anchor == "anywhere":
        raise ValueError("no path is named")
    while parts and parts[-1] == "**":
        parts.pop()
    base = _literal_base(parts)
    if len(base) == len(parts):
        return PathPattern(anchor, "/".join(base), "")
    regex = _regex("/".join(parts))
    try:
        re.compile(regex)
    except re.error as error:
        raise ValueError(f"no valid pattern: {error.msg}") from error
    return PathPattern(anchor, "/".join(base), regex)


def escaped(path: str) -> str:
    """The specifier's spelling of a literal path."""
    return _MAGIC.sub(lambda found: "\\" + found[0], path)


def _anchored(text: str) -> tuple[Anchor, str]:
    if text.startswith("//"):
        return "root", text.lstrip("/")
    if text == "~" or text.startswith("~/"):
        return "home", text[2:]
    if text.startswith("/"):
        return "project", text[1:]
    text = text.removeprefix("./")
    if text.startswith("**/"):
        return "anywhere", text[3:]
    return ("project" if "/" in text.rstrip("/") else "anywhere"), text


def _literal_base(parts: list[str]) -> list[str]:
    base: list[str] = []
    for part in parts:
        plain = re.sub(r"\\(.)", r"\1", part)
        if _MAGIC.search(re.sub(r"\\.", "", part)):
            break
        base.append(plain)
    return base


def _regex(glob: str) -> str:
    parts: list[str] = []
    for token in _TOKENS.finditer(glob):
        text = token.group()
        match token.lastgroup:
            case "escaped":
                parts.append(re.escape(text[1]))
            case "directories":
                parts.append("(?:.+/)?")
            case "everything":
                parts.append(".+")
            case "star":
                parts.append("[^/]*")
            case "any":
                parts.append("[^/]")
            case "set":
                negated = text[1] in "!^"
                inner = text[2 if negated else 1 : -1].replace("\\", r"\\").replace("[", r"\[")
                parts.append(f"(?!/)[{'^' if negated else ''}{inner}]")
            case _:
                if text == "[":
                    raise ValueError("a '[' is not closed")
                parts.append(re.escape(text))
    return "".join(parts) + "(?:/.*)?"

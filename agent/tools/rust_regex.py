"""Regular expressions in Rust's syntax, which ripgrep takes, for Python's `re`.

What the two write differently is translated; what Python cannot do, or Rust refuses, is an error,
so that a pattern never silently means something else. Syntax: https://docs.rs/regex/#syntax.
"""

import re
import string

_SAME = frozenset("dDwWsSBAtrfva")
_CONTROL = {"t": "\t", "r": "\r", "n": "\n", "f": "\f", "v": "\v", "a": "\a"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_BOUNDARIES = {
    r"\<": r"\b(?=\w)",
    r"\>": r"\b(?<=\w)",
    r"\b{start}": r"\b(?=\w)",
    r"\b{end}": r"\b(?<=\w)",
    r"\b{start-half}": r"(?<!\w)",
    r"\b{end-half}": r"(?!\w)",
}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_COUNT = re.compile(r"\{\s*\d+\s*(?:,\s*\d*\s*)?\}")
_GROUP = re.compile(r"\(\?(?:P?<(?P<name>[A-Za-z_]\w*)>|(?P<flags>[A-Za-z-]*)(?P<end>[:)]))")
_POSIX_SET = re.compile(r"\[:(?P<negated>\^?)(?P<name>\w+):\]")


def compile_rust(pattern: str, *, ignore_case: bool, multiline: bool) -> re.Pattern[str]:
    """Compile a pattern; `multiline` lets it, and its `.`, match line ends.

    Raises:
        ValueError: it is not valid, or needs what only ripgrep has; the message says which.
    """
    flags = re.MULTILINE
    flags |= re.IGNORECASE if ignore_case else 0
    flags |= re.DOTALL if multiline else 0
    translated = _Translation(pattern, multiline).run()
    try:
        return re.compile(translated, flags)
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from error


class _Translation:
    """One pass over a pattern."""

    def __init__(self, pattern: str, multiline: bool) -> None:
        self._pattern = pattern
        self._multiline = multiline
        self._at = 0
        self._out: list[str] = []
        self._opened: list[int] = []
        self._atom: int | None = None
        """Where in `_out` the atom begins that a repetition would repeat."""
        self._repeated = False

    def run(self) -> str:
        while self._at < len(self._pattern):
            match self._pattern[self._at]:
                case "\\":
                    self._put(self._escape())
                case "[":
                    self._put(self._set())
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "*" | "+" | "?" | "{":
                    self._repeat()
                case "|":
                    self._at += 1
                    self._out.append("|")
                    self._atom = None
                case "." | "^" | "$" as symbol:
                    self._at += 1
                    self._put(f"(?:{symbol})" if symbol != "." else symbol)
                case character:
                    self._at += 1
                    self._put(self._literal(character))
        if self._opened:
            raise ValueError("unclosed group")
        return "".join(self._out)

    def _put(self, atom: str) -> None:
        self._atom = len(self._out)
        self._repeated = False
        self._out.append(atom)

    def _literal(self, character: str) -> str:
        if character == "\n" and not self._multiline:
            raise ValueError(
                'the literal "\\n" is not allowed in a regex\n\nConsider enabling multiline mode'
            )
        return re.escape(character)

    def _repeat(self) -> None:
        if self._atom is None:
            raise ValueError("repetition operator missing expression")
        count = "" if self._pattern[self._at] != "{" else self._count()
        operator = count or self._pattern[self._at]
        self._at += 0 if count else 1
        if self._pattern.startswith("?", self._at):
            operator += "?"
            self._at += 1
        if self._repeated:
            self._out.insert(self._atom, "(?:")
            self._out.append(")")
        self._out.append(operator)
        self._repeated = True

    def _count(self) -> str:
        found = _COUNT.match(self._pattern, self._at)
        if not found:
            raise ValueError("repetition quantifier expects a valid decimal")
        self._at = found.end()
        return re.sub(r"\s", "", found.group())

    def _open(self) -> None:
        if not self._pattern.startswith("(?", self._at):
            self._at += 1
            self._begin("(")
            return
        found = _GROUP.match(self._pattern, self._at)
        if not found:
            raise ValueError("look-around, and groups other than (?:…) and (?P<name>…), "
                             "are not supported")  # fmt: skip
        self._at = found.end()
        if name := found["name"]:
            self._begin(f"(?P<{name}>")
            return
        flags = _flags(found["flags"])
        if found["end"] == ":":
            self._begin(f"(?{flags}:")
        elif not self._out:
            self._out.append(f"(?{flags})" if flags else "")
        else:
            raise ValueError("flags must stand at the pattern's beginning, unless rg is installed")

    def _begin(self, opening: str) -> None:
        self._opened.append(len(self._out))
        self._out.append(opening)
        self._atom = None

    def _close(self) -> None:
        if not self._opened:
            raise ValueError("unopened group")
        self._at += 1
        self._out.append(")")
        self._atom = self._opened.pop()
        self._repeated = False

    def _escape(self) -> str:
        for written, boundary in _BOUNDARIES.items():
            if self._pattern.startswith(written, self._at):
                self._at += len(written)
                return boundary
        character = self._pattern[self._at + 1 : self._at + 2]
        if character in {"b", "z"}:
            self._at += 2
            return {"b": r"\b", "z": r"\Z"}[character]
        if character and character in _SAME:
            self._at += 2
            return "\\" + character
        return self._literal(self._escaped_character())

    def _escaped_character(self) -> str:
        character = self._pattern[self._at + 1 : self._at + 2]
        self._at += 2
        if character in _HEX_DIGITS:
            return self._code(_HEX_DIGITS[character])
        if character in _CONTROL:
            return _CONTROL[character]
        if character and (character in string.punctuation or character == " "):
            return character
        if character.isdecimal():
            raise ValueError("backreferences are not supported")
        if character in {"p", "P"}:
            raise ValueError(r"Unicode classes (\p{…}) need ripgrep, which is not installed")
        raise ValueError(f"unrecognized escape sequence \\{character}")

    def _code(self, digits: int) -> str:
        code = re.compile(rf"\{{([0-9A-Fa-f]+)\}}|([0-9A-Fa-f]{{{digits}}})")
        found = code.match(self._pattern, self._at)
        if not found:
            raise ValueError("invalid hexadecimal digit")
        self._at = found.end()
        try:
            return chr(int(found[1] or found[2], 16))
        except (ValueError, OverflowError) as error:
            raise ValueError("not a Unicode scalar value") from error

    def _set(self) -> str:
        self._at += 1
        parts = ["["]
        if self._pattern.startswith("^", self._at):
            self._at += 1
            parts.append("^" if self._multiline else "^\\n")
        first = True
        while first or not self._pattern.startswith("]", self._at):
            if self._at >= len(self._pattern):
                raise ValueError("unclosed character class")
            parts.append(self._range())
            first = False
        self._at += 1
        return "".join(parts) + "]"

    def _range(self) -> str:
        begin, is_class = self._item()
        if not self._pattern.startswith("-", self._at) or self._pattern.startswith("-]", self._at):
            return begin
        if self._pattern.startswith("--", self._at):
            raise ValueError("set operations in [...] need ripgrep, which is not installed")
        self._at += 1
        end, end_is_class = self._item()
        if is_class or end_is_class:
            raise ValueError("invalid range boundary, must be a literal")
        return f"{begin}-{end}"

    def _item(self) -> tuple[str, bool]:
        """The next member of a set, and whether it stands for several characters."""
        rest = self._pattern[self._at : self._at + 2]
        if found := _POSIX_SET.match(self._pattern, self._at):
            if found["negated"] or found["name"] not in _POSIX:
                raise ValueError(f"unrecognized class {found.group()!r}")
            self._at = found.end()
            return _POSIX[found["name"]], True
        if rest.startswith("["):
            raise ValueError("nested character classes need ripgrep, which is not installed; "
                             "write \\[ for a bracket")  # fmt: skip
        if rest in {"&&", "~~"}:
            raise ValueError("set operations in [...] need ripgrep, which is not installed")
        if len(rest) == 2 and rest[0] == "\\" and rest[1] in "dDwWsS":
            self._at += 2
            return rest, True
        if rest.startswith("\\"):
            return self._literal(self._escaped_character()), False
        self._at += 1
        return self._literal(rest[0]) if rest else "", False


def _flags(written: str) -> str:
    """The flags that Python needs to be told; Unicode is on in both."""
    on, _, off = written.partition("-")
    if unknown := set(on + off) - set("imsu") or ("u" if "u" in off else ""):
        raise ValueError(f"the flags {''.join(sorted(unknown))!r} need ripgrep")
    on, off = on.replace("u", ""), off.replace("u", "")
    return on + (f"-{off}" if off else "")

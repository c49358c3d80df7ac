"""What the commands of vi do to a text, as pure functions."""

from msgspec import Struct

from .motions import Span, at_row, first_word, line_end, line_start, resting


class Edited(Struct, frozen=True):
    """A text and its cursor after a change."""

    text: str
    cursor: int


class Register(Struct, frozen=True):
    """What was deleted or yanked last."""

    text: str = ""
    """Whole lines are without their last newline."""
    lines: bool = False


def whole_lines(text: str, span: Span) -> Span:
    """The lines that a span touches, without the last newline."""
    return Span(line_start(text, span.start), line_end(text, span.end), True)


def taken(text: str, span: Span) -> Register:
    """What an operator takes into the register."""
    if span.lines:
        span = whole_lines(text, span)
    return Register(text[span.start : span.end], span.lines)


def deleted(text: str, span: Span) -> Edited:
    """The text without a span; the cursor is as in normal mode."""
    if not span.lines:
        rest = text[: span.start] + text[span.end :]
        return Edited(rest, resting(rest, span.start))
    span = whole_lines(text, span)
    if span.end < len(text):
        rest, at = text[: span.start] + text[span.end + 1 :], span.start
    else:
        rest, at = text[: max(0, span.start - 1)], line_start(text, max(0, span.start - 1))
    return Edited(rest, first_word(rest, at))


def emptied(text: str, span: Span) -> Edited:
    """The text without a span, and the cursor where to insert instead; of lines one stays."""
    if span.lines:
        span = whole_lines(text, span)
    return Edited(text[: span.start] + text[span.end :], span.start)


def put(text: str, at: int, register: Register, count: int, *, before: bool) -> Edited:
    """The register put in, before or after the cursor or its line."""
    if register.lines:
        block = "\n".join([register.text] * count)
        if before:
            start = line_start(text, at)
            changed = f"{text[:start]}{block}\n{text[start:]}"
            return Edited(changed, first_word(changed, start))
        end = line_end(text, at)
        changed = f"{text[:end]}\n{block}{text[end:]}"
        return Edited(changed, first_word(changed, end + 1))
    chunk = register.text * count
    if not chunk:
        return Edited(text, at)
    start = at if before or at == line_end(text, at) else at + 1
    changed = text[:start] + chunk + text[start:]
    return Edited(changed, start if "\n" in chunk else start + len(chunk) - 1)


def joined(text: str, at: int, lines: int) -> Edited:
    """Lines joined by one space where vi wants one (J)."""
    cursor = at
    for _ in range(max(1, lines - 1)):
        end = line_end(text, at)
        if end == len(text):
            break
        after = text[end + 1 :]
        following = after.lstrip(" \t")
        bare = following[:1] in ("", "\n", ")") or text[end - 1 : end] in (" ", "\t")
        glue = "" if bare or end == line_start(text, at) else " "
        text = text[:end] + glue + following
        cursor = end if glue or end == line_start(text, at) or following[:1] == ")" else end - 1
        if following[:1] in ("", "\n") or (bare and following[:1] != ")"):
            cursor = max(line_start(text, at), end - 1)
    return Edited(text, resting(text, cursor))


def replaced(text: str, span: Span, character: str) -> str:
    """Every character of a span but newlines is another one."""
    same = "".join(old if old == "\n" else character for old in text[span.start : span.end])
    return text[: span.start] + same + text[span.end :]


def recased(text: str, span: Span, key: str) -> str:
    """A span with other letters: `~` the other ones, `u` small, `U` capital."""
    change = {"~": str.swapcase, "u": str.lower, "U": str.upper}[key]
    # A letter that would become two (ß) stays.
    part = "".join(
        new if len(new := change(old)) == 1 else old for old in text[span.start : span.end]
    )
    return text[: span.start] + part + text[span.end :]


def opened(text: str, at: int, *, above: bool) -> Edited:
    """A new empty line (o, O), the cursor on it."""
    place = line_start(text, at) if above else line_end(text, at)
    changed = f"{text[:place]}\n{text[place:]}"
    return Edited(changed, place if above else place + 1)


def moved_rows(text: str, at: int, rows: int, column: int) -> int:
    """Up or down as far as there are lines; the same offset if there are none that way."""
    row = text.count("\n", 0, at)
    wanted = max(0, min(row + rows, text.count("\n")))
    return at if wanted == row else at_row(text, wanted, column)

"""Where the commands of vi lead from the cursor, and what operators work on."""

from .commands import Command
from .edits import moved_rows
from .motions import (
    Find,
    Span,
    Target,
    at_row,
    first_word,
    found,
    line_end,
    line_start,
    matching,
    paragraph,
    row_column,
    text_object,
    words,
)


class Sight:
    """Looks for targets, and remembers what j, k and ; need."""

    def __init__(self) -> None:
        self.column = -1
        """Where j and k want to be; -1: where the cursor is."""
        self._find: Find | None = None

    def span(self, command: Command, text: str, cursor: int) -> Span | None:
        """What an operator with this command works on."""
        if command.name == "line":
            down = rows_down(text, cursor, command.times - 1)
            return Span(cursor, down, True)
        if len(command.name) == 2 and command.name != "gg":
            return text_object(text, cursor, command.name, command.times)
        if command.operator == "c" and command.name in "wW" and text[cursor : cursor + 1].strip():
            # cw is ce on a word, but for a word of one letter.
            end = words(text, cursor - 1, "eE"[command.name == "W"], command.times)
            return None if end is None else Span(cursor, min(end.at + 1, len(text)))
        target = self.target(command, text, cursor)
        return None if target is None else _way(command, text, cursor, target)

    def target(self, command: Command, text: str, at: int) -> Target | None:
        """Where a motion leads; None: nowhere."""
        match command.name:
            case "j" | "k" | "gg" | "G":
                return self._row_target(command, text, at)
            case "f" | "t" | "F" | "T":
                self._find = Find(command.name, command.argument)
                return found(text, at, self._find, command.times)
            case ";" | ",":
                if self._find is None:
                    return None
                find = self._find if command.name == ";" else self._find.backwards
                return found(text, at, find, command.times, again=True)
            case _:
                return _plain_target(command, text, at)

    def _row_target(self, command: Command, text: str, at: int) -> Target | None:
        if command.name in ("gg", "G"):
            rows = text.count("\n")
            row = min(rows, command.count - 1) if command.count else rows * (command.name == "G")
            return Target(first_word(text, at_row(text, row, 0)), "lines")
        if self.column < 0:
            self.column = row_column(text, at)[1]
        rows = command.times if command.name == "j" else -command.times
        target = moved_rows(text, at, rows, self.column)
        return None if target == at else Target(target, "lines")


def _plain_target(command: Command, text: str, at: int) -> Target | None:
    """A motion that depends on nothing but the text."""
    count, name = command.times, command.name
    match name:
        case "h" | "l":
            low, high = line_start(text, at), line_end(text, at)
            if not command.operator and high > low:
                high -= 1
            target = max(low, min(high, at + (-count if name == "h" else count)))
            stays = target == at and command.operator != "c"
            return None if stays else Target(target)
        case "0":
            return Target(line_start(text, at))
        case "^":
            return Target(first_word(text, at))
        case "$":
            return Target(line_end(text, rows_down(text, at, count - 1)))
        case "%":
            return matching(text, at)
        case "{" | "}":
            return paragraph(text, at, name == "}", count)
        case _:
            return words(text, at, name, count)


def rows_down(text: str, at: int, rows: int) -> int:
    """An offset so many lines further down, or on the last line."""
    for _ in range(rows):
        end = line_end(text, at)
        if end == len(text):
            break
        at = end + 1
    return at


def _way(command: Command, text: str, cursor: int, target: Target) -> Span:
    """What an operator works on between the cursor and a target."""
    low, high = sorted((cursor, target.at))
    if target.reach == "lines":
        return Span(low, high, True)
    if target.reach == "inclusive":
        return Span(low, min(high + 1, len(text)))
    if "\n" not in text[low:high]:
        return Span(low, high)
    if command.name in "wW" and line_end(text, low) > line_start(text, low):
        return Span(low, _before_last_break(text, low, high))
    if high == line_start(text, high):
        if low <= first_word(text, low):
            return Span(low, high - 1, True)
        high -= 1
    return Span(low, high)


def _before_last_break(text: str, low: int, high: int) -> int:
    """Where dw ends that would lead to another line: behind the last word before it."""
    end = low + len(text[low:high].rstrip())
    return (
        high
        if high == len(text) and not text[end:high].count("\n")
        else max(end, min(line_end(text, end), high))
    )

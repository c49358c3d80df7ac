"""What went along with a person's words without being said by them, in one line each."""

from ..added import Context, File, Folder, read


def attached(text: str) -> str:
    """What a part of a prompt is in one line; empty if it is what the person said."""
    match read(text):
        case None:
            return ""
        case Context(text=told):
            first, *others = told.split("\n")
            return f"{first} (and {_counted(len(others), 'line')} more)" if others else first
        case File(path=path, of=of, lines=lines):
            part = f"lines {lines[0]}-{lines[1]} of {of}" if lines else _counted(of, "line")
            return f"{path}, {part} attached"
        case Folder(path=path, body=names):
            entries = names.count("\n") + 1 if names else 0
            return f"{path}, {_counted(entries, 'entry', 'entries')} attached"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one}" if count == 1 else f"{count} {many or f'{one}s'}"

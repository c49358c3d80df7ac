"""`kedge sessions export`: a session written down whole, for people or for programs."""

import os
import platform
import pwd
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import msgspec

from ...agent.codec import decode
from ...agent.events import Event
from ...agent.ports import Store
from ...config.errors import UsageError
from ...config.replacing import create_file
from ...config.secret_finder import SecretFinder
from ...sandbox.environment import looks_secret
from ..catalogue import Catalogue
from ..chapters import Chapter, chapters
from ..saved import named
from ..surroundings import Surroundings, surroundings
from ..terminal import Out

Hide = Callable[[str], str]


def export_session(session: str, form: str, output: str, *, redact: bool) -> None:
    """Write a session down as `md`, `json` or `html`, to a new file or to stdout. By default the
    file's name says which.

    Raises:
        KedgeError: there is no such session, it is damaged, or the file cannot be made.
    """
    where = surroundings()
    form = form or form_of(output)
    text = exported(where, session, form, redact=redact)
    if output:
        write_new(where.cwd / output, text)
    else:
        out = Out(1)
        out.say(text)
        out.require_whole()


def form_of(name: str) -> str:
    """The form that a file's name asks for."""
    return _BY_NAME.get(Path(name).suffix.lower(), "md")


def exported(where: Surroundings, session: str, form: str, *, redact: bool) -> str:
    """A session written down.

    Raises:
        KedgeError: there is no such session, or it is damaged.
    """
    catalogue = Catalogue(where)
    id = named(catalogue.store, session, catalogue.names)
    return written_down(catalogue.store, id, form, where, redact=redact)


def written_down(store: Store, id: str, form: str, where: Surroundings, *, redact: bool) -> str:
    """As `exported`, from this store."""
    hide = _hiding(where) if redact else str
    lines = list(store.lines(id))
    if form == "json":
        return _json(lines, hide)
    events = filter(None, map(decode, lines))
    return _FORMS[form](id, chapters(_hidden(events, hide)))


_BY_NAME = {".md": "md", ".markdown": "md", ".json": "json", ".html": "html", ".htm": "html"}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SHORT = 3
"""A name of fewer letters would be found in other words."""


def _hiding(where: Surroundings) -> Hide:
    """Takes out what looks like a secret, e-mail addresses, and the names of this person's home
    folder, account and machine."""
    known = {name: value for name, value in where.env.items() if looks_secret(name, value)}
    finder = SecretFinder(known)
    where.teach(finder)
    home, user = where.env.get("HOME", "").rstrip("/"), _user()
    host = platform.node().partition(".")[0]
    names = [(f"{re.escape(home)}(?![\\w.-])", "~")] if home else []
    for name, instead in ((user, "user"), (host, "host")):
        if len(name) >= _SHORT and name not in ("root", "localhost"):
            names.append((rf"(?<![\w-]){re.escape(name)}(?![\w-])", instead))

    def hide(text: str) -> str:
        text = _ADDRESS.sub("(address)", finder.redact(text))
        for pattern, instead in names:
            text = re.sub(pattern, instead, text)
        return text

    return hide


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""


def _hidden(events: Iterable[Event], hide: Hide) -> Iterator[Event]:
    for event in events:
        if hide is str:
            yield event
            continue
        body = _each(msgspec.json.decode(msgspec.json.encode(event.body)), hide)
        yield msgspec.structs.replace(event, body=msgspec.convert(body, type(event.body)))


def _each(value: object, hide: Hide) -> object:
    """A value with every text in it as it may be shown."""
    match value:
        case str():
            return hide(value)
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return {key: _named(key, inner, hide) for key, inner in pairs}
        case list():
            return [_each(inner, hide) for inner in cast("list[object]", value)]
        case _:
            return value


def _named(name: str, value: object, hide: Hide) -> object:
    """The value of a name, which may say that it is secret."""
    if not isinstance(value, str):
        return _each(value, hide)
    before = f"{name}="
    after = hide(before + value)
    return after.removeprefix(before) if after.startswith(before) else hide(value)


def _json(lines: Iterable[bytes], hide: Hide) -> str:
    """The records as one array; those that this version does not know are there as well."""
    records = [msgspec.json.decode(line, type=dict[str, object]) for line in lines]
    shown = records if hide is str else [_each(record, hide) for record in records]
    return msgspec.json.format(msgspec.json.encode(shown), indent=1).decode() + "\n"


def _markdown(id: str, story: Iterable[Chapter]) -> str:
    return "\n".join([f"# Session {id}\n", *map(_section, story)])


def _section(chapter: Chapter) -> str:
    head = f"{'##' if chapter.speaks else '###'} {_one_line(chapter.title)}\n"
    if not chapter.text:
        return head
    if chapter.speaks:
        return f"{head}\n{_quoted(chapter.text.strip())}\n"
    fence = _fence(chapter.text)
    return f"{head}\n{fence}\n{chapter.text.rstrip()}\n{fence}\n"


def _quoted(text: str) -> str:
    """Somebody's words; within a quotation they cannot pass for a heading of ours."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fence(text: str) -> str:
    """More backticks than the text has in a row."""
    fence = "```"
    while fence in text:
        fence += "`"
    return fence


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
 color: #222; background: #fff }}
h2, summary {{ font-size: 1rem; font-weight: 600 }}
p, pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
pre {{ background: #f4f4f4; padding: .6rem; font-size: .85rem }}
section {{ border-top: 1px solid #ddd }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #1b1b1b }}
 pre {{ background: #262626 }} section {{ border-color: #444 }} }}
</style></head><body>
<h1>{title}</h1>
{story}
</body></html>
"""


def _html(id: str, story: Iterable[Chapter]) -> str:
    return _PAGE.format(title=_escaped(f"Session {id}"), story="\n".join(map(_block, story)))


def _block(chapter: Chapter) -> str:
    title, text = _escaped(chapter.title), _escaped(chapter.text)
    if chapter.speaks:
        return f"<section><h2>{title}</h2><p>{text}</p></section>"
    if not text:
        return f"<section><h2>{title}</h2></section>"
    return f"<section><details><summary>{title}</summary><pre>{text}</pre></details></section>"


def _escaped(text: str) -> str:
    # Here because the module brings a table of every named character.
    from html import escape

    return escape(text)


_FORMS: dict[str, Callable[[str, Iterable[Chapter]], str]] = {"md": _markdown, "html": _html}


def write_new(path: Path, text: str) -> None:
    """Make a new file, whole or not at all, for its owner only: what was said may be confidential.

    Raises:
        UsageError: there is one, or it cannot be made.
    """
    try:
        create_file(path, (text.encode(errors="replace"),))
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from error

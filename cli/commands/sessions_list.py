"""`kedge sessions list|search`: what was kept, and what was said in it.

Imports no more than it needs: `cli/main.py` comes here without Typer.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...agent.stores.summary import EVERYWHERE, Said, Summary, excerpt, terms
from ...config.errors import UsageError
from ..ages import age_of
from ..catalogue import Catalogue, around
from ..surroundings import surroundings
from ..terminal import Out, Style, fitting, harmless

SHOWN = 50
"""Sessions that a terminal is shown unless more are asked for."""

_WIDE = 100
"""Columns from which on there is room for the model."""


def list_sessions(
    cd: str = "", *, limit: int | None = None, everywhere: bool = False, as_json: bool = False
) -> None:
    """Print the sessions of a directory and its repository, or all, newest first.

    A terminal gets lines that fit, and the newest ones only; a pipe fields between tabs.
    """
    where = surroundings("/" if everywhere else cd)
    rows = Catalogue(where, _warn).summaries(EVERYWHERE if everywhere else around(where))
    rows = [row for row in rows if row.started]
    out = Out(1)
    if limit is None and out.is_terminal and not as_json:
        limit = SHOWN
    shown = rows[:limit]
    if as_json:
        out.write(b"".join(msgspec.json.encode(_plain(row)) + b"\n" for row in shown))
    elif out.is_terminal:
        now, columns = datetime.now(UTC), out.size.columns
        out.say("".join(line_of(row, now, columns, everywhere) + "\n" for row in shown))
    else:
        out.say("".join(map(_fields_of, shown)))
    out.require_whole()
    if not rows and not as_json:
        sys.stderr.write(_NONE_AT_ALL if everywhere else _NONE_HERE)
    elif len(shown) < len(rows) and out.is_terminal:
        sys.stderr.write(f"… and {len(rows) - len(shown)} more: -n {len(rows)} shows all\n")


_NONE_HERE = 'no sessions here yet: kedge -p "PROMPT" begins one, --all lists those elsewhere\n'
_NONE_AT_ALL = 'no sessions yet: kedge -p "PROMPT" begins one\n'


def _plain(row: Summary) -> dict[str, object]:
    """All fields, also those that say nothing: whoever reads them need not know the defaults."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def line_of(row: Summary, now: datetime, columns: int, everywhere: bool) -> str:
    """A session in one line that fits."""
    place = f"{Path(row.cwd).name}: " if everywhere else ""
    model = f"{row.model.rpartition('/')[2]:<18}  " if columns >= _WIDE else ""
    about = f"[{row.name}] {row.prompt}" if row.name else row.prompt
    age = age_of(datetime.fromisoformat(row.updated), now)
    words = " ".join(f"{place}{about}".split())
    line = harmless(f"{row.id}  {age:>8}  {row.status:<12}  {model}{words}")
    fits = fitting(line, columns)
    return fits if fits == line else fitting(line, columns - 2) + "…"


def _fields_of(row: Summary) -> str:
    return _tabbed(row.id, row.started, row.status, row.model, row.cwd, row.name, row.prompt)


def _tabbed(*fields: str) -> str:
    """Fields of one line; white space within is a space."""
    return "\t".join(harmless(" ".join(field.split())) for field in fields) + "\n"


def search_sessions(query: str, limit: int, cd: str, *, everywhere: bool, as_json: bool) -> None:
    """Print what was said with these words in it, best first; as lines, fields or JSON, as
    `list_sessions` does.

    Raises:
        UsageError: there are no words in the query.
    """
    looked_for = terms(query)
    if not looked_for:
        raise UsageError(f"there are no words in {query!r}", hint="say what to look for")
    where = surroundings("/" if everywhere else cd)
    meant = EVERYWHERE if everywhere else around(where)
    found = Catalogue(where, _warn).search(query, limit, meant)
    out = Out(1)
    if as_json:
        out.write(b"".join(msgspec.json.encode(one) + b"\n" for one in found))
    elif out.is_terminal:
        style, now, columns = Style.of(out, where.env), datetime.now(UTC), out.size.columns
        out.say("".join(passage(one, looked_for, style, now, columns) for one in found))
    else:
        for one in found:
            out.say(_tabbed(one.session, str(one.seq), one.ts, one.speaker,
                            excerpt(one.text, looked_for)))  # fmt: skip
    out.require_whole()
    if not found and not as_json:
        elsewhere = "" if everywhere else "; --all searches elsewhere, too"
        sys.stderr.write(f"nothing was said like that{'' if everywhere else ' here'}{elsewhere}\n")


def passage(
    one: Said, looked_for: tuple[str, ...], style: Style, now: datetime, columns: int
) -> str:
    """What was found, in two lines: whose words where, and the words with what was looked for."""
    who = {"person": "you", "model": "kedge"}[one.speaker]
    age = age_of(datetime.fromisoformat(one.ts), now)
    words = fitting(harmless(excerpt(one.text, looked_for, columns - 4)), columns - 2)
    shown = _pattern(looked_for).sub(lambda hit: style.strong(hit[0]), words)
    head = harmless(f"{one.session}  {age:>8}  record {one.seq}, {who}")
    return f"{style.dim(head)}\n  {shown}\n"


def _pattern(looked_for: tuple[str, ...]) -> re.Pattern[str]:
    """The terms as they may stand in a text."""
    found = (
        r"\W+".join(map(re.escape, words)) + (r"\w*" if term.endswith("*") else "")
        for term in looked_for
        if (words := re.findall(r"\w+", term))
    )
    return re.compile("|".join(found), re.IGNORECASE)


def _warn(words: str) -> None:
    sys.stderr.write(harmless(f"kedge: {words}\n"))

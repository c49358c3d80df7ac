"""`kedge trust`: what a project's configuration would do, and whether it may."""

import os
import sys

import msgspec

from ...config.brought import Brought
from ...config.errors import KedgeError, UsageError
from ...config.narrowing import find
from ...config.trust import FILE, Changed, Trust, Trusted
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, Style, harmless
from .memory import instructions_here, trust_instructions
from .settings import load_for_commands

LIMITS = (
    "It would run with your rights, outside the sandbox. Programs are shown as far as the "
    "configuration names them; what they load in turn is not."
)


class _Row(msgspec.Struct):
    folder: str
    when: str
    hash: str


def trust_folder(cd: str, *, yes: bool) -> int:
    """Show what the project brings, and trust it if the person agrees; 1 if they do not.

    Raises:
        KedgeError: the configuration is wrong, or nobody can be asked.
    """
    where = surroundings(cd)
    loaded = load_for_commands(where)
    if loaded.unusable is not None:
        raise loaded.unusable
    brings = loaded.brought
    if brings is None:
        return trust_instructions(where, lambda: yes or _agreed())
    if isinstance(brings.standing, Trusted):
        when = brings.standing.when.isoformat(" ", "seconds")
        sys.stdout.write(f"{harmless(str(brings.root))} is trusted since {when}.\n")
        return 0
    _show(brings, where)
    if not (yes or _agreed()):
        sys.stderr.write("kedge: not trusted; it stays ignored\n")
        return 1
    try:
        _trust(where).accept(brings.root, brings.parts)
    except OSError as error:
        raise KedgeError(f"cannot keep your trust: {error}") from error
    sys.stdout.write("Trusted, as long as nothing of it changes.\n")
    return 0


def list_trusted(*, as_json: bool) -> None:
    """Print the folders that are trusted.

    Raises:
        KedgeError: the list is damaged.
    """
    for folder, accepted in _trust(surroundings()).all().items():
        row = _Row(folder, accepted.when.isoformat(), accepted.hash)
        if as_json:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        else:
            when = accepted.when.isoformat(" ", "seconds")
            sys.stdout.write(f"{when}  {row.hash[:12]}  {harmless(folder)}\n")


def revoke_trust(folder: str, *, everything: bool) -> None:
    """Forget a folder, the project of the working directory if none is named, or all.

    Raises:
        KedgeError: it was not trusted, or the list is damaged.
    """
    if folder and everything:
        raise UsageError("a folder and --all", hint="give one of them")
    where = surroundings()
    named = None if everything else _named(folder, where)
    try:
        gone = _trust(where).revoke(named)
    except OSError as error:
        raise KedgeError(f"cannot change the list: {error}") from error
    if named is not None and not gone:
        raise KedgeError(f"{named!r} is not trusted", hint="kedge trust list shows what is")
    for name in gone:
        sys.stdout.write(f"no longer trusted: {harmless(name)}\n")


def _named(folder: str, where: Surroundings) -> str:
    if folder:
        return os.path.realpath(folder)
    file = find(where.cwd)
    return os.path.realpath(file.parent.parent if file else where.cwd)


def _trust(where: Surroundings) -> Trust:
    return Trust(where.home.data_dir / FILE)


def _show(brings: Brought, where: Surroundings) -> None:
    style = Style.of(Out(1), where.env)
    root = harmless(str(brings.root))
    if isinstance(brings.standing, Changed):
        sys.stdout.write(f"{style.strong(root)} changed since you trusted it:\n\n")
        for line in brings.standing.diff.splitlines():
            sys.stdout.write(_coloured(harmless(line), style) + "\n")
    else:
        sys.stdout.write(f"{style.strong(root)} wants:\n\n")
        for line in brings.parts.splitlines():
            sys.stdout.write(f"  {harmless(line)}\n")
    names = ", ".join(instructions_here(where).unread)
    also = f"Its instruction files{f' ({names})' if names else ''} and its commands for / would be"
    sys.stdout.write(f"\n{LIMITS}\n{harmless(also)} followed, too, also when they change.\n")
    sys.stdout.flush()


def _coloured(line: str, style: Style) -> str:
    if line.startswith("+"):
        return style.good(line)
    return style.bad(line) if line.startswith("-") else line


def _agreed() -> bool:
    """The person's answer.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "there is no terminal to ask on", hint="look at the above, then: kedge trust --yes"
        )
    sys.stderr.write("Trust it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")

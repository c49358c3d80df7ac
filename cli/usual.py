"""Words that the command lines of other agents begin with: done where kedge has it, else answered
with what to use. None of them alone is ever a prompt, which would cost money and help nobody."""

from collections.abc import Sequence

from ..config.errors import UsageError

_INSTEAD = {
    **dict.fromkeys(
        ("auth", "setup-token"),
        "kedge login keeps a provider's key, and lists which there are; kedge logout forgets one",
    ),
    "doctor": "kedge sessions doctor looks at sessions, kedge sandbox check at the sandbox; "
    "/doctor in a session at everything",
    "mcp": "kedge speaks no MCP; its tools are its own, and Python functions (docs/python-api.md)",
    **dict.fromkeys(
        ("status", "usage", "cost", "stats", "agents", "init", "plan", "theme"),
        "in a session, / shows what there is; kedge sessions list, kedge why and kedge audit "
        "speak of earlier ones",
    ),
    "review": 'git diff | kedge -p "review this"',
    **dict.fromkeys(
        ("update", "upgrade", "install", "uninstall"),
        "kedge does not change itself: use what it was installed with, such as pip",
    ),
}
"""What is said in one line, by word."""


def meant(arguments: Sequence[str]) -> list[str]:
    """A command line that begins with one of these words (see `options.USUAL`), as kedge has it.

    Raises:
        UsageError: it has nothing like it; the hint says what to use.
    """
    word, *rest = arguments
    match word:
        case "help":
            return [*rest, "--help"]
        case "version":
            return ["--version"]
        case "exec" | "run":
            return ["--print", *rest]
        case "chat":
            return rest
        case "auth" if rest and rest[0] in ("login", "logout"):
            return rest
        case "continue":
            return ["--continue", *rest]
        case "resume" if rest and not rest[0].startswith("-"):
            return [f"--resume={rest[0]}", *rest[1:]]
        case "resume":
            return ["--resume=", *rest]
        case _:
            hint = f"{_INSTEAD[word]}; to say just that word: kedge -- {word}"
            raise UsageError(f"kedge has no command {word!r}", hint=hint)

"""What a session that goes on finds other than it was: said once, where it is opened again."""

from collections.abc import Sequence

from .events import Notice, SessionStarted, ToolSpec


def changes(
    before: SessionStarted,
    now: SessionStarted,
    tools: Sequence[ToolSpec],
    first: SessionStarted | None = None,
) -> list[Notice]:
    """A notice of each thing that matters to the conversation; `tools` are those of now, and
    `first` is the start that the conversation began with, if it is not the one `before`."""
    first = first or before
    notices = [Notice("tools_changed", words)] if (words := _tools(before.tools, tools)) else []
    notices += (
        Notice(f"{what}_changed", f"the {what} was {was}, it is {is_now}")
        for what, was, is_now in (
            ("model", before.model, now.model),
            ("mode", before.mode, now.mode),
            ("sandbox", before.sandbox, now.sandbox),
            ("directory", before.cwd, now.cwd),
        )
        if was != is_now
    )
    goes_on = "the session goes on with what it began with"
    if first.system != now.system:
        notices.append(Notice("system_changed", f"the system text is another by now; {goes_on}"))
    if first.instructions != now.instructions and first.cwd == now.cwd:
        notices.append(Notice("instructions_changed", f"the instruction files changed; {goes_on}"))
    return notices


def _tools(before: Sequence[ToolSpec], now: Sequence[ToolSpec]) -> str:
    """What is another in the set of tools, in words; empty if nothing is."""
    then = {tool.name: tool.version for tool in before}
    here = {tool.name: tool.version for tool in now}
    other = [name for name, version in here.items() if then.get(name, version) != version]
    parts = (
        ("gone", [name for name in then if name not in here]),
        ("new", [name for name in here if name not in then]),
        ("described in other words", other),
    )
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    return f"the set of tools is not what it was before ({said})" if said else ""

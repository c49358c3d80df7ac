"""What a session that goes on finds other than it was: said once, where it is opened again."""

from collections.abc import Sequence

from .events import Notice, SessionStarted, ToolSpec


def changes(before: SessionStarted, now: SessionStarted, tools: Sequence[ToolSpec]) -> list[Notice]:
    """A notice of each thing that matters to the conversation; `tools` are those of now."""
    notices = [Notice("tools_changed", words)] if (words := _tools(before.tools, tools)) else []
    notices += (
        Notice(f"{what}_changed", f"the {what} was {was}, it is {is_now}")
        for what, was, is_now in (
            ("model", before.model, now.model),
            ("mode", before.mode, now.mode),
            ("directory", before.cwd, now.cwd),
        )
        if was != is_now
    )
    if before.instructions != now.instructions and before.cwd == now.cwd:
        text = "the instruction files changed; the session goes on with those it began with"
        notices.append(Notice("instructions_changed", text))
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

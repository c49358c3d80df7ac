"""How much of a screen a question may take: its answers stay in sight, and what was said last."""

from typing import Final

from textual.widget import Widget

CRAMPED: Final = 18
"""Rows of a screen from which on there is room for more than the necessary."""
_SHARE: Final = 0.35
"""Of the screen, that what is asked takes unless it is opened."""
_KEPT: Final = 3
"""Rows of the transcript that are kept."""


def rows_for(body: Widget, sheet: Widget, panel: Widget, *, whole: bool) -> int:
    """Rows that the body of a sheet in a panel may take, as far as all else is laid out; `whole`:
    as many as there are."""
    height = panel.screen.size.height
    kept = 1 if height < CRAMPED or whole else _KEPT
    beside = (one for one in panel.siblings if one.display and not _gives_way(one))
    around = (
        one
        for one in (*panel.children, *sheet.children)
        if one not in (sheet, body) and one.display
    )
    border = panel.outer_size.height - panel.content_size.height
    taken = sum(one.outer_size.height for one in (*beside, *around)) + border
    room = height - kept - taken
    return max(1, room if whole else min(room, round(height * _SHARE)))


def _gives_way(widget: Widget) -> bool:
    """Whether it takes what others leave."""
    return widget.styles.height is not None and widget.styles.height.is_fraction

"""The rows that are printed, and how they are made of samples."""

from collections.abc import Sequence

from measure import median
from msgspec import Struct

HEADINGS = ("what", "kedge", "floor", "ratio", "to reach", "")


class Unit(Struct, frozen=True):
    """How numbers of one kind are printed."""

    name: str
    scale: float = 1.0
    """What the number is multiplied with before it is printed."""
    digits: int = 1

    def show(self, value: float) -> str:
        """The number with its unit."""
        return f"{value * self.scale:,.{self.digits}f} {self.name}".rstrip()


MS = Unit("ms", 1000.0)
SECONDS = Unit("s", digits=2)
MB = Unit("MB", 1e-6)
TOKENS = Unit("tokens", digits=0)


class Row(Struct, frozen=True):
    """One figure."""

    what: str
    kedge: str
    floor: str = ""
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None
    """None where nothing was promised."""
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """What stands under the headings."""
        verdict = {None: "", True: "reached", False: "MISSED"}[self.reached]
        return (self.what, self.kedge, self.floor, self.ratio, self.goal, verdict)


def against(
    what: str,
    kedge: Sequence[float],
    floor: Sequence[float],
    unit: Unit,
    *,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """kedge's median beside the floor's; `at_most` is the ratio to reach."""
    ours, theirs = median(kedge), median(floor)
    ratio = ours / theirs
    return Row(
        what,
        unit.show(ours),
        unit.show(theirs),
        f"{ratio:.2f}",
        "" if at_most is None else f"≤ {at_most:g} ×",
        None if at_most is None else ratio <= at_most,
        note,
    )


def within(
    what: str,
    kedge: Sequence[float],
    unit: Unit,
    at_most: float,
    *,
    floor: Sequence[float] = (),
    note: str = "",
) -> Row:
    """kedge's median against a bound, which has the unit of the samples."""
    ours = median(kedge)
    return Row(
        what,
        unit.show(ours),
        unit.show(median(floor)) if floor else "",
        f"{ours / median(floor):.2f}" if floor else "",
        f"≤ {unit.show(at_most)}",
        ours <= at_most,
        note,
    )


def layout(rows: Sequence[Row]) -> list[str]:
    """The lines of a table, notes under their rows."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [_line(HEADINGS, widths), "  ".join("-" * width for width in widths).rstrip()]
    for row in rows:
        lines.append(_line(row.cells(), widths))
        if row.note:
            lines.append(f"    {row.note}")
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, verdict = (
        cell.ljust(width) if at in (0, len(widths) - 1) else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((first, *numbers, verdict)).rstrip()

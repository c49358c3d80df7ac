"""The models that can answer, what they take and cost, and which keys are missing."""

from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from typing import Final

from ....config.models import ModelProfile
from ....config.settings import Effort
from ...commands.models import ProviderRow, price_of, state_of
from ..pages.efforts import EFFORT_WORDS
from ..pages.page import Tone
from .picker import Act, Item, Picker

_EFFORTS: Final[tuple[Effort, ...]] = ("", "low", "medium", "high", "xhigh", "max")


class ModelPicker(Picker[str]):
    """Gives `provider/model`; `effort` says how hard it is to think."""

    ROOM = 2

    def __init__(
        self,
        rows: Sequence[ProviderRow],
        model: str,
        effort: Effort,
        later: AsyncIterable[ProviderRow] | None = None,
    ) -> None:
        """`model` and `effort` are those that answer now; `later` are providers that take time to
        be looked at."""
        self._later = later
        self.effort: Effort = effort
        self.now = False
        """Whether it was taken only until the person leaves."""
        acts = (
            Act[str]("ctrl+t", "effort", self._harder),
            Act[str]("ctrl+g", "only for now", self._for_now),
        )
        items = list(_items(rows))
        if model and all(one.value != model for one in items):
            items.insert(0, Item(model, model, "answers now", "answers now"))
        super().__init__("models", items, acts=acts, chosen=model)

    def on_mount(self) -> None:
        """Look at the others, too."""
        if self._later is not None:
            self.begin(self._add(self._later))

    async def _add(self, later: AsyncIterable[ProviderRow]) -> None:
        """First those that can be used, else last."""
        async for row in later:
            more = list(_of(row))
            new = {item.value for item in more}
            known = [item for item in self.items if item.value not in new]
            self.replace([*more, *known] if _is_usable(row) else [*known, *more])

    async def _for_now(self, item: Item[str]) -> str:
        self.now = True
        self.take(item)
        return ""

    async def _harder(self, item: Item[str]) -> str:
        self.effort = _EFFORTS[(_place(self.effort) + 1) % len(_EFFORTS)]
        self.show_preview()
        return ""

    def preview(self, item: Item[str]) -> str:
        """What is known of it, and how hard it will think."""
        effort = self.effort or EFFORT_WORDS[""]
        return f"{item.words}\neffort: {effort}"


def _place(effort: Effort) -> int:
    return _EFFORTS.index(effort) if effort in _EFFORTS else 0


def _items(rows: Iterable[ProviderRow]) -> Iterator[Item[str]]:
    usable = [row for row in rows if _is_usable(row)]
    yield from (item for row in usable for item in _of(row))
    yield from (item for row in rows if row not in usable for item in _of(row))


def _is_usable(row: ProviderRow) -> bool:
    if row.running is not None:
        return row.running
    return row.key != "missing" and not row.unset_variables


def _can_be_asked(row: ProviderRow) -> bool:
    """Whether all that it needs is one thing that a person can type."""
    if row.running is not None:
        return True
    return bool(row.key_variables) and not row.sign_in_variables and not row.unset_variables


def _of(row: ProviderRow) -> Iterator[Item[str]]:
    usable, dead = _is_usable(row), not (_is_usable(row) or _can_be_asked(row))
    tone: Tone = "" if usable or dead else "dim"
    if not row.models:
        words = f"{_about(row)}; {_asks(row)}"
        yield Item(f"{row.provider}/", f"{row.provider}/…", _missing(row), words, tone, dead=dead)
    for model in row.models:
        name = f"{row.provider}/{model.name}"
        words = f"{row.title}, {_about(row)}; {price_of(model)}"
        words += "" if usable or dead else f"\n{_asks(row)}"
        note = f"{_window(model):>5}  {_price(model)}" if usable else _missing(row)
        yield Item(name, name, note, words, tone, dead=dead)


def _about(row: ProviderRow) -> str:
    local = "local, needs no key, " if row.running is not None else ""
    return f"{local}{state_of(row)}"


def _asks(row: ProviderRow) -> str:
    if row.running is not None:
        return "start it and press Enter, or press Enter and say where it listens"
    return "Enter asks for the key"


def _window(model: ModelProfile) -> str:
    thousands = model.context_window // 1000
    return f"{thousands}k" if thousands < 1000 else f"{thousands / 1000:g}M"


def _price(model: ModelProfile) -> str:
    """In and out; what for is said of the one that is chosen."""
    return (
        f"${model.prices.input:g} / ${model.prices.output:g}" if model.prices else "price unknown"
    )


def _missing(row: ProviderRow) -> str:
    """In few words what keeps a provider from being used."""
    if row.running is not None:
        return "not running here"
    if _can_be_asked(row):
        return "needs a key"
    wanted = row.key_variables if row.key == "missing" else ()
    groups = (wanted or row.sign_in_variables, *row.unset_variables)
    return f"set {next((group[0] for group in groups if group), 'its key')}"

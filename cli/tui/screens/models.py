"""The models that can answer, what they take and cost, and which keys are missing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ....config.settings import Effort
from ...commands.models import ProviderRow, price_of, state_of
from .picker import Act, Item, Picker

_EFFORTS: Final[tuple[Effort, ...]] = ("", "low", "medium", "high", "xhigh", "max")


class ModelPicker(Picker[str]):
    """Gives `provider/model`; `effort` says how hard it is to think."""

    TAKE = "Enter lets it answer"

    def __init__(self, rows: Sequence[ProviderRow], model: str, effort: Effort) -> None:
        """`model` and `effort` are those that answer now."""
        self.effort: Effort = effort
        acts = (Act[str]("ctrl+t", "effort", self._harder),)
        super().__init__("models", _items(rows), acts=acts, chosen=model)

    def add(self, rows: Iterable[ProviderRow]) -> None:
        """Show these providers, too, first."""
        self.replace([*_items(rows), *self.items])

    async def _harder(self, item: Item[str]) -> str:
        self.effort = _EFFORTS[(_place(self.effort) + 1) % len(_EFFORTS)]
        self.show_preview()
        return ""

    def preview(self, item: Item[str]) -> str:
        """What is known of it, and how hard it will think."""
        effort = self.effort or "as the provider has it"
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


def _of(row: ProviderRow) -> Iterator[Item[str]]:
    state, dead = state_of(row), not _is_usable(row)
    if not row.models:
        yield Item(f"{row.provider}/", f"{row.provider}/…", _missing(row), state, dead=True)
    for model in row.models:
        window = f"{model.context_window // 1000}k"
        about = f"{row.title}: {state}"
        note = _missing(row) if dead else f"{window:>6}  {price_of(model)}"
        yield Item(f"{row.provider}/{model.name}", f"{row.provider}/{model.name}", note, about,
                   dead=dead)  # fmt: skip


def _missing(row: ProviderRow) -> str:
    """In few words what keeps a provider from being used."""
    if row.running is not None:
        return "not running"
    wanted = row.key_variables if row.key == "missing" else ()
    groups = (wanted or row.sign_in_variables, *row.unset_variables)
    return f"set {next((group[0] for group in groups if group), 'its key')}"

"""Which model is to answer, for who has none."""

from ..pages.models import Offer
from .picker import Item, Picker


class SetupScreen(Picker[Offer]):
    """Gives who is to answer."""

    ROOM = 4

    def __init__(self, offers: list[Offer]) -> None:
        items = [Item(one, one.title, _note(one), _words(one)) for one in offers]
        keyless = any(one.variable for one in offers)
        title = f"which model is to answer?{' there is no key yet' if keyless else ''}"
        # What is here but does not run stands in sight, and is not what Enter takes unread.
        ready = (one for one in offers if one.model and not one.silent)
        super().__init__(title, items, chosen=next(ready, None))

    def preview(self, item: Item[Offer]) -> str:
        """What is to be done for it."""
        offer = item.value
        if not offer.model:
            return (
                "Enter asks for the base URL of a server that speaks OpenAI's Chat Completions,\n"
                "then for a model, and whether it wants a key."
            )
        if offer.silent:
            return (
                f"Start {offer.title} on this machine and press Enter, or press Enter and say "
                "where it listens.\nIt needs no key."
            )
        if not offer.variable:
            return f"{offer.model} runs on this machine: Enter, and it answers."
        where = f"\nGet a key at {offer.page}" if offer.page else ""
        return (
            f"{offer.model}{where}\n"
            "Enter asks for the key, and whether kedge is to keep it.\n"
            f"Or put  export {offer.variable}=…  into your shell's profile."
        )


def _words(offer: Offer) -> str:
    """What people look for by other words than those that are shown."""
    if not offer.model:
        return "openai compatible custom endpoint gateway proxy"
    return offer.model if offer.variable else f"{offer.model} local server, needs no key"


def _note(offer: Offer) -> str:
    if offer.variable or not offer.model:
        return offer.variable
    return "not running here" if offer.silent else "no key needed"

"""How many there are, in words that fit."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: `1 prompt`, `1,204 prompts`; the plural where it is no mere s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def percent(part: int, whole: int) -> str:
    """A share; what is there is never none: `<1%`."""
    share = part / whole
    return "<1%" if 0 < share < 0.01 else f"{share:.0%}"

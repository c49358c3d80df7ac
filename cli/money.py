"""What something cost, in words."""


def dollars(
    usd: float | None, *, estimated: bool = False, digits: int = 4, unknown: str = "cost unknown"
) -> str:
    """US dollars: `$0.0123`, `~$0.0123` where a part is estimated; `unknown` where no price is."""
    return unknown if usd is None else f"{'~' if estimated else ''}${usd:.{digits}f}"

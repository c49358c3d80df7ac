"""A compaction in words: what it did to the length, and what its summary says."""

import re

from ..agent.events import Compacted

_SUMMARY = re.compile(r"<summary>\n(.*?)\n</summary>", re.DOTALL)


def undone(compacted: Compacted) -> bool:
    """Whether it takes another one back."""
    return compacted.trigger == "undo"


def told(compacted: Compacted) -> str:
    """What happened, in one line."""
    if undone(compacted):
        what = "a compaction was undone"
    elif not compacted.upto:
        what = "old output was left out"
    elif compacted.trigger == "overflow":
        what = "the model found the conversation too long; it was summarised"
    else:
        what = "the conversation was summarised"
    if not compacted.tokens_before:
        return what
    return f"{what}: ~{compacted.tokens_before:,} → ~{compacted.tokens_after:,} tokens"


def summary_of(compacted: Compacted) -> str:
    """The model's own words in what stands in for the conversation; empty where it wrote none."""
    found = _SUMMARY.search(compacted.summary)
    return found[1] if found and not undone(compacted) else ""

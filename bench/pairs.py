"""A byte-pair tokenizer, trained here: something that counts tokens as models do.

It is no model's own: their vocabularies are not on this machine. It learns from Python's library
(English documentation and code), so it tells of the way in which tokenizers count, not of one of
them. For what it never saw, such as Chinese, it falls back to bytes, as all of its kind do.
"""

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_WORD = re.compile(r" ?[A-Za-z]+| ?\d{1,3}| ?[^\sA-Za-z\d]+|\s+")
"""Pieces that no token crosses, as in GPT's tokenizers."""

Pair = tuple[int, int]


class Pairs:
    """Counts the tokens of a text."""

    def __init__(self, texts: Iterable[str], merges: int = 6_000) -> None:
        """Learn so many merges from the texts."""
        counts = Counter(piece for text in texts for piece in _WORD.findall(text))
        self._ranks = _learned(counts, merges)
        self._known: dict[str, int] = {}

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return sum(self._length(piece) for piece in _WORD.findall(text))

    def _length(self, piece: str) -> int:
        if piece not in self._known:
            symbols = list(piece.encode("utf-8", "surrogatepass"))
            while len(symbols) > 1:
                pairs = zip(symbols, symbols[1:], strict=False)
                best = min(pairs, key=lambda pair: self._ranks.get(pair, 1 << 30))
                if best not in self._ranks:
                    break
                symbols = _merged(symbols, best, 256 + self._ranks[best])
            self._known[piece] = len(symbols)
        return self._known[piece]


def _learned(counts: Counter[str], merges: int) -> dict[Pair, int]:
    """The most frequent pair becomes a symbol, over and over (Sennrich et al., 2016)."""
    words = [(list(piece.encode()), count) for piece, count in counts.items()]
    sums: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, (symbols, count) in enumerate(words):
        for pair in zip(symbols, symbols[1:], strict=False):
            sums[pair] += count
            places[pair].add(place)
    heap = [(-count, pair) for pair, count in sums.items()]
    heapq.heapify(heap)
    ranks: dict[Pair, int] = {}
    while heap and len(ranks) < merges:
        count, pair = heapq.heappop(heap)
        if pair in ranks or sums[pair] != -count:
            continue  # it was counted anew since
        ranks[pair] = len(ranks)
        changed: set[Pair] = set()
        for place in places.pop(pair):
            symbols, times = words[place]
            after = _merged(symbols, pair, 255 + len(ranks))
            for sign, parts in ((-1, symbols), (1, after)):
                for one in zip(parts, parts[1:], strict=False):
                    sums[one] += sign * times
                    changed.add(one)
                    if sign > 0:
                        places[one].add(place)
            words[place] = (after, times)
        for one in changed:
            heapq.heappush(heap, (-sums[one], one))
    return ranks


def _merged(symbols: list[int], pair: Pair, new: int) -> list[int]:
    merged: list[int] = []
    place = 0
    while place < len(symbols):
        if tuple(symbols[place : place + 2]) == pair:
            merged.append(new)
            place += 2
        else:
            merged.append(symbols[place])
            place += 1
    return merged

"""How far the estimated length of a request is from what the model counts. Part of `context.py`.

Conversations of one kind of content each, and mixed ones, grow answer by answer. Before every
request our estimate is compared with the count of a byte-pair tokenizer (`pairs.py`): once as it is
before the model has counted anything, once corrected by the count that it reported last.
"""

import base64
import json
import os
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from statistics import median

from msgspec import Struct, structs
from pairs import Pairs

from kedge.agent.context import estimated_tokens
from kedge.agent.events import Body, Event, MessageAdded, SessionStarted, TurnStarted
from kedge.agent.messages import Text, Usage
from kedge.agent.transcript import CHARACTERS_PER_TOKEN, Transcript

_STEPS = 12
_EACH = 6_000
"""Characters of one answer."""
_SEEDS = 5


class Errors(Struct, frozen=True):
    """Of one kind of content: shares of the true length."""

    before: float
    """Median, by the rule of thumb."""
    after: float
    """Median, corrected."""
    worst: float
    """The largest, corrected."""


def errors() -> Iterator[tuple[str, Errors]]:
    """By kind of content."""
    for kind in (*_contents(), "mixed"):
        told = [one for seed in range(_SEEDS) for one in _conversation(kind, random.Random(seed))]
        before, after = ([abs(one[which]) for one in told] for which in (0, 1))
        yield kind, Errors(median(before), median(after), max(after))


def _conversation(kind: str, chance: random.Random) -> Iterator[tuple[float, float]]:
    """The errors before each request but the first, without and with correction."""
    tokens = tokenizer()
    system = _some(_contents()["prose"], chance)
    started = SessionStarted(
        cwd="/w", git_head=None, kedge_version="", config_version="", experiment_arm=None,
        policy_hash="", sandbox="", mode="full", model="", system=system, environment="", tools=(),
    )  # fmt: skip
    rough, known = Transcript(), Transcript()
    exact = tokens.count(system) + tokens.count("Go on.")
    seq = 0

    def fold(body: Body, transcript: Transcript) -> None:
        transcript.add(Event(seq, "s", ("main",), 1, "", body))

    for transcript in (rough, known):
        fold(started, transcript)
        fold(TurnStarted((Text("Go on."),)), transcript)
    for _ in range(_STEPS):
        seq += 1
        which = chance.choice(list(_contents())) if kind == "mixed" else kind
        text = _some(_contents()[which], chance)
        said = MessageAdded("assistant", (Text(text),))
        fold(said, rough)
        fold(structs.replace(said, usage=Usage(exact)), known)
        exact += tokens.count(text)
        guesses = estimated_tokens(rough), estimated_tokens(known)
        yield (guesses[0] - exact) / exact, (guesses[1] - exact) / exact


def _some(text: str, chance: random.Random) -> str:
    start = chance.randrange(max(1, len(text) - _EACH))
    return text[start : start + _EACH]


@cache
def tokenizer() -> Pairs:
    """Trained on the half of the texts that is not measured."""
    files = _library()[::12]
    return Pairs([*_prose()[::2], *(file.read_text("utf-8") for file in files)])


def _prose() -> list[str]:
    return [topics[name] for name in sorted(topics)]


def _library() -> list[Path]:
    return sorted(Path(os.__file__).parent.glob("*.py"))


@cache
def _contents() -> Mapping[str, str]:
    """Texts that no tokenizer was trained on, by kind."""
    chance = random.Random(0)
    rows = [
        {"id": chance.randrange(10**9), "name": f"user{chance.randrange(999)}", "ok": True,
         "at": f"2026-01-{chance.randrange(1, 28):02}T10:00:00Z", "score": chance.random()}
        for _ in range(600)
    ]  # fmt: skip
    common = [chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(1500)]
    return {
        "prose": "\n".join(_prose()[1::2]),
        "code": "\n".join(file.read_text("utf-8") for file in _library()[6::12]),
        "JSON": json.dumps(rows, indent=1),
        "Chinese": "".join(chance.choices([*common, "，", "。"], k=30_000)),
        "base64": base64.b64encode(chance.randbytes(40_000)).decode(),
    }


def main() -> None:
    """Print the table."""
    print(f"rule of thumb: {CHARACTERS_PER_TOKEN:g} UTF-8 bytes a token")
    print(f"{'estimated length':<18}{'rule of thumb':>14}{'corrected':>11}{'worst':>8}")
    for kind, one in errors():
        print(f"{kind:<18}{one.before:>14.1%}{one.after:>11.1%}{one.worst:>8.1%}")


if __name__ == "__main__":
    main()
